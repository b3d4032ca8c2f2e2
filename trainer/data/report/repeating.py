"""Pictures and crops that show the same thing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..captions.captioning import Captioned
from ..crops.planning import Crop
from ..pictures.duplicates import Fingerprint, find_duplicates, hamming_distance
from ..pictures.media import MediaItem

NEAR_CROP_DISTANCE = 4
"""Most differing bits (of 64) for crops of different pictures to count as nearly the same.

Half of what pictures may differ by: crops are framed alike, so that other poses of one figure come
nearer to each other than their pictures do (docs/report.md has the distances).
"""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something that repeats something earlier; the crops are positions in the list of crops."""

    is_exact: bool
    """The same pixels."""
    is_picture: bool
    """Whole pictures repeat each other; else only these crops."""
    earlier: int
    """A crop of the earlier picture."""
    later: int
    """A crop of the later picture."""


def find_repeats(captioned: Sequence[Captioned], looks: Sequence[int | None]) -> list[Repeat]:
    """List the pictures that repeat an earlier one, then crops that do so on their own.

    Views that differ are never the same: two outlines of one figure look alike.

    Args:
        captioned: The crops.
        looks: Perceptual hash of each crop as the model sees it; None is like no other.
    """
    crops = [entry.crop for entry in captioned]
    firsts: dict[MediaItem, int] = {}
    for number, crop in enumerate(crops):
        firsts.setdefault(crop.item, number)
    items = list(firsts)
    prints = [Fingerprint(item.digest, item.look, item.view) for item in items]
    repeats: list[Repeat] = []
    # Pictures of one group were reported already; their crops are not again.
    group = {item: number for number, item in enumerate(items)}
    for match in find_duplicates(prints):
        earlier, later = items[match.earlier], items[match.later]
        group[later] = group[earlier]
        repeats.append(Repeat(match.is_exact, True, firsts[earlier], firsts[later]))
    return repeats + _repeated_crops(crops, looks, group)


def _repeated_crops(
    crops: Sequence[Crop], looks: Sequence[int | None], group: Mapping[MediaItem, int]
) -> list[Repeat]:
    """Crops that come nearest to an earlier one of the same shot from another group."""
    repeats: list[Repeat] = []
    by_shot: dict[str, list[int]] = {}
    for later, crop in enumerate(crops):
        candidates = by_shot.setdefault(crop.shot, [])
        others = [at for at in candidates if _may_repeat(crop, crops[at], group)]
        earlier = _nearest(looks, later, others)
        if earlier is not None:
            repeats.append(Repeat(False, False, earlier, later))
        candidates.append(later)
    return repeats


def _may_repeat(crop: Crop, other: Crop, group: Mapping[MediaItem, int]) -> bool:
    is_other_side = bool(crop.view and other.view and crop.view != other.view)
    return not is_other_side and group[crop.item] != group[other.item]


def _nearest(looks: Sequence[int | None], later: int, others: Sequence[int]) -> int | None:
    """The nearest of some crops, if any is near enough; of equally near ones the first."""
    own, best, limit = looks[later], None, NEAR_CROP_DISTANCE
    for earlier in others:
        look = looks[earlier]
        if own is None or look is None:
            continue
        distance = hamming_distance(own, look)
        if distance <= limit:
            best, limit = earlier, distance - 1
    return best
