"""One step: which items, their noise, forward and backward."""
