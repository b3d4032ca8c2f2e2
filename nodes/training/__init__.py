"""Nodes of the training itself: its settings, its plan, the run."""
