"""The command line: python -m trainer."""
