"""Checks of captions; `checking.check_captions` runs them all."""
