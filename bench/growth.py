"""What 10,000 pictures cost more than ten: the time of a step, and the start of a run.

`python -m bench.growth --quick` runs it with few turns and few pictures and prints the results.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from bench.growing.project import CASE, describe, make_project
from bench.interleaved import ROOT, Workers
from bench.step import entry

FEW, MANY = 10, 10_000
TURNS, STEPS = 40, 20
STARTS = 5
THREADS = 1

Entry = dict[str, Any]


def main() -> dict[str, Entry]:
    """Measure both; results in the form of bench/results.json."""
    return measure(MANY, turns=TURNS, steps=STEPS, starts=STARTS)


def measure(many: int, *, turns: int, steps: int, starts: int) -> dict[str, Entry]:
    """Results for projects of FEW and of `many` pictures.

    Args:
        many: Pictures of the larger project.
        turns: How often each project trains for `steps` steps.
        steps: Steps of a turn.
        starts: How often the run is started.
    """
    with tempfile.TemporaryDirectory() as scratch:
        print(f"  writing {many} pictures", flush=True)
        runs = {count: make_project(Path(scratch) / str(count), count) for count in (FEW, many)}
        files = describe(runs[many].parent)
        print("  starting", flush=True)
        first, *warm = (start(runs[many], number) for number in range(1 + starts))
        print("  training", flush=True)
        timed, about = time_steps(runs, turns, steps)
    where = {"threads": THREADS, "torch": torch.__version__, "machine": platform.machine()}
    return {
        f"items.{many}": _items_entry(many, timed, about, files | where | {"turns": turns}),
        f"startup.{many}": _startup_entry(first, warm, files | where),
    }


def start(run_file: Path, number: int) -> dict[str, float]:
    """Start the run in a process of its own, into another run folder each time.

    Raises:
        RuntimeError: It failed, or did not load every picture.
    """
    text = run_file.read_text(encoding="utf-8").replace('"run"', f'"start{number}"')
    own = run_file.with_name(f"start{number}.toml")
    own.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bench.growing.startup", str(own)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The run '{own}' could not be started; see above.")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def time_steps(
    runs: dict[int, Path], turns: int, steps: int
) -> tuple[dict[int, list[float]], dict[int, dict[str, float]]]:
    """Seconds per step of every turn, and what each run says of itself."""
    jobs = {
        str(count): {"run": str(path), "threads": THREADS, "steps": steps}
        for count, path in runs.items()
    }
    timed: dict[int, list[float]] = {count: [] for count in runs}
    with Workers("bench.growing.worker", jobs) as workers:
        about = {count: workers.by_name[str(count)].about["about"] for count in runs}
        for turn in range(turns):
            # Whoever goes first finds other caches: take turns in that, too.
            names = list(jobs) if turn % 2 else list(jobs)[::-1]
            for name, answer in workers.turn("time", names).items():
                timed[int(name)].append(answer["seconds"])
    return timed, about


def _items_entry(
    many: int, timed: dict[int, list[float]], about: dict[int, dict[str, float]], setup: Entry
) -> Entry:
    """A turn of few steps meets no end of a long epoch, so the share of one is added to it."""
    medians = {count: statistics.median(found) for count, found in timed.items()}
    turnover = about[many]["turnover_seconds"] / many
    mine = {
        "model": CASE.describe() | {"optimizer": "Prodigy"},
        "turnover_s_per_step": float(f"{turnover:.3g}"),
        "note": "one step of the loop with the caches' files in memory; the dealing of an epoch, "
        "spread over its steps, is added for the many (the few meet theirs while timed)",
    }
    return entry(medians[many] + turnover, "s", {f"items.{FEW}": medians[FEW]}, setup | mine)


def _startup_entry(first: dict[str, float], warm: list[dict[str, float]], setup: Entry) -> Entry:
    seconds = statistics.median(found["seconds"] for found in warm)
    mine = {
        "starts": len(warm),
        "process_s": float(f"{statistics.median(found['process_seconds'] for found in warm):.3g}"),
        "note": "from the run file to the first loaded batch in a fresh process, imports not "
        "counted, files in memory; 'first' is the first start ever after the caching",
    }
    return entry(seconds, "s", {"first": first["seconds"]}, setup | mine)


if __name__ == "__main__":
    if sys.argv[1:] != ["--quick"]:
        raise SystemExit("Use 'python tasks.py bench growth', or --quick for a short look.")
    print(json.dumps(measure(200, turns=10, steps=10, starts=3), indent=2))
