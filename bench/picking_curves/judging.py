"""How far a pick lies from the best checkpoint, and what a stop saves and costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.picking_curves.making import MadeRun
from trainer.training.results.picking import read_guide
from trainer.training.results.verdict import judge
from trainer.training.runs.history import History, Measurement

_LEAST_GAIN = 0.01
"""Regret is told in shares of what was won, or of this share of the loss where less was."""
_COLUMNS = ("steps", "losses", "epochs", "learning_rates")
WINDOW = 70


@dataclass(frozen=True)
class Stop:
    """One run stopped at the first measurement that said so, or never.

    saved: steps after the true best that were not run, as a share of the run; 0 where the stop cost
    more than 1%. after: steps after the true best. cost: how much higher the best loss reachable
    before the stop is, as a share of the best loss of the whole run. cost_of_gain: the same as a
    share of what was won.
    """

    saved: float
    after: float
    cost: float
    cost_of_gain: float


def regret(run: MadeRun, step: int) -> float:
    """True loss at the checkpoint nearest to `step` above the best one, as a share of the gain."""
    place = int(np.argmin(np.abs(run.places - step)))
    return float(run.truth[place] - run.truth.min()) / _scale(run)


def stop(run: MadeRun, history: History, says_stop: Callable[[History], bool]) -> Stop:
    """Follow the run measurement by measurement until `says_stop`."""
    best, end = int(np.argmin(run.truth)), float(run.places[-1])
    after = float(end - run.places[best]) / end
    for place in range(len(run.places) - 1):
        if says_stop(until(history, int(run.places[place]))):
            lost = float(run.truth[: place + 1].min() - run.truth.min())
            cost = lost / float(run.truth.min())
            left = float(end - run.places[max(place, best)]) / end
            return Stop(left if cost < 0.01 else 0.0, after, cost, lost / _scale(run))
    return Stop(0.0, after, 0.0, 0.0)


def until(history: History, step: int) -> History:
    """The log as it was after `step` steps."""
    count = int(np.searchsorted(np.asarray(history.steps), step, side="right"))
    kept = {name: getattr(history, name)[:count] for name in _COLUMNS}
    return dataclasses.replace(
        history,
        **kept,
        checkpoints=tuple(mark for mark in history.checkpoints if mark.step <= step),
        validation=tuple(pair for pair in history.validation if pair[0] <= step),
        measurements=tuple(m for m in history.measurements if m.step <= step),
    )


def with_probe_only(history: History) -> History:
    """The same run where nothing is held out."""
    none = np.zeros((0, len(history.measurements[0].sigmas)))
    measurements = tuple(Measurement(m.step, m.sigmas, none, m.probe) for m in history.measurements)
    validation = tuple((m.step, float(m.probe.mean())) for m in measurements)
    return dataclasses.replace(history, measurements=measurements, validation=validation)


def verdict_stops(history: History) -> bool:
    """What the verdict says."""
    return judge(history, WINDOW).stop_now


def guide_stops(history: History) -> bool:
    """What a person with the guide does: stop once the running average has stopped falling."""
    return read_guide(history, WINDOW).plateau_step is not None


def _scale(run: MadeRun) -> float:
    return max(run.start - float(run.truth.min()), _LEAST_GAIN * run.start)
