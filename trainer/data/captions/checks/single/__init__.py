"""Checks that look at one caption alone."""
