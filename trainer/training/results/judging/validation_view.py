"""What a validation curve says of a run, as steps and in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .measured import Measured
from .reading import Reading
from .stopping import overfit_place, plateau_place
from .wording import held_out_sentence, probe_sentence

_MOST_GIVEN_UP = 0.05
"""Share of what was won that the one-standard-error rule may give up for an earlier step."""


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


def view_held_out(reading: Reading, measured: Measured, probe: Reading | None) -> ValidationView:
    """The view of items that are never trained; `probe` is that of trained ones, if there is one.

    The step taken is the earliest from which on, up to the best, the loss is within one standard
    error of the best (item by item), but no more of the gain is given up than a twentieth.
    """
    losses = reading.losses
    above = losses.values - losses.values[losses.best]
    allowed = np.minimum(losses.errors, _MOST_GIVEN_UP * max(losses.gain, 0.0))
    first = 1 if reading.steps[0] == 0 and len(above) > 1 else 0
    chosen = losses.best
    while chosen > first and above[chosen - 1] <= allowed[chosen - 1]:
        chosen -= 1
    view = _view(reading, chosen, overfit_place(reading, probe))
    count = 0 if measured.is_mean else measured.items.shape[1]
    sentence = held_out_sentence(reading, count, view, probe is not None)
    return _with_sentence(view, sentence)


def view_probe(reading: Reading, measured: Measured) -> ValidationView:
    """The view of trained items, whose loss falls as long as one trains.

    The step taken is where the curve bends most: where it lies furthest below the straight line
    from its first to its last point, each axis taken from 0 to 1.
    """
    values, steps = reading.losses.values, reading.steps
    chosen = reading.losses.best
    height = float(values.max() - values.min())
    if len(steps) >= 3 and height > 0 and reading.trend.has_learnt:
        along = (steps - steps[0]) / (steps[-1] - steps[0])
        first = 1 if steps[0] == 0 else 0
        bend = (values - values.min()) / height + along
        chosen = first + int(np.argmin(bend[first:]))
    view = _view(reading, chosen, None)
    return _with_sentence(view, probe_sentence(reading, measured.items.shape[1], view))


def _view(reading: Reading, chosen: int, overfit: int | None) -> ValidationView:
    losses, steps = reading.losses, reading.steps
    plateau = plateau_place(reading)
    return ValidationView(
        best_step=int(steps[losses.best]),
        best_loss=float(losses.values[losses.best]),
        best_error=float(losses.errors[0]),
        chosen_step=int(steps[chosen]),
        plateau_since=None if plateau is None else int(steps[plateau]),
        overfit_since=None if overfit is None else int(steps[overfit]),
        sentence="",
    )


def _with_sentence(view: ValidationView, sentence: str) -> ValidationView:
    return ValidationView(**{**vars(view), "sentence": sentence})
