"""The table about crops in docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Results = Mapping[str, Mapping[str, Any]]

_ROWS = (
    ("crops.seconds_per_picture", "making all crops of a picture"),
    ("crops.scan_seconds_per_picture", "scanning it"),
    ("crops.thumbnail_seconds", "a small copy for the editor, in one thread"),
)


def crops(results: Results) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Seconds a picture, ours and plain Pillow's in one thread, with the ratio in brackets."""
    rows = []
    for name, title in _ROWS:
        if name not in results:
            continue
        entry = results[name]
        cells = [
            f"{_seconds(entry['baseline'][rival])} ({entry['ratio'][rival]:.2f})"
            if rival in entry["baseline"]
            else ""
            for rival in ("pillow_one_thread", "pillow_one_thread_same_zip")
        ]
        setup = entry["setup"]
        again = setup.get("again_seconds_per_picture", setup.get("kept_seconds"))
        rows.append(
            [title, _seconds(entry["value"]), *cells, "" if again is None else f"{again:g}"]
        )
    head = ["s a picture", "ours", "plain Pillow", "the same, PNG packed as ours", "ours again"]
    return head, rows


def _seconds(value: float) -> str:
    return f"{value:.3g}"
