"""The table about the chart, made from bench/results.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def frames(results: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Milliseconds a frame, decimated and not."""
    rows = []
    prefix = "chart.frame_ms."
    for name, entry in results.items():
        if not name.startswith(prefix):
            continue
        setup = entry["setup"]
        title = f"{setup['series']} curves of {int(name.removeprefix(prefix)):,} points"
        rows.append([
            title,
            f"{entry['value']:.2g}",
            f"{setup['slow_frame_ms']:.2g}",
            f"{setup['whole_run_ms']:.2g}",
            f"{entry['baseline']['undecimated']:.0f}",
            f"{entry['ratio']['undecimated']:.3f}",
        ])  # fmt: skip
    head = [
        "ms a frame, moving and zooming", "median", "95 of 100 below", "all in view",
        "every point drawn", "ratio",
    ]  # fmt: skip
    return head, rows
