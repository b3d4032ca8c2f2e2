"""What a run logged, read back, and the averages drawn of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .run_folder import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CheckpointMark:
    """A saved LoRA: the steps and epochs done, and its file."""

    step: int
    epoch: int
    path: Path


@dataclass(frozen=True)
class Measurement:
    """The loss at fixed noise and fixed noise levels after `step` steps.

    sigmas: noise levels [S]. held_out, probe: float64 [N, S], one row an item, on items that are
    never trained and on some that are; [0, S] where there are none. seconds: what it cost.
    """

    step: int
    sigmas: tuple[float, ...]
    held_out: Floats
    probe: Floats
    seconds: float = 0.0

    @property
    def part(self) -> Floats:
        """The held-out items, or the probe where nothing is held out."""
        return self.held_out if len(self.held_out) else self.probe


@dataclass(frozen=True)
class SampleMark:
    """A preview: the step it shows (0: without the LoRA), its file, prompt, seed and strength."""

    step: int
    path: Path
    prompt: int = 0
    seed: int = 0
    strength: float = 1.0


@dataclass(frozen=True)
class History:
    """One run's course. The columns from steps to ds have one entry a step.

    validation: (step, loss) pairs, held-out items before the probe. measurements: the same with
    every item and noise level; runs from before there were any have only the pairs. ds: Prodigy's
    estimate, NaN for other optimizers. steps_total, steps_per_epoch, warmup_steps: 0 when unknown.
    """

    run_folder: Path
    steps: tuple[int, ...] = ()
    losses: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()
    learning_rates: tuple[float, ...] = ()
    gradient_norms: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    ds: tuple[float, ...] = ()
    checkpoints: tuple[CheckpointMark, ...] = ()
    validation: tuple[tuple[int, float], ...] = ()
    measurements: tuple[Measurement, ...] = ()
    samples: tuple[SampleMark, ...] = ()
    steps_total: int = 0
    steps_per_epoch: int = 0
    warmup_steps: int = 0


_START = {"steps_total": 0, "steps_per_epoch": 0, "warmup_steps": 0}


def read_history(run_folder: Path) -> History:
    """Read a run's event log; also while it is being written.

    Checkpoints and samples whose file is gone are left out.

    Raises:
        StateError: There is no event log.
    """
    run = Run(run_folder)
    return collect_history(run.folder, run.events())


def collect_history(folder: Path, records: Iterable[Mapping[str, Any]]) -> History:
    """The course of a run from its events; of two events of one step the later one counts."""
    rows: dict[int, tuple[float, ...]] = {}
    marks: dict[int, CheckpointMark] = {}
    samples: dict[Path, SampleMark] = {}
    validation: dict[int, float] = {}
    measured: dict[int, Measurement] = {}
    start = dict(_START)
    for record in records:
        kind = record["type"]
        if kind == "step":
            rows[record["step"]] = _row(record)
        elif kind == "validation":
            step = record["step"]
            validation[step] = record["loss"]
            if "sigmas" in record:
                measured[step] = _measurement(record)
        elif kind == "checkpoint":
            path = folder / record["path"]
            if path.exists():
                marks[record["step"]] = CheckpointMark(record["step"], record["epoch"], path)
        elif kind == "sample":
            path = folder / record["path"]
            if path.exists():
                samples[path] = _sample(record, path)
        elif kind == "start":
            start = {name: int(record.get(name, value)) for name, value in start.items()}
        elif kind == "control" and record.get("action") == "set_steps":
            start["steps_total"] = int(record["value"])
    steps = sorted(rows)
    columns = list(zip(*(rows[step] for step in steps), strict=True)) or [()] * 6
    losses, epochs, rates, norms, seconds, ds = columns
    return History(
        run_folder=folder,
        steps=tuple(steps),
        losses=losses,
        epochs=tuple(int(epoch) for epoch in epochs),
        learning_rates=rates,
        gradient_norms=norms,
        seconds=seconds,
        ds=ds,
        checkpoints=tuple(marks[step] for step in sorted(marks)),
        validation=tuple(sorted(validation.items())),
        measurements=tuple(measured[step] for step in sorted(measured)),
        samples=tuple(sorted(samples.values(), key=lambda s: (s.step, s.prompt, s.seed))),
        **start,
    )


def _row(record: Mapping[str, Any]) -> tuple[float, ...]:
    names = ("loss", "epoch", "lr", "grad_norm", "seconds", "d")
    return tuple(record.get(name, math.nan) for name in names)


def _measurement(record: Mapping[str, Any]) -> Measurement:
    sigmas = tuple(record["sigmas"])

    def part(name: str) -> Floats:
        return np.asarray(record.get(name) or [], dtype=np.float64).reshape(-1, len(sigmas))

    held_out, probe = part("held_out"), part("probe")
    return Measurement(record["step"], sigmas, held_out, probe, record.get("seconds", 0.0))


def _sample(record: Mapping[str, Any], path: Path) -> SampleMark:
    prompt, seed = int(record.get("prompt", 0)), int(record.get("seed", 0))
    return SampleMark(record["step"], path, prompt, seed, float(record.get("strength", 1.0)))


def running_average(values: Sequence[float], window: int = 70) -> Floats:
    """Mean of each value and its neighbours, `window` values in all, float64 [n].

    The window is centred, so that the curve does not lag; near the ends it has only the
    neighbours that exist. It matches the "running average" that chart sites draw.

    Args:
        values: The values.
        window: Values averaged, at least 1; even windows reach one further back than forward.
    """
    data = np.asarray(values, dtype=np.float64)
    before, after = window // 2, (window - 1) // 2
    places = np.arange(len(data))
    first = np.maximum(places - before, 0)
    last = np.minimum(places + after + 1, len(data))
    # Sums are taken around the mean, so that long runs lose no digits.
    centre = float(data.mean()) if len(data) else 0.0
    sums = np.concatenate([[0.0], np.cumsum(data - centre)])
    result: Floats = (sums[last] - sums[first]) / np.maximum(last - first, 1) + centre
    return result


def loss_average(losses: Sequence[float], batches_per_epoch: int) -> list[float]:
    """The average that musubi-tuner logs as `loss/average`, for epochs of equal length.

    The mean of all losses so far in the first epoch, then of the last epoch's worth of batches.

    Source: outputs of musubi-tuner 0.3.4, compared in the tests.
    """
    averages = []
    for end in range(1, len(losses) + 1):
        part = losses[max(0, end - batches_per_epoch) : end]
        averages.append(sum(part) / len(part))
    return averages
