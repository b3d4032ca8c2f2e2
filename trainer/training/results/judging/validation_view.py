"""What a validation curve says of a run, as steps and in words."""

from __future__ import annotations

import numpy as np

from ...runs.history import Floats
from .measured import Measured
from .reading import Reading
from .stopping import overfit_place, plateau_place
from .view import ValidationView
from .wording import held_out_sentence, probe_sentence

_MOST_GIVEN_UP = 0.05
"""Share of what was won that the one-standard-error rule may give up for an earlier step."""

_PROBE_SHARE = 0.95
"""Share of what a probe that has levelled off wins at which the step is taken."""
_LEVEL_FOR = 0.1
"""A probe has levelled off when it has been level for this share of the run's steps."""


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
    """The view of trained items, whose loss falls as long as they are learnt by heart.

    Where it has levelled off, the step taken is the earliest at which nearly all its gain is won.
    Where it still falls, that may be learning by heart, and the step is where it bends most:
    furthest below the straight line from its first to its last point, each axis from 0 to 1.
    """
    losses, steps = reading.losses, reading.steps
    chosen = losses.best
    if len(steps) >= 3 and reading.trend.has_learnt and losses.gain > 0:
        if has_levelled_off(reading):
            enough = losses.values[0] - _PROBE_SHARE * losses.gain
            chosen = int(np.flatnonzero(losses.values <= enough)[0])
        else:
            chosen = _bend(losses.values, steps)
    view = _view(reading, chosen, None)
    is_level = has_levelled_off(reading)
    return _with_sentence(view, probe_sentence(reading, measured.items.shape[1], view, is_level))


def has_levelled_off(reading: Reading) -> bool:
    """Whether a curve has been level for long enough to say that it no longer falls."""
    place = plateau_place(reading)
    return place is not None and bool(reading.steps[place] < (1 - _LEVEL_FOR) * reading.steps[-1])


def _bend(values: Floats, steps: Floats) -> int:
    along = (steps - steps[0]) / (steps[-1] - steps[0])
    height = (values - values.min()) / (values.max() - values.min())
    first = 1 if steps[0] == 0 else 0
    return first + int(np.argmin((height + along)[first:]))


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
