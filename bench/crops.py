"""Making the crops of 24-megapixel pictures against plain Pillow in one thread; and scanning them.

`python -m bench.crops --quick` runs it with two turns and prints the results without keeping them.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from bench.cropping.contenders import RIVALS
from bench.cropping.photographs import OF_EACH_KIND, write_photographs
from bench.cropping.similarity import structural_similarity
from bench.interleaved import Workers
from bench.step import entry
from trainer.data.pictures.files.in_parallel import usable_cores
from trainer.data.pictures.files.thumbnails import make_thumbnail
from trainer.data.pictures.media import MediaItem, scan_folder

TURNS, QUICK_TURNS = 10, 2
THUMBNAIL_PX = 256
WORKER = "bench.cropping.worker"

Entry = dict[str, Any]


def main() -> dict[str, Entry]:
    """Measure; results in the form of bench/results.json."""
    results = measure(TURNS)
    for name, found in results.items():
        print(f"  {name}: {found['value']} {found['unit']}, {found['ratio']}", flush=True)
    return results


def measure(turns: int, scale: float = 1.0, count: int = OF_EACH_KIND) -> dict[str, Entry]:
    """Results of all contenders, which take turns.

    Args:
        turns: How often each is timed, after one turn that does not count.
        scale: Size of the pictures' sides; 1 means 24 megapixels.
        count: Pictures of each of the two kinds.
    """
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(scratch) / "pictures"
        paths = write_photographs(pictures, scale, count)
        _let_settle(paths)
        names = ("ours", *RIVALS)
        jobs = {
            name: {"contender": name, "pictures": str(pictures), "target": f"{scratch}/{name}"}
            for name in names
        }
        with Workers(WORKER, jobs) as workers:
            about = workers.by_name["ours"].about
            builds = [workers.turn("build") for _ in range(turns + 1)]
            scans = [workers.turn("scan", names[:2]) for _ in range(turns + 1)]
        likeness = compare_crops(*(builds[-1][name]["paths"] for name in names[:2]))
        thumbnails = _time_thumbnails(pictures, turns)
    where = {
        "pictures": len(paths),
        "crops": about["crops"],
        "cores": usable_cores(),
        "turns": turns,
        "pillow": about["pillow"],
        "machine": platform.machine(),
        "megapixels": round(24 * scale * scale, 2),
    }
    return {
        "crops.seconds_per_picture": _build_entry(builds[1:], about, where),
        "crops.ssim": _likeness_entry(likeness, where),
        "crops.scan_seconds_per_picture": _scan_entry(scans[1:], where),
        "crops.thumbnail_seconds": _thumbnail_entry(thumbnails, where),
    }


def compare_crops(ours: Sequence[str], plain: Sequence[str]) -> list[float]:
    """Structural similarity of each crop to the plain one, brightness only.

    Raises:
        RuntimeError: The two did not make the same crops.
    """
    if len(ours) != len(plain):
        raise RuntimeError(f"{len(ours)} crops were made, but {len(plain)} the plain way.")
    found = []
    for first, second in zip(ours, plain, strict=True):
        with Image.open(first) as one, Image.open(second) as other:
            found.append(structural_similarity(one, other))
    return found


def _let_settle(paths: Sequence[Path]) -> None:
    """Wait until the scan trusts the files' dates, as it does with pictures that lay there."""
    youngest = max(path.stat().st_ctime for path in paths)
    time.sleep(max(0.0, youngest + 2.1 - time.time()))


def _build_entry(
    turns: Sequence[Mapping[str, Any]], about: Mapping[str, Any], where: Mapping[str, Any]
) -> Entry:
    pictures = where["pictures"]
    seconds = {
        name: statistics.median(turn[name]["seconds"] / pictures for turn in turns)
        for name in turns[0]
    }
    megabytes = {name: round(turns[0][name]["png_bytes"] / 1e6, 1) for name in turns[0]}
    peaks = {name: round(max(turn[name]["peak_mb"] for turn in turns)) for name in turns[0]}
    setup = {
        **where,
        "png_mb": megabytes,
        "peak_mb": peaks,
        "idle_mb": round(about["idle_mb"]),
        "note": "whole build of a dataset after scan and plan: decode, cut, resize, encode and "
        "write each file whole or not at all, ledger, manifest, and a check of every file "
        "written; Pillow only decodes, cuts, resizes and saves",
    }
    return entry(seconds.pop("ours"), "s", seconds, setup)


def _likeness_entry(likeness: Sequence[float], where: Mapping[str, Any]) -> Entry:
    setup = {**where, "mean": statistics.fmean(likeness), "source": "Wang et al. 2004"}
    setup["note"] = "the lowest of all crops, against plain Pillow"
    return entry(min(likeness), "ssim", {}, setup)


def _scan_entry(turns: Sequence[Mapping[str, Any]], where: Mapping[str, Any]) -> Entry:
    pictures = where["pictures"]
    ours = statistics.median(turn["ours"]["first"] / pictures for turn in turns)
    again = statistics.median(turn["ours"]["again"] / pictures for turn in turns)
    plain = statistics.median(turn["pillow_one_thread"]["first"] / pictures for turn in turns)
    setup = {**where, "again_seconds_per_picture": float(f"{again:.3g}")}
    return entry(ours, "s", {"pillow_one_thread": plain}, setup)


def _time_thumbnails(pictures: Path, turns: int) -> dict[str, list[float]]:
    """Seconds of one small copy in one thread: ours new, ours from its file, and plainly."""
    items = scan_folder(pictures).items
    found: dict[str, list[float]] = {"new": [], "kept": [], "pillow_one_thread": []}
    with tempfile.TemporaryDirectory() as scratch:
        for turn in range(turns + 1):
            for item in items:
                folder = Path(scratch) / str(turn)
                times = {
                    "new": _timed(make_thumbnail, item, THUMBNAIL_PX, folder),
                    "kept": _timed(make_thumbnail, item, THUMBNAIL_PX, folder),
                    "pillow_one_thread": _timed(_plain_thumbnail, item, folder),
                }
                for name, seconds in times.items() if turn else ():
                    found[name].append(seconds)
    return found


def _plain_thumbnail(item: MediaItem, folder: Path) -> None:
    with Image.open(item.path) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS, reducing_gap=None)
    image.save(folder / f"{os.path.splitext(item.path.name)[0]}.jpg", quality=85)


def _thumbnail_entry(found: Mapping[str, Sequence[float]], where: Mapping[str, Any]) -> Entry:
    medians = {name: statistics.median(times) for name, times in found.items()}
    kept = float(f"{medians['kept']:.3g}")
    setup = {**where, "side_px": THUMBNAIL_PX, "kept_seconds": kept, "threads": 1}
    plain = {"pillow_one_thread": medians["pillow_one_thread"]}
    return entry(medians["new"], "s", plain, setup)


def _timed(action: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - began


if __name__ == "__main__":
    if sys.argv[1:] != ["--quick"]:
        raise SystemExit("Use 'python tasks.py bench crops', or --quick for a short look.")
    print(json.dumps(measure(QUICK_TURNS), indent=2))
