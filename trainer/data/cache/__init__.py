"""Encoded pictures and captions, named after their content."""
