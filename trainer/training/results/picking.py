"""Choosing a checkpoint from the loss curve.

The guide's rule: smooth the loss with a running average, find where it stops falling, take the
lowest point before that, and the checkpoint nearest to it. Made precise:

- Span: the larger of two windows and a fifth of the run, at most half of the run.
- At each step after warm-up a straight line is fitted to the losses of the next span. The loss
  still falls there when the slope is below zero by more than two of its standard errors.
- Plateau: the first step from which it does not fall for a whole window, so that one lucky stretch
  of a noisy curve does not end the search.
  A run of fewer than four windows is too short for that: there the line reaches to the run's end.
- Lowest: the smallest running average up to the plateau.

Source of slope and standard error: ordinary least squares, any statistics textbook.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ...errors import ConfigError, StateError
from ..runs.history import CheckpointMark, Floats, History, running_average

PickRule = Literal["guide", "validation", "last"]
STANDARD_ERRORS = 2.0
# For the run as a whole, where one answer decides, a fall has to be beyond doubt.
SURE_STANDARD_ERRORS = 3.0
# A slope that is this small against the spread of the loss is rounding, not falling.
SMALLEST_SPREAD = 1e-12


@dataclass(frozen=True)
class Pick:
    """The chosen checkpoint and why.

    plateau_step: where the loss stops falling, None when it falls to the end or never did.
    lowest_step: the step that the checkpoint should be near to.
    """

    step: int
    epoch: int
    path: Path
    reasons: tuple[str, ...]
    plateau_step: int | None
    lowest_step: int


@dataclass(frozen=True)
class GuideReading:
    """What the guide's rule sees: as in `Pick`, before a checkpoint is chosen."""

    plateau_step: int | None
    lowest_step: int
    reasons: tuple[str, ...]


def pick_checkpoint(history: History, rule: str = "guide", window: int = 70) -> Pick:
    """Choose one of a run's checkpoints.

    Args:
        history: The run.
        rule: "guide" as above, "validation" for the lowest loss on held-out items, "last".
        window: Steps of the running average; made smaller for a short run, and said so.

    Raises:
        ConfigError: The rule is not known or the window is below 1.
        StateError: The run has no checkpoint, no steps, or no validation to go by.
    """
    if window < 1:
        raise ConfigError(f"'window' must be at least 1, but is {window}. 70 is the guide's value.")
    if not history.checkpoints or not history.steps:
        raise StateError(
            f"'{history.run_folder}' has no checkpoint to pick. Train until the first one is "
            "saved, or save more often with 'save_every_epochs'."
        )
    if rule == "last":
        last = history.checkpoints[-1]
        return _pick(last, ["It is the last checkpoint, as asked."], None, last.step)
    if rule == "validation":
        return _pick_by_validation(history)
    if rule == "guide":
        return _pick_by_guide(history, window)
    raise ConfigError(f"The rule '{rule}' is not known. Use guide, validation or last.")


def fitting_window(steps: int, window: int) -> int:
    """The window used for a run of so many steps: at most a quarter of them, at least 1."""
    return max(1, min(window, steps // 4))


def find_plateau(losses: Floats, first: int, span: int, hold: int = 1) -> tuple[int | None, bool]:
    """Where losses stop falling.

    Args:
        losses: One loss a step [n].
        first: Place of the first step to look at.
        span: Losses in each fitted line, at least 3.
        hold: Starting places in a row whose lines must not fall (fewer where the losses end).

    Returns:
        The place of the first of these starts, or None when there is none; and whether the losses
        fall at the beginning or as a whole.
    """
    starts = np.arange(first, len(losses) - span + 1)
    if len(starts) == 0:
        return None, False
    slope, error = _slopes(losses, starts, span)
    is_falling = slope < -STANDARD_ERRORS * error
    # A start holds when no line falls from it on to the end of its stretch.
    falls_before = np.concatenate([[0], np.cumsum(is_falling)])
    ends = np.minimum(np.arange(len(starts)) + hold, len(starts))
    flat = np.flatnonzero(falls_before[ends] == falls_before[:-1])
    plateau = int(starts[flat[0]]) if len(flat) else None
    return plateau, bool(is_falling[0]) or _falls_as_a_whole(losses[first:])


def _find_short_plateau(losses: Floats, first: int, shortest: int) -> tuple[int | None, bool]:
    """As `find_plateau`, with lines from each start to the end, of `shortest` losses or more."""
    starts = range(first, max(first, len(losses) - max(shortest, 3)) + 1)
    for start in starts:
        tail = losses[start:]
        if len(tail) < 3:
            break
        slope, error = _slopes(tail, np.array([0]), len(tail))
        if slope[0] >= -STANDARD_ERRORS * error[0]:
            return start, start > first
    return None, len(losses) - first >= 3


def _falls_as_a_whole(losses: Floats) -> bool:
    slope, error = _slopes(losses, np.array([0]), len(losses))
    return bool(slope[0] < -SURE_STANDARD_ERRORS * error[0])


def _slopes(losses: Floats, starts: np.ndarray, span: int) -> tuple[Floats, Floats]:
    """Slope of each window of `span` losses and its standard error, from running sums."""
    centred = losses - losses.mean()
    places = np.arange(len(losses), dtype=np.float64)

    def window_sums(values: Floats) -> Floats:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        result: Floats = sums[starts + span] - sums[starts]
        return result

    sum_y, sum_yy = window_sums(centred), window_sums(centred**2)
    middle = starts + (span - 1) / 2
    sum_xy = window_sums(places * centred) - middle * sum_y
    sum_xx = span * (span**2 - 1) / 12
    slope = sum_xy / sum_xx
    spread = np.maximum(sum_yy - sum_y**2 / span, 0.0)
    residual = np.maximum(spread - slope * sum_xy, 0.0)
    error = np.sqrt(residual / max(span - 2, 1) / sum_xx)
    floor = SMALLEST_SPREAD * max(float(np.abs(losses).max()), 1.0)
    return slope, np.maximum(error, floor)


def read_guide(history: History, window: int) -> GuideReading:
    """Where the guide's rule stands; needs steps, but no checkpoints.

    Args:
        history: The run, with at least one step and finite losses.
        window: Steps of the running average; made smaller for a short run, and said so.
    """
    losses = np.asarray(history.losses, dtype=np.float64)
    count = len(losses)
    used = fitting_window(count, window)
    reasons = []
    if used < window:
        reasons.append(
            f"The run has only {count} steps, so the running average is over {used} instead of "
            f"{window}."
        )
    average = running_average(history.losses, used)
    first = min(history.warmup_steps, count - 1)
    span = max(3, min(max(2 * used, count // 5), count // 2))
    # A short run has too few losses in a span to tell a fall from noise: look to the run's end.
    is_short = used < window
    plateau, falls = (
        _find_short_plateau(losses, first, used)
        if is_short
        else find_plateau(losses, first, span, hold=used)
    )
    if not falls:
        plateau = None
        reasons.append(
            "The loss does not fall measurably, so the lowest point of the whole curve is taken."
        )
    elif plateau is None:
        reasons.append("The loss still falls at the end: a longer run may be better.")
    else:
        reasons.append(f"The running average stops falling at step {history.steps[plateau]}.")
    end = count if plateau is None else plateau + 1
    lowest = first + int(np.argmin(average[first:end]))
    lowest_step = history.steps[lowest]
    where = "Its lowest point" if plateau is None else "Its lowest point before that"
    reasons.append(f"{where} is step {lowest_step}, at {average[lowest]:.4g}.")
    plateau_step = None if plateau is None else history.steps[plateau]
    return GuideReading(plateau_step, lowest_step, tuple(reasons))


def _pick_by_guide(history: History, window: int) -> Pick:
    guide = read_guide(history, window)
    mark = nearest_checkpoint(history, guide.lowest_step)
    distance = (
        f"The nearest checkpoint is step {mark.step} (epoch {mark.epoch}), "
        f"{abs(mark.step - guide.lowest_step)} steps away."
    )
    return _pick(mark, [*guide.reasons, distance], guide.plateau_step, guide.lowest_step)


def _pick_by_validation(history: History) -> Pick:
    if not has_held_out(history):
        raise StateError(
            "This run measured no loss on held-out items. Set 'validate_every_steps' and hold "
            "some items out, or use the rule 'guide'."
        )
    step, loss = min(history.validation, key=lambda pair: (pair[1], pair[0]))
    mark = nearest_checkpoint(history, step)
    reasons = [
        f"The loss on held-out items is lowest at step {step}, at {loss:.4g}.",
        f"The nearest checkpoint is step {mark.step} (epoch {mark.epoch}).",
    ]
    return _pick(mark, reasons, None, step)


def has_held_out(history: History) -> bool:
    """Whether a loss was measured on items that are never trained, and not on a probe alone."""
    if history.measurements:
        return any(len(measured.held_out) for measured in history.measurements)
    return bool(history.validation)


def nearest_checkpoint(history: History, step: int) -> CheckpointMark:
    """The checkpoint nearest to a step; there must be one."""
    # Of two equally near ones the earlier is less overtrained.
    return min(history.checkpoints, key=lambda mark: (abs(mark.step - step), mark.step))


def _pick(mark: CheckpointMark, reasons: list[str], plateau: int | None, lowest: int) -> Pick:
    return Pick(mark.step, mark.epoch, mark.path, tuple(reasons), plateau, lowest)
