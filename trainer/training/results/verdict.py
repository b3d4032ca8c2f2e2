"""The verdict on a run: the step to take, why that one, and whether more steps still help.

Two views are read from a run's log: the guide's rule on the training loss, and the validation curve
on items that are never trained (or, with few pictures, a probe on some that are). The held-out
items decide where there are any, because they alone see overfitting, and because at fixed noise
their differences are small against what training wins, while the training loss mostly shows
which noise level was drawn. docs/picking.md has the rules and how well they do on made-up runs.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ConfigError
from ..runs.history import CheckpointMark, History
from .judging.measured import held_out, probe
from .judging.reading import Reading, read_curve
from .judging.schedule import schedule_at
from .judging.stopping import stop_reason
from .judging.validation_view import view_held_out, view_probe
from .judging.view import ValidationView
from .judging.wording import guide_sentence, stop_sentence
from .picking import GuideReading, nearest_checkpoint, read_guide

_LEAST = 3
"""Measurements from which a curve can be read."""
_GUIDE_LATE, _GUIDE_PAST = 0.6, 2.5
"""The training loss alone stops a run in its last two fifths, long after its plateau began."""


@dataclass(frozen=True)
class GuideView:
    """Where the guide's rule stands; all None while there are no steps.

    plateau_step: where the running average stops falling. lowest_step: its lowest point before
    that. checkpoint_step: the checkpoint nearest to it.
    """

    plateau_step: int | None = None
    lowest_step: int | None = None
    checkpoint_step: int | None = None
    sentence: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a run's log says.

    decided_by: "validation", "probe", "guide", or "" while there is nothing to go by. step: the
    step to take. checkpoint: the saved LoRA nearest to it. stop_now: more steps no longer help;
    stop_reason says why, in a sentence. sentences: all of it in words.
    """

    decided_by: str = ""
    step: int | None = None
    checkpoint: CheckpointMark | None = None
    guide: GuideView = GuideView()
    validation: ValidationView | None = None
    stop_now: bool = False
    stop_reason: str = ""
    sentences: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it; the checkpoint as {step, epoch, path}."""
        record = dataclasses.asdict(self)
        if self.checkpoint is not None:
            record["checkpoint"]["path"] = self.checkpoint.path.as_posix()
        record["sentences"] = list(self.sentences)
        return record


def judge(history: History, window: int = 70) -> Verdict:
    """Judge a run, finished or not.

    Args:
        history: The run so far; may be empty.
        window: Steps of the guide's running average.

    Raises:
        ConfigError: The window is below 1.
    """
    if window < 1:
        raise ConfigError(f"'window' must be at least 1, but is {window}. 70 is the guide's value.")
    history = _finite(history)
    guide = read_guide(history, window) if history.steps else None
    unseen, seen = held_out(history), probe(history)
    reading, other, view = None, None, None
    if unseen is not None:
        reading = read_curve(unseen)
        other = None if seen is None else read_curve(seen)
        view = view_held_out(reading, unseen, other)
    elif seen is not None:
        reading = read_curve(seen)
        view = view_probe(reading, seen)
    is_read = reading is not None and (len(reading.steps) >= _LEAST or guide is None)
    if view is not None and is_read:
        decided = "validation" if unseen is not None else "probe"
        step = view.chosen_step
    elif guide is not None:
        decided, step = "guide", guide.lowest_step
    else:
        return Verdict(sentences=("There are no steps and no measurements yet.",))
    reason = _stop_reason(history, reading if is_read else None, other, guide)
    return _put_together(history, (decided, step, reason), guide, view)


def _put_together(
    history: History,
    found: tuple[str, int, str],
    guide: GuideReading | None,
    view: ValidationView | None,
) -> Verdict:
    decided, step, reason = found
    marks = history.checkpoints
    checkpoint = nearest_checkpoint(history, step) if marks else None
    guide_view = GuideView()
    if guide is not None:
        near = nearest_checkpoint(history, guide.lowest_step).step if marks else None
        sentence = guide_sentence(guide, near)
        guide_view = GuideView(guide.plateau_step, guide.lowest_step, near, sentence)
    last = stop_sentence(reason, decided, view)
    choice = f"The verdict is step {step}."
    if checkpoint is not None and checkpoint.step != step:
        choice = f"The verdict is step {step}; the nearest checkpoint is step {checkpoint.step}."
    why = {
        "validation": "The held-out items decide: they alone see whether the LoRA learns its "
        "pictures by heart.",
        "probe": "The probe decides, because nothing is held out. It cannot see overfit: trained "
        "items get better even when new pictures get worse, so look at the previews as well.",
        "guide": "The guide's rule decides, because no loss at fixed noise was measured often "
        "enough.",
    }[decided]
    parts = (choice, why, view.sentence if view else "", guide_view.sentence, last)
    return Verdict(
        decided_by=decided,
        step=step,
        checkpoint=checkpoint,
        guide=guide_view,
        validation=view,
        stop_now=bool(reason),
        stop_reason=last if reason else "",
        sentences=tuple(part for part in parts if part),
    )


def _stop_reason(
    history: History, reading: Reading | None, other: Reading | None, guide: GuideReading | None
) -> str:
    total = history.steps_total
    if reading is not None:
        schedule = schedule_at(history, float(reading.steps[-1]))
        return stop_reason(reading, other, schedule, total)
    if guide is None or guide.plateau_step is None:
        return ""
    now = history.steps[-1]
    schedule = schedule_at(history, now)
    if schedule.is_searching or schedule.is_restarted or schedule.is_low:
        return ""
    is_late = 0 < _GUIDE_LATE * total <= now
    return "plateau" if is_late and now >= _GUIDE_PAST * guide.plateau_step else ""


def _finite(history: History) -> History:
    """The run without steps whose loss is not a number."""
    losses = np.asarray(history.losses, dtype=np.float64)
    good = np.isfinite(losses)
    if good.all():
        return history
    columns = ("steps", "losses", "epochs", "learning_rates", "gradient_norms", "seconds", "ds")
    kept: dict[str, Any] = {}
    for name in columns:
        values = getattr(history, name)
        if len(values) == len(good):
            kept[name] = tuple(
                value for value, is_good in zip(values, good, strict=True) if is_good
            )
    return dataclasses.replace(history, **kept)
