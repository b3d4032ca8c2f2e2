"""Where a validation curve stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ValidationView:
    """Where the validation curve stands.

    best_step, best_loss: its lowest point, smoothed as far as the items disagree. best_error:
    standard error of what was won since the first measurement. chosen_step: the step to take.
    plateau_since: since when it no longer falls. overfit_since: since when it rises while trained
    items still get better. sentence: the same in words.
    """

    best_step: int
    best_loss: float
    best_error: float
    chosen_step: int
    plateau_since: int | None
    overfit_since: int | None
    sentence: str
