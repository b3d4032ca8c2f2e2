"""Families of made-up runs: what the true loss on unseen pictures does over a run.

Every number is drawn anew for every run. Losses are shares of `gain`, what training wins at best,
so that one scale fits all. B(t), the learnt part, goes from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Shape:
    """What one run does, one entry a step from 0 to the last [T + 1].

    learnt: share of the gain that is won. overfit: what learning by heart costs on unseen
    pictures, in gains. by_heart: what it wins on trained ones. schedule: factor on the learning
    rate. restless: how much more the weights wander at full learning rate costs, in gains.
    wander, own: spread of what all pictures and of what each picture sees of the wandering.
    """

    learnt: Floats
    overfit: Floats
    by_heart: Floats
    schedule: Floats
    restless: float
    wander: float
    own: float


@dataclass(frozen=True)
class Family:
    """A kind of run: its steps at least and at most, measurements, and its shape."""

    steps: tuple[int, int]
    measurements: tuple[int, int]
    shape: Callable[[Random, int], Shape]


def _rise(steps: int, middle: float, width: float) -> Floats:
    """From 0 to 1 around the share `middle` of the run."""
    share = np.arange(steps + 1) / steps
    curve = 1 / (1 + np.exp(-np.clip((share - middle) / width, -50, 50)))
    return (curve - curve[0]) / (1 - curve[0])


def _decay(steps: int, tau: float) -> Floats:
    """From 0 towards 1, with 63% won after the share `tau` of the run."""
    return np.asarray(1 - np.exp(-np.arange(steps + 1) / (tau * steps)))


def _growth(steps: int, power: float) -> Floats:
    return np.asarray((np.arange(steps + 1) / steps) ** power)


def _constant(random: Random, steps: int) -> Floats:
    warmup = int(random.uniform(0, 0.05) * steps)
    ramp = (np.arange(steps + 1) + 1) / max(warmup, 1)
    return np.minimum(ramp, 1.0)


def _wandering(random: Random) -> dict[str, float]:
    return {"wander": random.uniform(0.005, 0.04), "own": random.uniform(0.05, 0.3)}


def _plain(random: Random, steps: int, learnt: Floats, by_heart: float, overfit: Floats) -> Shape:
    heart = by_heart * _growth(steps, random.uniform(0.8, 1.2))
    return Shape(learnt, overfit, heart, _constant(random, steps), 0.0, **_wandering(random))


def _nothing(steps: int) -> Floats:
    return np.zeros(steps + 1)


def plateau(random: Random, steps: int) -> Shape:
    """Learns, then stays."""
    learnt = _decay(steps, random.uniform(0.04, 0.2))
    return _plain(random, steps, learnt, random.uniform(0.0, 0.2), _nothing(steps))


def overfit_shallow(random: Random, steps: int) -> Shape:
    """Loses a little of it again."""
    learnt = _decay(steps, random.uniform(0.05, 0.2))
    overfit = random.uniform(0.1, 0.4) * _growth(steps, random.uniform(1.0, 2.0))
    return _plain(random, steps, learnt, random.uniform(0.5, 1.5), overfit)


def overfit_deep(random: Random, steps: int) -> Shape:
    """Loses much of it, or more than it had won."""
    learnt = _decay(steps, random.uniform(0.03, 0.15))
    overfit = random.uniform(0.5, 1.6) * _growth(steps, random.uniform(1.0, 2.0))
    return _plain(random, steps, learnt, random.uniform(1.0, 3.0), overfit)


def noisy(random: Random, steps: int) -> Shape:
    """As a plateau or a shallow overfit, with weights that wander three times as far."""
    shape = (plateau, overfit_shallow)[random.integers(2)](random, steps)
    values = {**vars(shape), "wander": random.uniform(0.05, 0.15), "own": random.uniform(0.2, 0.6)}
    return Shape(**values)


def late_drop(random: Random, steps: int) -> Shape:
    """Stands still for long, then learns the rest."""
    first = random.uniform(0.4, 0.7)
    middle = random.uniform(0.25, 0.7)
    drop = _rise(steps, middle, random.uniform(0.01, 0.04))
    learnt = first * _decay(steps, random.uniform(0.03, 0.08)) + (1 - first) * drop
    return _plain(random, steps, learnt, random.uniform(0.0, 0.3), _nothing(steps))


def slow_start(random: Random, steps: int) -> Shape:
    """Does nothing at first, as while an optimizer looks for its learning rate."""
    wait = random.uniform(0.05, 0.3)
    rest = np.maximum(np.arange(steps + 1) / steps - wait, 0.0)
    learnt = 1 - np.exp(-rest / random.uniform(0.05, 0.15))
    overfit = random.uniform(0.0, 0.4) * rest
    return _plain(random, steps, learnt, random.uniform(0.2, 1.0), overfit)


def decay(random: Random, steps: int) -> Shape:
    """The learning rate falls to nothing on a cosine, and the weights come to rest."""
    learnt = _decay(steps, random.uniform(0.08, 0.3))
    schedule = 0.5 * (1 + np.cos(np.pi * np.arange(steps + 1) / steps))
    overfit = random.uniform(0.0, 0.2) * _growth(steps, 1.0)
    return Shape(
        learnt, overfit, random.uniform(0.1, 0.6) * _growth(steps, 1.0), schedule,
        random.uniform(0.03, 0.2), **_wandering(random),
    )  # fmt: skip


def restarts(random: Random, steps: int) -> Shape:
    """The learning rate falls on a cosine and starts again, three to five times."""
    learnt = _decay(steps, random.uniform(0.08, 0.3))
    cycles = int(random.integers(3, 6))
    share = (np.arange(steps + 1) / steps * cycles) % 1.0
    share[-1] = 1.0
    schedule = 0.5 * (1 + np.cos(np.pi * share))
    overfit = random.uniform(0.0, 0.2) * _growth(steps, 1.0)
    return Shape(
        learnt, overfit, random.uniform(0.1, 0.6) * _growth(steps, 1.0), schedule,
        random.uniform(0.1, 0.3), **_wandering(random),
    )  # fmt: skip


def flat(random: Random, steps: int) -> Shape:
    """Learns nothing; only wanders."""
    return _plain(random, steps, _nothing(steps), random.uniform(0.0, 0.1), _nothing(steps))


def short(random: Random, steps: int) -> Shape:
    """Few steps and few measurements: a plateau, an overfit, or a run that is not done."""
    kind = random.integers(3)
    if kind == 0:
        learnt = _decay(steps, random.uniform(0.5, 1.5))
        return _plain(random, steps, learnt, 0.2, _nothing(steps))
    return (plateau, overfit_deep)[kind - 1](random, steps)


_LONG = {"steps": (400, 6000), "measurements": (15, 80)}
FAMILIES = {
    "plateau": Family(**_LONG, shape=plateau),
    "overfit_shallow": Family(**_LONG, shape=overfit_shallow),
    "overfit_deep": Family(**_LONG, shape=overfit_deep),
    "noisy": Family(**_LONG, shape=noisy),
    "late_drop": Family(**_LONG, shape=late_drop),
    "slow_start": Family(**_LONG, shape=slow_start),
    "decay": Family(**_LONG, shape=decay),
    "restarts": Family(**_LONG, shape=restarts),
    "flat": Family(**_LONG, shape=flat),
    "short": Family(steps=(40, 150), measurements=(4, 10), shape=short),
}
