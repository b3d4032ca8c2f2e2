"""The process of one contender: `python -m bench.cropping.worker` with a job on its input."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import PIL

from trainer.data.pictures.files import examining

from .contenders import plan_folder, rig


def work() -> None:
    """Read the job, then serve commands: "build" and "scan"."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.loads(sys.stdin.readline())
    folder, target = Path(job["pictures"]), Path(job["target"])
    plan = plan_folder(folder)
    contender = rig(job["contender"], folder, plan)

    def answer(values: dict[str, Any]) -> None:
        print(json.dumps(values), file=answers, flush=True)

    _begin_peak()
    idle_mb = _peak_mb()
    answer({"crops": len(plan.crops), "pillow": PIL.__version__, "idle_mb": idle_mb})
    for line in sys.stdin:
        if line.strip() == "scan":
            # Not from the memory of this process: that is asked for as "again".
            examining.forget_pictures()
            first = _seconds(contender.scan)
            answer({"first": first, "again": _seconds(contender.scan)})
            continue
        shutil.rmtree(target, ignore_errors=True)
        _begin_peak()
        began = time.perf_counter()
        paths = contender.build(target)
        seconds = time.perf_counter() - began
        png_bytes = sum(path.stat().st_size for path in paths)
        names = [str(path) for path in paths]
        answer({"seconds": seconds, "png_bytes": png_bytes, "paths": names, "peak_mb": _peak_mb()})


def _seconds(action: Any) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _begin_peak() -> None:
    """Let the system note the most memory in use anew (Linux only)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


if __name__ == "__main__":
    work()
