"""How long the dashboard's chart takes to draw a frame of a long run, in a real browser.

`python -m bench.chart --quick` runs it with few points and frames and prints the results.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.interleaved import ROOT
from bench.step import entry
from dev.installing.browser_tools import find_node, prepare_browser, prepare_node_packages

POINTS, FRAMES, PLAIN_FRAMES = 100_000, 120, 12
WIDTH, HEIGHT = 1200, 480
SERIES = 4
SCRIPT = Path(__file__).parent / "charting" / "measure.mjs"
NOTE = (
    "each of the curves has that many points; a frame is the whole chart drawn anew and read back "
    "from the canvas, so that its pixels are there; the view moves and zooms between a fifth of "
    "the run and all of it; undecimated draws a line to every point in view, in some of the same "
    "frames right after ours; no graphics card"
)

Entry = dict[str, Any]


def main() -> dict[str, Entry]:
    """Measure it; results in the form of bench/results.json."""
    return measure(POINTS, FRAMES, PLAIN_FRAMES)


def measure(points: int, frames: int, plain_frames: int) -> dict[str, Entry]:
    """Results for curves of `points` points each.

    Args:
        points: Points of each curve.
        frames: Frames drawn while the view moves.
        plain_frames: In how many of them every point is drawn, too.

    Raises:
        RuntimeError: The browser or the page failed.
    """
    prepare_node_packages()
    job = {
        "points": points, "frames": frames, "plainFrames": plain_frames,
        "width": WIDTH, "height": HEIGHT,
    }  # fmt: skip
    done = subprocess.run(
        [find_node(), str(SCRIPT), json.dumps(job)],
        cwd=ROOT,
        env=os.environ | {"CHROMIUM": str(prepare_browser())},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The chart could not be measured:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    value = statistics.median(found["ours"])
    plain = statistics.median(frame["plain"] for frame in found["plain"])
    setup = {
        "series": SERIES,
        "points_each": points,
        "frames": len(found["ours"]),
        "plain_frames": len(found["plain"]),
        "size_px": [WIDTH, HEIGHT],
        "device_pixel_ratio": found["ratio"],
        "slow_frame_ms": _rounded(statistics.quantiles(found["ours"], n=20)[-1]),
        "whole_run_ms": _rounded(statistics.median(found["whole"])),
        "append_one_point_ms": _rounded(found["append"]),
        "browser": found["agent"].split()[-2],
        "machine": platform.machine(),
        "note": NOTE,
    }
    return {f"chart.frame_ms.{points}": entry(value, "ms", {"undecimated": plain}, setup)}


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


if __name__ == "__main__":
    if sys.argv[1:] != ["--quick"]:
        raise SystemExit("Use 'python tasks.py bench chart', or --quick for a short look.")
    print(json.dumps(measure(20_000, frames=60, plain_frames=4), indent=2))
