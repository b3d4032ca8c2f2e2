"""The committed result of the chart: drawn at once, and far quicker than every point."""

from __future__ import annotations

import json

from bench.charting.tables import frames
from bench.tables import RESULTS

NAME = "chart.frame_ms.100000"


def test_long_runs_are_drawn_at_once() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    entry = results[NAME]

    assert entry["unit"] == "ms"
    assert entry["value"] < 8
    assert set(entry["ratio"]) == {"undecimated"}
    assert entry["ratio"]["undecimated"] < 0.1
    assert entry["setup"]["frames"] >= 60
    assert len(frames(results)[1]) == 1
