"""Outlines: which pixels of a picture belong to its subjects."""
