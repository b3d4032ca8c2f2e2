"""The memory plan: what a training step will take and how it is best run, from shapes alone."""
