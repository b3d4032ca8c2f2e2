"""The weights of a loaded MODEL, lent to the trainer."""
