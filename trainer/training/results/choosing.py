"""One way to choose for the node and the command line: by any rule, from any source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from ...errors import ConfigError, StateError
from ..runs.history import History
from .exported_curves import is_exported
from .picking import Pick, PickRule, pick_checkpoint, read_guide
from .verdict import judge

RULES = (*get_args(PickRule), "verdict")


@dataclass(frozen=True)
class Choice:
    """The step to take, why, and the checkpoint; None for an exported curve without LoRA files."""

    step: int
    pick: Pick | None
    sentences: tuple[str, ...]


def choose(history: History, rule: str, window: int = 70) -> Choice:
    """Choose a step of a run and the checkpoint nearest to it.

    Args:
        history: The run.
        rule: "verdict", "guide", "validation" or "last".
        window: Steps of the guide's running average.

    Raises:
        ConfigError: The rule is not known or the window is below 1.
        StateError: There is nothing to choose from.
    """
    if rule not in RULES:
        raise ConfigError(f"The rule '{rule}' is not known. Use one of: {', '.join(RULES)}.")
    if not history.checkpoints and is_exported(history) and history.steps:
        return _choose_step(history, rule, window)
    if rule != "verdict":
        pick = pick_checkpoint(history, rule, window)
        return Choice(pick.step, pick, pick.reasons)
    if not history.checkpoints:
        pick_checkpoint(history, "last", window)  # says what is missing
    verdict = judge(history, window)
    mark, step = verdict.checkpoint, verdict.step
    if mark is None or step is None:
        raise StateError(f"'{history.run_folder}' has neither steps nor measurements to judge by.")
    guide = verdict.guide.plateau_step
    pick = Pick(mark.step, mark.epoch, mark.path, verdict.sentences, guide, step)
    return Choice(mark.step, pick, verdict.sentences)


def _choose_step(history: History, rule: str, window: int) -> Choice:
    """For a curve without LoRA files the answer is a step."""
    note = (
        "There are no LoRA files beside this curve: take the one saved nearest to that step, or "
        "give their folder as 'checkpoints_folder'."
    )
    if rule == "verdict":
        verdict = judge(history, window)
        return Choice(verdict.step or history.steps[-1], None, (*verdict.sentences, note))
    if rule == "validation" and history.validation:
        step, loss = min(history.validation, key=lambda pair: (pair[1], pair[0]))
        said: tuple[str, ...] = (f"The validation loss is lowest at step {step}, at {loss:.4g}.",)
        return Choice(step, None, (*said, note))
    if rule == "validation":
        raise StateError(f"'{history.run_folder}' has no validation loss. Use another rule.")
    if rule == "last":
        return Choice(history.steps[-1], None, ("It is the last step, as asked.", note))
    if window < 1:
        raise ConfigError(f"'window' must be at least 1, but is {window}. 70 is the guide's value.")
    guide = read_guide(history, window)
    return Choice(guide.lowest_step, None, (*guide.reasons, note))
