"""Whether more steps no longer help, asked again and again while a run goes on.

A false stop costs more than a late one, so a run is only stopped when
- the held-out loss has risen for good (overfit); earlier than three fifths of the planned steps
  only when that is beyond doubt and large. Less proof is asked for while trained items still get
  better, because the two together are what overfit means;
- or the trend has not fallen for most of the run (plateau), in its last two fifths;
- or nothing at all was learnt in three quarters of it.
It is never stopped while the optimizer still searches its learning rate, in the warm-up, or before
a restarted schedule has run as long again. The numbers were chosen on made-up runs with other seeds
than those in docs/picking.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...runs.history import Floats
from .reading import Reading
from .schedule import ScheduleState

LEAST_MEASUREMENTS = 8
_LATE = 0.6
_NOTHING_LEARNT = 0.75
_LASTING = 4
"""Measurements in a row that must be worse."""
_PAST_BEST = 1.3
_PLATEAU_MEASUREMENTS = 6
_SMALL = 0.02
"""Share of the gain that does not count as better."""
_FALLS_BY = 0.15
"""Share of the gain by which trained items must get better for less proof to be enough."""


@dataclass(frozen=True)
class Proof:
    """What is asked of a rise: its size in standard errors and as a share of the gain."""

    errors: float
    gain: float


_EARLY, _LATER = Proof(3.0, 0.25), Proof(1.5, 0.03)


def plateau_place(reading: Reading) -> int | None:
    """The place since which the trend is as low as it ever gets; None while it still falls."""
    trend = reading.trend
    if not trend.has_learnt:
        return None
    above = trend.values - trend.values[trend.best]
    small = _SMALL * trend.gain
    is_level = above <= np.clip(trend.errors, small, 3 * small)
    place = trend.best
    while place > 0 and is_level[place - 1]:
        place -= 1
    return place if len(above) - 1 - place >= 3 else None


def falls_since_best(reading: Reading, probe: Reading | None, least: float = _SMALL) -> bool:
    """Whether trained items still got better since the held-out ones were at their best.

    Args:
        reading: The held-out items.
        probe: The trained items, if any were measured.
        least: By how much at least, as a share of what the held-out items won.
    """
    if probe is None:
        return False
    trend = reading.trend
    place = int(np.searchsorted(probe.steps, reading.steps[trend.best]))
    if place >= len(probe.steps) - 1:
        return False
    change, error = probe.trend_change(place)
    return -change > max(2 * error, least * trend.gain)


def overfit_place(reading: Reading, probe: Reading | None) -> int | None:
    """The first place from which the held-out trend stays above its best by a standard error."""
    if not falls_since_best(reading, probe):
        return None
    worse = _is_worse(reading, Proof(1.0, _LATER.gain))
    if not worse[-1]:
        return None
    calm = np.flatnonzero(np.logical_not(worse))
    return int(calm[-1]) + 1 if len(calm) else 0


def stop_reason(
    reading: Reading, probe: Reading | None, schedule: ScheduleState, steps_total: int
) -> str:
    """Why to stop: "overfit", "rising", "plateau", "nothing", or "" for go on.

    Args:
        reading: The held-out items; or the probe where nothing is held out, and `probe` None.
        probe: The trained items, where there are held-out ones as well.
        schedule: The learning rate now.
        steps_total: Planned steps; 0 when unknown, which counts as early.
    """
    count, now = len(reading.steps), float(reading.steps[-1])
    if count < LEAST_MEASUREMENTS or schedule.is_searching or schedule.is_restarted:
        return ""
    trend = reading.trend
    is_late = steps_total > 0 and now >= _LATE * steps_total
    falls = falls_since_best(reading, probe, _FALLS_BY)
    proof = _LATER if is_late else _EARLY
    if falls:
        proof = Proof(proof.errors / 2, proof.gain)
    is_known = trend.has_learnt or trend.best <= int(reading.steps[0] == 0)
    is_past = now >= _PAST_BEST * reading.steps[trend.best]
    if is_known and is_past and _is_worse(reading, proof)[-_LASTING:].all():
        return "overfit" if falls_since_best(reading, probe) else "rising"
    if schedule.is_low:
        return ""
    if not trend.has_learnt:
        return "nothing" if 0 < _NOTHING_LEARNT * steps_total <= now and count >= 10 else ""
    place = plateau_place(reading)
    if place is None or not is_late or count - place <= _PLATEAU_MEASUREMENTS:
        return ""
    return "plateau" if now >= (2.0 if falls else 2.5) * reading.steps[place] else ""


def _is_worse(reading: Reading, proof: Proof) -> Floats:
    """Where, after the best place, the trend lies above it by as much as is asked for [K]."""
    trend = reading.trend
    above = trend.values - trend.values[trend.best]
    is_after = np.arange(len(above)) > trend.best
    least = np.maximum(proof.errors * trend.errors, proof.gain * max(trend.gain, 0.0))
    return np.asarray(is_after & (above > least) & (above > 0))
