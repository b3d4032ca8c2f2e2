"""When a run saves, measures and makes previews."""

from __future__ import annotations

from ..config import TrainSettings
from .steps.step_order import StepOrder


class Occasions:
    """Answers by the number of steps done; the run's very last save is not among them."""

    def __init__(self, train: TrainSettings, order: StepOrder) -> None:
        """Keep the settings and the order of steps."""
        self._train = train
        self._order = order

    @property
    def measures_at_all(self) -> bool:
        """Whether the run measures anything."""
        return self._train.validate_every_steps > 0

    def saves(self, done: int) -> bool:
        """Whether a checkpoint is due on the way."""
        return done < self._order.steps_total and self._is_checkpoint(done)

    def measures(self, done: int) -> bool:
        """Whether a measurement is due; one is always made after the last step."""
        every = self._train.validate_every_steps
        return every > 0 and (done % every == 0 or done == self._order.steps_total)

    def samples(self, done: int) -> bool:
        """Whether previews are due."""
        train = self._train
        is_last = done == self._order.steps_total
        if train.sample_at_checkpoints and (is_last or self._is_checkpoint(done)):
            return True
        by_step = _is_multiple(done, train.sample_every_steps)
        return by_step or self._ends_epochs(done, train.sample_every_epochs)

    def _is_checkpoint(self, done: int) -> bool:
        train = self._train
        by_step = _is_multiple(done, train.save_every_steps)
        return by_step or self._ends_epochs(done, train.save_every_epochs)

    def _ends_epochs(self, done: int, every: int) -> bool:
        if every == 0 or not self._order.ends_epoch(done):
            return False
        return (done // self._order.steps_per_epoch) % every == 0


def _is_multiple(done: int, every: int) -> bool:
    return every > 0 and done % every == 0
