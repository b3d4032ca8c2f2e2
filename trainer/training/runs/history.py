"""What a run logged, read back, and the averages drawn of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
class History:
    """One run's course. steps, losses, epochs and learning rates have one entry a step.

    validation: (step, loss) pairs. steps_total, steps_per_epoch and warmup_steps: 0 when not known.
    """

    run_folder: Path
    steps: tuple[int, ...] = ()
    losses: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()
    learning_rates: tuple[float, ...] = ()
    checkpoints: tuple[CheckpointMark, ...] = ()
    validation: tuple[tuple[int, float], ...] = ()
    steps_total: int = 0
    steps_per_epoch: int = 0
    warmup_steps: int = 0


def read_history(run_folder: Path) -> History:
    """Read a run's event log; also while it is being written.

    Checkpoints whose file is gone are left out.

    Raises:
        StateError: There is no event log.
    """
    run = Run(run_folder)
    rows: dict[int, tuple[float, int, float]] = {}
    marks: dict[int, CheckpointMark] = {}
    validation: dict[int, float] = {}
    start = {"steps_total": 0, "steps_per_epoch": 0, "warmup_steps": 0}
    for record in run.events():
        if record["type"] == "step":
            rows[record["step"]] = (record["loss"], record["epoch"], record["lr"])
        elif record["type"] == "validation":
            validation[record["step"]] = record["loss"]
        elif record["type"] == "checkpoint":
            path = run.folder / record["path"]
            if path.exists():
                marks[record["step"]] = CheckpointMark(record["step"], record["epoch"], path)
        elif record["type"] == "start":
            start = {name: int(record.get(name, value)) for name, value in start.items()}
    steps = sorted(rows)
    return History(
        run_folder=run.folder,
        steps=tuple(steps),
        losses=tuple(rows[step][0] for step in steps),
        epochs=tuple(rows[step][1] for step in steps),
        learning_rates=tuple(rows[step][2] for step in steps),
        checkpoints=tuple(marks[step] for step in sorted(marks)),
        validation=tuple(sorted(validation.items())),
        **start,
    )


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
