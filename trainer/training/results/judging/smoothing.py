"""A smooth curve through measurements that come at uneven steps, with its uncertainty.

The measurements are taken as a smooth random curve plus noise (Gaussian process regression with a
Matern kernel of order 3/2 over the logarithm of the step, since learning slows down with it). How
quickly the curve bends and how large the noise is are not known, so a grid of both is tried and the
curves are averaged, each weighted by how well it explains the measurements.

Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, equations 2.25, 2.26,
2.30 (weights, covariance, likelihood) and 4.17 (kernel). Own code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...runs.history import Floats

_LENGTHS = (0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0)
"""How far the curve keeps its direction, as a share of the measured stretch (in logarithms)."""
TREND = 0.25
"""The shortest of them that still counts as the run's trend and not as wandering weights."""
_NOISES = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
"""Variance of the noise against that of the curve."""
_LEVEL = 10.0
"""Variance of the curve's level: the mean of the measurements is taken off, but is not exact."""
_LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class SmoothCurve:
    """The curve at each measurement.

    values: [K]. weights: how much each measurement counts at each place [K, K]. covariance: of the
    values, what the noise leaves open [K, K].
    """

    values: Floats
    weights: Floats
    covariance: Floats

    def error(self, place: int) -> Floats:
        """Standard error of the difference to the curve at `place`, for every measurement [K]."""
        spread = np.diag(self.covariance)
        variance = spread + spread[place] - 2 * self.covariance[:, place]
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


@dataclass(frozen=True)
class _Fit:
    """One kernel, split into its axes: many noises then cost little."""

    length: float
    roots: Floats
    axes: Floats
    turned: Floats

    def spread(self, noise: float) -> float:
        """Squares of the measurements in units of what is expected of them."""
        return float((self.turned**2 / (self.roots + noise)).sum()) + 2.0

    def likelihood(self, noise: float) -> float:
        """Log likelihood; the scale of both is averaged over (inverse gamma, weak)."""
        size = float(np.log(self.roots + noise).sum())
        return -0.5 * size - 0.5 * (len(self.roots) + 4) * float(np.log(self.spread(noise)))


class CurveFits:
    """All curves of the grid through one set of measurements."""

    def __init__(self, steps: Floats, losses: Floats) -> None:
        """Try every curve.

        Args:
            steps: Rising, from 0 [K].
            losses: One a step, finite [K].
        """
        self._losses = losses
        self._scale = float(np.std(losses)) if len(losses) else 0.0
        # Differences that are rounding only are no course of a curve.
        is_flat = self._scale <= 1e-9 * max(float(np.abs(losses).max(initial=0.0)), 1e-300)
        self._fits = [] if len(steps) < 3 or is_flat else list(self._try(steps))

    def curve(self, shortest: float = 0.0) -> SmoothCurve:
        """The average of the curves; of those alone that bend no quicker than `shortest`."""
        fits = [fit for fit in self._fits if fit.length >= shortest]
        count = len(self._losses)
        if not fits:
            return SmoothCurve(self._losses.copy(), np.eye(count), np.zeros((count, count)))
        likelihoods = np.array([[fit.likelihood(noise) for noise in _NOISES] for fit in fits])
        shares = np.exp(likelihoods - likelihoods.max())
        shares[shares < _LEAST_SHARE] = 0.0
        shares /= shares.sum()
        values, weights = np.zeros(count), np.zeros((count, count))
        covariance = np.zeros((count, count))
        for at, noise_at in np.argwhere(shares):
            share, fit, noise = shares[at, noise_at], fits[at], float(_NOISES[noise_at])
            kept = fit.roots / (fit.roots + noise)
            own = (fit.axes * kept) @ fit.turned
            weights += share * ((fit.axes * kept) @ fit.axes.T)
            open_ = kept * (noise * fit.spread(noise) / (count + 2))
            covariance += share * ((fit.axes * open_) @ fit.axes.T + np.outer(own, own))
            values += share * own
        covariance -= np.outer(values, values)
        level = float(self._losses.mean())
        return SmoothCurve(values * self._scale + level, weights, covariance * self._scale**2)

    def _try(self, steps: Floats) -> Iterator[_Fit]:
        data = (self._losses - self._losses.mean()) / self._scale
        places = np.log(steps + max(float(steps[-1]) / 50, 1e-9))
        places = (places - places[0]) / (places[-1] - places[0])
        apart = np.sqrt(3.0) * np.abs(places[:, None] - places[None, :])
        for length in _LENGTHS:
            kernel = (1 + apart / length) * np.exp(-apart / length) + _LEVEL
            roots, axes = np.linalg.eigh(kernel)
            yield _Fit(length, np.maximum(roots, 0.0), axes, axes.T @ data)
