"""Why a training node that ComfyUI would skip, because its inputs are the same, runs again.

ComfyUI keeps what a node gave and does not run it again while its inputs stay as they are. A run
that was stopped and is to go on, and one that was deleted, have the same inputs and need it all
the same. ComfyUI's memory ends with its process, and so may this one.
"""

from __future__ import annotations

import threading
from collections import Counter

_asked: Counter[str] = Counter()
_lock = threading.Lock()


def run_again_when_queued(run_name: str) -> None:
    """Have the training node of a run work when its graph is queued next."""
    with _lock:
        _asked[run_name] += 1


def times_asked(run_name: str) -> int:
    """A number that changes when the run is to be worked on again."""
    with _lock:
        return _asked[run_name.strip()]
