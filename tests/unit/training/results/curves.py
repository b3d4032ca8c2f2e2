"""Small histories whose measurements are given by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainer.training.runs.history import CheckpointMark, History, Measurement

FOLDER = Path("run")
SIGMAS = (0.2, 0.8)


def measured_run(
    held_out: Sequence[float] | None,
    probe: Sequence[float] | None = None,
    every: int = 100,
    *,
    items: int = 4,
    noise: float = 0.0,
    seed: int = 0,
    planned: int = 0,
) -> History:
    """A run measured and saved every `every` steps, its training loss flat.

    Args:
        held_out: Mean loss at each measurement, or None.
        probe: The same of trained items.
        every: Steps between measurements.
        items: Items in each part; each has its own level.
        noise: Spread of what each item does for itself at each measurement.
        seed: Of that noise.
        planned: Steps of the whole run; 0: those that were run.
    """
    random = np.random.default_rng(seed)
    count = len(held_out if held_out is not None else probe or [])
    steps = count * every

    def part(means: Sequence[float] | None) -> np.ndarray:
        if means is None:
            return np.zeros((count, 0, len(SIGMAS)))
        level = np.linspace(-0.2, 0.2, items)[:, None] + np.array([0.1, -0.1])
        own = noise * random.standard_normal((count, items, len(SIGMAS)))
        return np.asarray(np.asarray(means)[:, None, None] + level + own)

    unseen, seen = part(held_out), part(probe)
    measurements = tuple(
        Measurement((at + 1) * every, SIGMAS, unseen[at], seen[at]) for at in range(count)
    )
    marks = tuple(
        CheckpointMark(m.step, at + 1, FOLDER / str(m.step)) for at, m in enumerate(measurements)
    )
    return History(
        run_folder=FOLDER,
        steps=tuple(range(1, steps + 1)),
        losses=(1.0,) * steps,
        epochs=(1,) * steps,
        learning_rates=(1e-4,) * steps,
        ds=(float("nan"),) * steps,
        checkpoints=marks,
        validation=tuple((m.step, float(m.part.mean())) for m in measurements),
        measurements=measurements,
        steps_total=planned or steps,
        steps_per_epoch=every,
    )


def valley(count: int, best: int, rise: float) -> list[float]:
    """Falls from 1.5 to 1 at place `best` (from 0), then rises by `rise` a place."""
    falls = [1 + 0.5 * (1 - at / best) ** 2 for at in range(best)]
    return [*falls, *(1 + rise * at for at in range(count - best))]
