"""The report on a dataset: all that is known of it before it is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...errors import DatasetError
from ..captions.captioning import Captioned
from ..dataset.reading import Dataset
from .epoch import Epoch, plan_epoch
from .findings import Finding, find_all
from .judging import CropState, judge
from .length import PlannedStep, RunLength, RunWish, run_length
from .looking import Progress, look_at_crops
from .repeating import Repeat, find_repeats
from .traits import TraitCount, count_traits


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What the report is to say."""

    run: RunWish = field(default_factory=RunWish)
    """How long training is meant to go on."""
    step: PlannedStep | None = None
    """What a memory plan knows of a step."""
    traits: tuple[str, ...] = ()
    """Traits to count; empty takes what the captions share."""


@dataclass(frozen=True, slots=True, eq=False)
class DatasetReport:
    """A dataset, looked at."""

    captioned: tuple[Captioned, ...]
    states: tuple[CropState, ...]
    """One for each crop."""
    repeats: tuple[Repeat, ...]
    """Pictures and crops that repeat others."""
    epoch: Epoch
    length: RunLength
    traits: tuple[TraitCount, ...]
    findings: tuple[Finding, ...]
    """The worst first."""

    @property
    def pictures(self) -> int:
        """Pictures that the crops come from."""
        return len({entry.crop.item.digest for entry in self.captioned})

    def repeated_by(self) -> dict[int, int]:
        """For each crop that repeats an earlier one: which."""
        return {repeat.later: repeat.earlier for repeat in self.repeats}


def make_report(
    captioned: Sequence[Captioned],
    dataset: Dataset | None = None,
    wish: ReportWish | None = None,
    on_progress: Progress | None = None,
) -> DatasetReport:
    """Look at every crop once, count an epoch, and say what was found.

    Args:
        captioned: The crops with their captions; at least one.
        dataset: What was built from them; None takes the repeats that building would choose.
        wish: Length of the run, plan and traits; None takes the defaults.
        on_progress: Called with (done, total, file name) after each picture; may raise to stop.

    Raises:
        DatasetError: There are no crops, or a picture is missing, damaged or has changed.
    """
    if not captioned:
        raise DatasetError("There are no crops to report on. Check the crop plan.")
    wish = wish or ReportWish()
    looks = look_at_crops(captioned, on_progress)
    states = [judge(entry.crop, look) for entry, look in zip(captioned, looks, strict=True)]
    repeats = find_repeats(captioned, [look.look for look in looks])
    epoch = plan_epoch(captioned, dataset)
    traits = count_traits(captioned, epoch.repeats, wish.traits)
    return DatasetReport(
        tuple(captioned),
        tuple(states),
        tuple(repeats),
        epoch,
        run_length(epoch, wish.run, wish.step),
        tuple(traits),
        tuple(find_all(captioned, states, repeats, epoch, traits)),
    )


def choose_for_full_size(report: DatasetReport, count: int) -> list[int]:
    """Choose crops to look at as the model sees them: the worst first, then some of each bucket.

    Args:
        report: The report.
        count: How many at most, 0 or more.

    Returns:
        Positions of crops, each once.
    """
    order = sorted(range(len(report.states)), key=lambda number: -report.states[number].badness)
    chosen = [number for number in order if report.states[number].badness > 0][:count]
    taken = set(chosen)
    waiting: dict[object, list[int]] = {}
    for number, entry in enumerate(report.captioned):
        if number not in taken:
            waiting.setdefault(entry.crop.bucket, []).append(number)
    while len(chosen) < count and waiting:
        for bucket in list(waiting)[: count - len(chosen)]:
            chosen.append(waiting[bucket].pop(0))
            if not waiting[bucket]:
                del waiting[bucket]
    return chosen
