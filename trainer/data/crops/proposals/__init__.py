"""Proposing crops: bodies in rows, framings laid on them."""
