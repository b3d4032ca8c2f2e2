"""One LoRA training step of ours against ordinary autograd, ComfyUI's own node, and arithmetic.

`python -m bench.step --quick` runs it with few turns and prints the results without keeping them.
The contenders are described in docs/benchmarks.md.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from bench.interleaved import Workers
from bench.training_step.case import StepCase
from bench.training_step.parts import PARTS

TURNS, QUICK_TURNS = 10, 3
THREADS = 2
WORKER = "bench.training_step.worker"
RIVALS = ("plain", "checkpointed", "core", "flops")
OWN = ("ours", "ours_whole", "ours_checkpointed", "ours_compiled")
CASES = tuple(
    StepCase(size, dtype, latent)
    for size, latent in (("64x64", (1, 64, 64)), ("96x128", (1, 96, 128)), ("clip9", (9, 16, 32)))
    for dtype in ("fp32", "bf16")
)
# Only the smallest size also measures the other ways to run our own step, and its parts.
WHOLE_FIELD = "64x64"
# Relative differences to plain autograd, of the loss and of all gradients together.
TOLERANCES = {"fp32": (1e-5, 1e-4), "bf16": (1e-3, 2e-2)}
CORE_NOTE = (
    "core is ComfyUI's Train LoRA node as it ships, gradient checkpointing on; its gradients "
    "differ from everybody else's, because it runs blocks again from inputs that they have "
    "changed in place; it also trains every other linear and every bias"
)

Entry = dict[str, Any]


def main() -> dict[str, Entry]:
    """Measure every case; results in the form of bench/results.json."""
    results: dict[str, Entry] = {}
    for case in CASES:
        found = measure(case, TURNS, is_whole_field=case.size == WHOLE_FIELD)
        for name, result in found.items():
            print(f"  {name}: {result['value']} {result['unit']}, {result['ratio']}", flush=True)
        results |= found
    return results


def measure(case: StepCase, turns: int, *, is_whole_field: bool) -> dict[str, Entry]:
    """Results of one case.

    Args:
        case: What a step computes.
        turns: How often each contender is timed.
        is_whole_field: Whether to measure checkpointing and compilation of our own step, and the
            parts of our step, too.

    Raises:
        RuntimeError: A contender failed, or does not compute what plain autograd does.
    """
    names = (*(OWN if is_whole_field else OWN[:1]), *RIVALS)
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.safetensors" for name in names}
        limit = memory_limit(case, files)
        with Workers(WORKER, _jobs(case, files, limit)) as workers:
            differences = compare_gradients(files, TOLERANCES[case.dtype])
            about = {name: worker.about for name, worker in workers.by_name.items()}
            # A compiler that does not work here leaves a contender that is the same as "ours".
            names = tuple(name for name in names if "note" not in about[name])
            steps = [name for name in names if name != "flops"]
            memory = {name: found["peak"] for name, found in workers.turn("memory", steps).items()}
            timed, parts = [], []
            for _ in range(turns):
                timed.append(workers.turn("time", names))
                if is_whole_field:
                    parts.append(workers.turn("parts", ["ours"])["ours"]["parts"])
    setup = case.describe() | {
        "turns": turns,
        "threads": THREADS,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "memory_limit_mb": _rounded(limit / 1e6, 4),
        "gradient_difference_to_plain": differences,
        "core": about["core"] | {"note": CORE_NOTE},
    }
    left_out = {name: found["note"] for name, found in about.items() if "note" in found}
    if left_out:
        setup["left_out"] = left_out
    return _entries(case, timed, memory, parts, setup)


def memory_limit(case: StepCase, files: dict[str, Path]) -> int:
    """Bytes that our own step is given: half of what plain autograd takes, and no more than its
    checkpointed form takes plus 40% of the difference.
    """
    rivals = {name: files[name] for name in ("plain", "checkpointed")}
    with Workers(WORKER, _jobs(case, rivals, 0)) as workers:
        peaks = {name: found["peak"] for name, found in workers.turn("memory", rivals).items()}
    plain, checkpointed = peaks["plain"], peaks["checkpointed"]
    return int(min(0.5 * plain, checkpointed + 0.4 * (plain - checkpointed)))


def _jobs(case: StepCase, files: dict[str, Path], limit: int) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "contender": name,
            "case": asdict(case),
            "threads": THREADS,
            "gradients": str(path),
            "limit_bytes": limit,
        }
        for name, path in files.items()
    }


def compare_gradients(
    files: dict[str, Path], tolerances: tuple[float, float]
) -> dict[str, dict[str, float]]:
    """Relative differences of the loss and of all gradients to plain autograd's.

    Raises:
        RuntimeError: One is above its tolerance: the contenders do not compute the same.
    """
    found = {name: load_file(path) for name, path in files.items() if path.is_file()}
    plain = found.pop("plain")
    loss = plain.pop("loss").item()
    size = sum(float(x.double().square().sum()) for x in plain.values()) ** 0.5
    differences = {}
    for name, tensors in found.items():
        its_loss = tensors.pop("loss").item()
        if set(tensors) != set(plain):
            raise RuntimeError(f"Contender {name} trains other parameters than plain autograd.")
        apart = (float((x - plain[key]).double().square().sum()) for key, x in tensors.items())
        difference = {"loss": abs(its_loss - loss) / abs(loss), "all": sum(apart) ** 0.5 / size}
        if not (difference["loss"] <= tolerances[0] and difference["all"] <= tolerances[1]):
            raise RuntimeError(
                f"Contender {name} does not compute what plain autograd does: relative differences "
                f"{difference}, allowed {tolerances}."
            )
        differences[name] = {key: _rounded(value, 3) for key, value in difference.items()}
    return differences


def _entries(
    case: StepCase,
    timed: list[dict[str, dict[str, Any]]],
    memory: dict[str, int],
    parts: list[dict[str, float]],
    setup: dict[str, Any],
) -> dict[str, Entry]:
    seconds = {
        name: statistics.median(turn[name].get("limit", turn[name]["seconds"]) for turn in timed)
        for name in timed[0]
    }
    limits = {
        kind: statistics.median(turn["flops"]["kinds"][kind] for turn in timed)
        for kind in timed[0]["flops"]["kinds"]
    }
    work = {kind: count / 1e9 for kind, count in timed[0]["flops"]["flops"].items()}
    place = f"{case.dtype}.{case.size}"
    counted = setup | {"gflop": {kind: _rounded(count, 4) for kind, count in work.items()}}
    results = {}
    for own in (name for name in OWN if name in seconds):
        way = own.replace("ours_", "").replace("ours", "")
        prefix = f"{way}." if way else ""
        results[f"step.{prefix}{place}"] = entry(
            seconds[own], "s", {name: seconds[name] for name in RIVALS}, counted
        )
        megabytes = {name: peak / 1e6 for name, peak in memory.items()}
        rivals = {name: megabytes[name] for name in RIVALS if name in megabytes}
        results[f"memory.{prefix}{place}"] = entry(megabytes[own], "MB", rivals, setup)
    for part in PARTS if parts else ():
        value = statistics.median(found[part] for found in parts)
        limit = {"flops": limits[part]} if part in limits else {}
        results[f"parts.{place}.{part}"] = entry(value, "s", limit, counted)
    return results


def entry(value: float, unit: str, baseline: dict[str, float], setup: dict[str, Any]) -> Entry:
    """One result; every ratio is ours over theirs."""
    return {
        "value": _rounded(value, 4),
        "unit": unit,
        "baseline": {name: _rounded(other, 4) for name, other in baseline.items()},
        "ratio": {name: round(value / other, 3) for name, other in baseline.items()},
        "setup": setup,
    }


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _run(arguments: Sequence[str]) -> None:
    """The command line: `--quick [size] [dtype]`."""
    if not arguments or arguments[0] != "--quick":
        raise SystemExit("Use 'python tasks.py bench step', or --quick for a short look.")
    wanted = arguments[1:]
    for case in CASES:
        if all(word in (case.size, case.dtype) for word in wanted):
            found = measure(case, QUICK_TURNS, is_whole_field=case.size == WHOLE_FIELD)
            print(json.dumps(found, indent=2))


if __name__ == "__main__":
    _run(sys.argv[1:])
