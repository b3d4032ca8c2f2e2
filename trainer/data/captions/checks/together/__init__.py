"""Checks that look at all captions of a dataset together."""
