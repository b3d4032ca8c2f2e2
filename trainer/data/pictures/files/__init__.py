"""Work on many picture files: all cores at once, what was seen before, small copies to show."""
