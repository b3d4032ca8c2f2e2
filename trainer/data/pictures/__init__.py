"""Training pictures: found, checked, cropped to buckets and drawn for a person to look at."""
