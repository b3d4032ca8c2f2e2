"""What the learning rate does at the moment, as far as it decides whether a run may be judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...runs.history import Floats, History

_LOW = 0.5
"""Below this share of its peak a learning rate counts as let down."""
_GROWTH = 1.05
"""Prodigy still searches while its estimate has grown by more than this over a third of the run."""


@dataclass(frozen=True)
class ScheduleState:
    """Why a run can't be judged yet.

    is_searching: the optimizer still raises its own learning rate, or the warm-up was just now.
    is_restarted: the rate started anew and this cycle is not as long yet as the one before.
    is_low: the rate is let down, so that little happens whatever could still be learnt.
    """

    is_searching: bool = False
    is_restarted: bool = False
    is_low: bool = False


def schedule_at(history: History, now: float) -> ScheduleState:
    """The state after the step `now`; all false where nothing is known."""
    done = int(np.searchsorted(np.asarray(history.steps), now, side="right"))
    is_warm = now > 2 * history.warmup_steps
    rates = np.asarray(history.learning_rates[:done], dtype=np.float64)
    estimates = np.asarray(history.ds[:done], dtype=np.float64)
    if len(rates) == 0 or len(history.learning_rates) != len(history.steps):
        return ScheduleState(is_searching=not is_warm)
    is_searching = not is_warm
    if len(estimates) == len(rates) and np.isfinite(estimates).all() and estimates.min() > 0:
        # With Prodigy the logged rate is its estimate times the schedule.
        rates = rates / estimates
        is_searching |= bool(estimates[-1] > _GROWTH * estimates[2 * done // 3 - 1])
    rates = np.where(np.isfinite(rates), rates, 0.0)
    return ScheduleState(is_searching, _is_restarted(rates), bool(rates[-1] < _LOW * rates.max()))


def _is_restarted(rates: Floats) -> bool:
    is_low = rates < _LOW * np.maximum.accumulate(rates)
    restarts = np.flatnonzero(is_low[:-1] & ~is_low[1:]) + 1
    if len(restarts) == 0:
        return False
    longest = int(np.diff(np.concatenate([[0], restarts])).max())
    return bool(len(rates) - restarts[-1] < longest)
