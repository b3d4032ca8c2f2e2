"""The one error that `tasks.py` shows to a person."""

from __future__ import annotations


class TaskError(Exception):
    """Something a person can act on: the message says what failed and what to do."""
