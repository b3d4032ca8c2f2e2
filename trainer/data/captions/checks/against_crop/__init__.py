"""Checks of what a caption says about its own crop: framing, view and ratio."""
