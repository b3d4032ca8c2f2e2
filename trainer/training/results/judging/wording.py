"""The verdict's sentences."""

from __future__ import annotations

from ..picking import GuideReading
from .reading import Reading
from .view import ValidationView

_GOES_ON = "More steps may still help."
_NOT_YET = "The overfit has not lasted long enough yet to say stop."
_STOP = {
    "overfit": "More steps no longer help: held-out items get worse while trained items still "
    "get better, so the LoRA learns its pictures by heart.",
    "rising": "More steps no longer help: the loss has risen for good since its best point.",
    "plateau": "More steps no longer help: the loss has not fallen for most of the run.",
    "nothing": "More steps will hardly help: three quarters of them are done and nothing "
    "measurable was learnt. Look at captions, learning rate and rank before the next run.",
}


def stop_sentence(reason: str, decided_by: str, view: ValidationView | None) -> str:
    """Why to stop, or that there is no reason yet."""
    if not reason:
        return _NOT_YET if view is not None and view.overfit_since is not None else _GOES_ON
    since = view.plateau_since if reason == "plateau" and view and decided_by != "guide" else None
    tail = "" if since is None else f" It is flat since step {since}."
    return _STOP[reason] + tail


def guide_sentence(guide: GuideReading, checkpoint: int | None) -> str:
    """The guide's rule in one sentence or two."""
    text = " ".join(["Guide's rule:", *guide.reasons])
    return text if checkpoint is None else f"{text} The nearest checkpoint is step {checkpoint}."


def held_out_sentence(reading: Reading, items: int, view: ValidationView, has_probe: bool) -> str:
    """What the held-out items show; of runs that logged only their mean, `items` is 0."""
    whom = f"{items} held-out {_items(items)}" if items else "the held-out items"
    parts = [_lowest(reading, whom, view)]
    if view.chosen_step != view.best_step:
        parts.append(f"Step {view.chosen_step} is as good within the error and earlier.")
    if view.overfit_since is not None:
        parts.append(
            f"Since step {view.overfit_since} they get worse while trained items get better: "
            "overfit."
        )
    elif view.plateau_since is not None:
        parts.append(f"No measurable gain since step {view.plateau_since}.")
    if 0 < items < 3:
        parts.append("So few items say little of other pictures.")
    if not has_probe:
        parts.append("Without a probe on trained items their gap cannot show overfit.")
    return " ".join(parts)


def probe_sentence(reading: Reading, items: int, view: ValidationView, is_level: bool) -> str:
    """What the probe shows."""
    parts = [_lowest(reading, f"{items} trained {_items(items)}", view)]
    if reading.trend.has_learnt:
        parts.append(
            f"No measurable gain since step {view.plateau_since}; nearly all of it is won by step "
            f"{view.chosen_step}."
            if is_level
            else f"It still falls, perhaps because it is learnt by heart; it bends most at step "
            f"{view.chosen_step}."
        )
    return " ".join(parts)


def _lowest(reading: Reading, whom: str, view: ValidationView) -> str:
    count = len(reading.steps)
    if count == 1:
        return f"Measured once on {whom}: {view.best_loss:.4g} at step {view.best_step}."
    text = f"On {whom} the loss is lowest at step {view.best_step}, {view.best_loss:.4g}"
    first, gain = int(reading.steps[0]), reading.losses.gain
    if gain <= 0:
        return f"{text}; no step is better than step {first}."
    text += f", {gain:.2g} ± {view.best_error:.1g} below step {first}."
    if count >= 3 and not reading.trend.has_learnt:
        text += " That may be chance."
    return text


def _items(count: int) -> str:
    return "item" if count == 1 else "items"
