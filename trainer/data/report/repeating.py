"""Pictures and crops that show the same thing twice."""

from __future__ import annotations

from collections.abc import Sequence
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
    by_shot: dict[str, list[int]] = {}
    for later, crop in enumerate(crops):
        earlier_ones = by_shot.setdefault(crop.shot, [])
        earlier = _nearest_earlier(crops, looks, later, earlier_ones)
        earlier_ones.append(later)
        if earlier is not None and group[crops[earlier].item] != group[crop.item]:
            repeats.append(Repeat(False, False, earlier, later))
    return repeats


def _nearest_earlier(
    crops: Sequence[Crop], looks: Sequence[int | None], later: int, candidates: Sequence[int]
) -> int | None:
    """The nearest earlier crop of another picture, if any is near enough."""
    own, look = crops[later], looks[later]
    best: int | None = None
    limit = NEAR_CROP_DISTANCE
    for earlier in candidates:
        other, other_look = crops[earlier], looks[earlier]
        if look is None or other_look is None:
            continue
        distance = hamming_distance(look, other_look)
        if distance > limit or other.item == own.item:
            continue
        if own.view and other.view and own.view != other.view:
            continue
        # Of equally near ones the first counts.
        best, limit = earlier, distance - 1
    return best
