"""One part's measurements read: the likely loss at each place, its trend, and what is uncertain.

Every measurement uses the same items, noise and noise levels, so only differences between two
places count, taken item by item: what makes one item harder than another cancels out. What all
items share of a sudden change is the LoRA's own (its weights wander from step to step) and is kept;
what each item does for itself is chance, and is smoothed away. How much of each there is follows
from how far the items disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...runs.history import Floats
from .measured import Measured
from .smoothing import TREND, CurveFits, SmoothCurve

_SHARED_AT_LEAST = 0.3
"""Share of a sudden change believed in any case: the estimate below is itself rough."""


@dataclass(frozen=True)
class Line:
    """A curve and its lowest place.

    values: [K]. best: place of the lowest. errors: standard error of each value's difference to
    the lowest one [K].
    """

    values: Floats
    best: int
    errors: Floats

    @property
    def gain(self) -> float:
        """What was won from the first measurement to the best."""
        return float(self.values[0] - self.values[self.best])

    @property
    def has_learnt(self) -> bool:
        """Whether that is more than chance."""
        return self.gain > 2 * float(self.errors[0]) and self.gain > 0


@dataclass(frozen=True)
class Reading:
    """The likely losses at the measured steps, and their trend without the wandering."""

    steps: Floats
    losses: Line
    trend: Line
    trend_curve: SmoothCurve

    def trend_change(self, earlier: int) -> tuple[float, float]:
        """How much the trend rose from `earlier` to the last place, and its standard error."""
        values = self.trend_curve.values
        return float(values[-1] - values[earlier]), float(self.trend_curve.error(earlier)[-1])


def read_curve(measured: Measured) -> Reading:
    """Read the measurements of one part; at least one."""
    losses = measured.losses
    items = measured.items - measured.items.mean(axis=0)
    fits = CurveFits(measured.steps, losses)
    smooth, trend = fits.curve(), _with_wandering(fits.curve(TREND), losses)
    rest = np.eye(len(losses)) - smooth.weights
    weights = smooth.weights + _shared(rest, items, losses) * rest
    level = float(losses.mean())
    likely = level + weights @ (losses - level)
    best = _lowest(measured.steps, likely)
    errors = smooth.error(best)
    if items.shape[1] > 1:
        errors = _item_errors(weights @ items, best)
    low = _lowest(measured.steps, trend.values)
    unsure = np.hypot(trend.error(low), _item_errors(trend.weights @ items, low))
    return Reading(
        measured.steps,
        Line(likely, best, errors),
        Line(trend.values, low, unsure),
        trend,
    )


def _lowest(steps: Floats, values: Floats) -> int:
    """Place of the lowest value; step 0 is the model without the LoRA and can't be picked."""
    first = 1 if steps[0] == 0 and len(steps) > 1 else 0
    return first + int(np.argmin(values[first:]))


def _shared(rest: Floats, items: Floats, losses: Floats) -> float:
    """Share of the sudden changes that all items have in common; none is known of one item."""
    count = items.shape[1]
    size = float((rest**2).sum())
    if count < 2 or size < 1e-12:
        return 0.0 if count < 2 else _SHARED_AT_LEAST
    apart = (
        float(((rest @ (items - items.mean(axis=1, keepdims=True))) ** 2).sum())
        / (count - 1)
        / size
        / count
    )
    whole = float(((rest @ (losses - losses.mean())) ** 2).sum()) / size
    shared = max(0.0, 1 - apart / whole) if whole > 0 else 0.0
    return _SHARED_AT_LEAST + (1 - _SHARED_AT_LEAST) * shared


def _item_errors(smoothed: Floats, place: int) -> Floats:
    """Standard error, over the items, of the mean difference to `place` [K]; 0 for one item."""
    count = smoothed.shape[1]
    if count < 2:
        return np.zeros(len(smoothed))
    apart = smoothed - smoothed[place]
    return np.asarray(apart.std(axis=1, ddof=1) / np.sqrt(count))


def _with_wandering(trend: SmoothCurve, losses: Floats) -> SmoothCurve:
    """The trend with wider errors where what is left of the losses hangs together in time.

    Source: variance of a mean of AR(1) noise, (1 + r) / (1 - r) times that of free noise.
    """
    left = losses - trend.values
    square = float((left**2).sum())
    if square <= 0:
        return trend
    keep = float(np.clip((left[1:] * left[:-1]).sum() / square, 0.0, 0.9))
    return SmoothCurve(trend.values, trend.weights, trend.covariance * (1 + keep) / (1 - keep))
