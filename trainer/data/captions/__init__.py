"""Captions from templates, files and overrides, and what is wrong with them."""
