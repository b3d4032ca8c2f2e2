"""The measurements of a run: held-out items and the probe, and the share of time they take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from ...data.splitting import choose_probe
from ..reports import TrainRequest
from .validation import ValidationPlan, ValidationResult, validation_loss

_DIGITS = 6


class Measurer:
    """Measures on the items held out and on a few of the trained ones, always the same way."""

    def __init__(self, request: TrainRequest) -> None:
        """Choose the probe; nothing is measured yet."""
        train = request.config.train
        self._request = request
        self._plan = ValidationPlan(
            guidance=train.sampling_guidance,
            latent_scale=request.latent_scale,
            device=request.device,
        )
        self.held_out = tuple(request.validation_items)
        self.probe = choose_probe(request.items, train.probe_items)
        self._started = time.monotonic()
        self._spent = 0.0

    def measure(self, should_leave: Callable[[], bool]) -> dict[str, Any] | None:
        """The fields of a "validation" event.

        Args:
            should_leave: Asked before each pass; measuring is then given up.

        Returns:
            None when given up, when there is nothing to measure on, or when a loss is not finite.
        """
        started = time.monotonic()
        held_out = self._losses(self.held_out, should_leave)
        probe = self._losses(self.probe, should_leave)
        if (self.held_out and held_out is None) or (self.probe and probe is None):
            return None
        first = held_out or probe
        if first is None or not math.isfinite(first.mean):
            return None
        seconds = time.monotonic() - started
        self._spent += seconds
        return {
            "loss": first.mean,
            "part": "held_out" if held_out else "probe",
            "sigmas": list(first.sigmas),
            "per_sigma": [_rounded(loss) for loss in first.per_sigma.values()],
            "held_out": _rows(held_out),
            "probe": _rows(probe),
            "seconds": round(seconds, 3),
            "share": round(self._spent / max(time.monotonic() - self._started, 1e-9), 4),
        }

    def _losses(
        self, items: tuple[Any, ...], should_leave: Callable[[], bool]
    ) -> ValidationResult | None:
        request = self._request
        return validation_loss(request.model, items, self._plan, request.network, should_leave)


def _rows(result: ValidationResult | None) -> list[list[float]]:
    return [[_rounded(loss) for loss in row] for row in result.losses] if result else []


def _rounded(loss: float) -> float:
    """Six digits: more than the noise of a measurement, and half the size of the log."""
    return float(f"{loss:.{_DIGITS}g}")
