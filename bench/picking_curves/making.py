"""Makes one run: its log as a training would write it, and the truth that no training knows."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.picking_curves.families import FAMILIES, Floats, Random, Shape
from trainer.training.runs.history import CheckpointMark, History, Measurement

SIGMAS = (0.1, 0.3, 0.5, 0.7, 0.9)
_LEVEL = np.array([1.6, 1.0, 0.7, 0.7, 1.0])
"""Loss at each noise level against their mean: high at both ends, as of a velocity."""
_GAIN = np.array([0.4, 1.0, 1.4, 1.3, 0.9])
"""What training wins at each noise level against the mean."""
FOLDER = Path("made_up")


@dataclass(frozen=True)
class MadeRun:
    """A run and its truth.

    places: steps at which it was measured and saved [K]. truth: the expected loss on unseen
    pictures there [K]. start: the same before the first step. gain: what training wins at best.
    """

    history: History
    places: np.ndarray
    truth: Floats
    start: float
    gain: float


def make_run(family: str, seed: int) -> MadeRun:
    """The run `seed` of a family; the same on every machine."""
    random = np.random.default_rng([zlib.crc32(family.encode()), seed])
    kind = FAMILIES[family]
    steps = round(float(np.exp(random.uniform(*np.log(kind.steps)))))
    count = int(random.integers(kind.measurements[0], kind.measurements[1] + 1))
    every = max(1, round(steps / count))
    places = np.arange(every, steps + 1, every)
    shape = kind.shape(random, steps)
    base = float(np.exp(random.uniform(np.log(0.05), np.log(0.5))))
    gain = base * float(np.exp(random.uniform(np.log(0.04), np.log(0.4))))
    level = shape.restless * shape.schedule - shape.learnt
    wander = shape.wander * _wandering(random, steps, places) * _strength(shape, places)
    truth = base + gain * (level + shape.overfit)[places] + gain * wander
    start = base + gain * (level + shape.overfit)[0]
    items, probed = int(random.integers(3, 21)), int(random.integers(3, 7))
    seen = _measured(random, shape, places, (base, gain, items), wander, shape.overfit)
    probe = _measured(random, shape, places, (base, gain, probed), wander, -shape.by_heart)
    measurements = tuple(
        Measurement(int(step), SIGMAS, seen[at], probe[at]) for at, step in enumerate(places)
    )
    spread = random.uniform(0.3, 0.6)
    # Learning by heart takes a loss towards nothing, never below.
    trained = base * np.exp(gain / base * (level - shape.by_heart)[1:])
    draws = np.exp(spread * random.standard_normal(steps) - spread**2 / 2)
    marks = (
        CheckpointMark(int(step), at + 1, FOLDER / str(step)) for at, step in enumerate(places)
    )
    history = History(
        run_folder=FOLDER,
        steps=tuple(range(1, steps + 1)),
        losses=tuple((trained * draws).tolist()),
        epochs=tuple((1 + np.arange(steps) // every).tolist()),
        learning_rates=tuple((1e-4 * shape.schedule[1:]).tolist()),
        checkpoints=tuple(marks),
        validation=tuple((m.step, float(m.part.mean())) for m in measurements),
        measurements=measurements,
        steps_total=steps,
        steps_per_epoch=every,
    )
    return MadeRun(history, places, truth, start, gain)


def _strength(shape: Shape, places: np.ndarray) -> Floats:
    """Weights wander with the learning rate, and not before they have begun to learn."""
    began = np.minimum(np.arange(len(shape.learnt)) / (0.03 * len(shape.learnt)), 1.0)
    return np.asarray((np.sqrt(np.maximum(shape.schedule, 0.02)) * began)[places])


def _wandering(random: Random, steps: int, places: np.ndarray, *many: int) -> Floats:
    """Noise of spread 1 that forgets itself over 1 to 5% of the run [K, *many]."""
    length = random.uniform(0.01, 0.05) * steps
    keep = float(np.exp(-(places[1] - places[0] if len(places) > 1 else 1) / length))
    noise = random.standard_normal((len(places), *many))
    for at in range(1, len(noise)):
        noise[at] = keep * noise[at - 1] + np.sqrt(1 - keep**2) * noise[at]
    return noise


def _measured(
    random: Random,
    shape: Shape,
    places: np.ndarray,
    sizes: tuple[float, float, int],
    wander: Floats,
    heart: Floats,
) -> Floats:
    """Losses of each item at each noise level [K, N, S]; items differ in all they do."""
    base, gain, count = sizes

    def factors(spread: float) -> Floats:
        return np.exp(spread * random.standard_normal(count) - spread**2 / 2)[:, None]

    easy, wins, spoils = factors(0.4), factors(0.3), factors(0.5)
    level = (shape.restless * shape.schedule - shape.learnt)[places][:, None, None]
    moved = level * wins * _GAIN + heart[places][:, None, None] * spoils * _GAIN
    each = _wandering(random, len(shape.learnt), places, count, 1)
    own = _wandering(random, len(shape.learnt), places, count, len(SIGMAS)) + each
    noise = wander[:, None, None] + shape.own * own * _strength(shape, places)[:, None, None]
    start = base * easy * _LEVEL
    if heart[-1] < 0:
        return np.asarray(start * np.exp(gain / start * (moved + noise)))
    return np.asarray(start + gain * (moved + noise))
