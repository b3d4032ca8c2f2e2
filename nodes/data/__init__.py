"""Nodes from pictures to a cached dataset."""
