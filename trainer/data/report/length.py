"""How many steps a run has, and how long they take where a plan says how long one takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import ConfigError
from .epoch import Epoch


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What a memory plan knows of one optimizer step."""

    seconds: float
    """Of a step on the largest samples; 0 where the plan knows no speed, as for a CPU."""
    batch_size: int
    """Samples of a micro-batch, at least 1."""
    accumulation: int = 1
    """Micro-batches of a step, at least 1."""


@dataclass(frozen=True, slots=True)
class RunWish:
    """How long the user means to train."""

    length: int = 200
    """In `unit`, at least 1."""
    unit: str = "epochs"
    """ "epochs" or "steps"."""
    batch_size: int = 1
    """Used without a plan, at least 1."""
    accumulation: int = 1
    """Used without a plan, at least 1."""

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            ConfigError: A number is below 1, or the unit is unknown.
        """
        for name in ("length", "batch_size", "accumulation"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"{name} must be at least 1, but is {getattr(self, name)}. Change '{name}'."
                )
        if self.unit not in ("epochs", "steps"):
            raise ConfigError(f"length_unit must be epochs or steps, but is '{self.unit}'.")


@dataclass(frozen=True, slots=True)
class RunLength:
    """A run in steps, and in seconds where they are known."""

    steps_per_epoch: int
    steps: int
    """Of the whole run."""
    epochs: float
    """Of the whole run."""
    batch_size: int
    accumulation: int
    seconds: float | None = None
    """At most, since each step counts as one on the largest samples; None: not known."""
    is_planned: bool = False
    """Whether a plan was given."""


def run_length(epoch: Epoch, wish: RunWish, step: PlannedStep | None = None) -> RunLength:
    """Count a run as the training loop does, with nothing held out.

    Args:
        epoch: One epoch, with at least one sample.
        wish: How long.
        step: From a memory plan: its batch size and accumulation go before those of the wish.
    """
    batch_size = wish.batch_size if step is None else step.batch_size
    accumulation = wish.accumulation if step is None else step.accumulation
    per_epoch = math.ceil(epoch.batches(batch_size) / accumulation)
    steps = wish.length if wish.unit == "steps" else wish.length * per_epoch
    seconds = step.seconds * steps if step is not None and step.seconds > 0 else None
    return RunLength(
        per_epoch, steps, steps / per_epoch, batch_size, accumulation, seconds, step is not None
    )


def duration_words(seconds: float) -> str:
    """Such as "40 s", "12 min", "3 h 20 min" or "2 days 4 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h" if hours else f"{days} days"
