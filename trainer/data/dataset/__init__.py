"""Datasets on disk: building, reading, the manifest."""
