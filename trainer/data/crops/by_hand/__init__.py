"""Crops that the user drew: how they are stored, and where they lie in the pictures."""
