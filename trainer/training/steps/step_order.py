"""Which items belong to which step: a pure function of the step, so resuming needs only its number.

An epoch's batches come from the sampler; `accumulation` of them make a step. The last step of an
epoch may have fewer, and its loss is averaged over those it really has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...config import TrainSettings
from ...data.batches import BatchSampler


@dataclass(frozen=True)
class Step:
    """One optimizer step: its number from 0, its epoch from 0, and its batches of item numbers."""

    number: int
    epoch: int
    batches: tuple[tuple[int, ...], ...]

    @property
    def samples(self) -> int:
        """Items in all batches together."""
        return sum(len(batch) for batch in self.batches)


class StepOrder:
    """Steps of a run in order."""

    def __init__(self, sampler: BatchSampler, settings: TrainSettings) -> None:
        """Count the steps; nothing is loaded."""
        self._sampler = sampler
        self._accumulation = settings.accumulation
        self._epoch = -1
        self._batches: tuple[tuple[int, ...], ...] = ()
        self.steps_per_epoch = math.ceil(sampler.batches_per_epoch / settings.accumulation)
        wanted = settings.steps
        first = wanted if wanted else settings.epochs * self.steps_per_epoch
        # The length from each step on: it may be changed on the way.
        self._totals: list[tuple[int, int]] = [(0, first)]

    @property
    def steps_total(self) -> int:
        """Steps of the whole run, as last wished."""
        return self._totals[-1][1]

    @property
    def epochs_total(self) -> int:
        """Epochs that the steps make, a started one included."""
        return math.ceil(self.steps_total / self.steps_per_epoch)

    def set_total(self, from_step: int, total: int) -> None:
        """Change the length of the run from a step on; steps before it keep their schedule."""
        kept = [entry for entry in self._totals if entry[0] < from_step]
        self._totals = [*kept, (from_step if kept else 0, total)]

    def go_back(self, step: int) -> None:
        """Steps after `step` are done once more, with the length that was wished last."""
        self.set_total(step, self.steps_total)

    def total_at(self, number: int) -> int:
        """The length of the run that a step's learning rate goes by."""
        return [total for first, total in self._totals if first <= number][-1]

    def step(self, number: int) -> Step:
        """The step with this number, counted from 0."""
        epoch, place = divmod(number, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._sampler.epoch_batches(epoch)
        first = place * self._accumulation
        return Step(number, epoch, tuple(self._batches[first : first + self._accumulation]))

    def ends_epoch(self, steps_done: int) -> bool:
        """Whether an epoch is complete after so many steps."""
        return steps_done % self.steps_per_epoch == 0

    def epoch_of(self, steps_done: int) -> int:
        """The epoch of the last done step, counted from 1; 0 before the first step."""
        return math.ceil(steps_done / self.steps_per_epoch)
