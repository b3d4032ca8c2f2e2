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
    return repeats + [
        repeat
        for later in range(len(crops))
        for repeat in _repeated_crop(crops, looks, later)
        if group[crops[repeat.earlier].item] != group[crops[later].item]
    ]


def _repeated_crop(crops: Sequence[Crop], looks: Sequence[int | None], later: int) -> list[Repeat]:
    """The nearest earlier crop of another picture, if any is near enough."""
    own, look = crops[later], looks[later]
    if look is None:
        return []
    best: tuple[int, int] | None = None
    for earlier, other in enumerate(crops[:later]):
        other_look = looks[earlier]
        is_other_side = bool(own.view and other.view and own.view != other.view)
        if other_look is None or other.item == own.item or is_other_side or other.shot != own.shot:
            continue
        distance = hamming_distance(look, other_look)
        if distance <= NEAR_CROP_DISTANCE and (best is None or distance < best[0]):
            best = (distance, earlier)
    return [] if best is None else [Repeat(False, False, best[1], later)]
