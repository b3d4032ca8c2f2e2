"""What a dataset is like before it is trained on: measured, counted, and said in sentences."""
