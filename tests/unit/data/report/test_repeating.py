"""Repeated pictures and crops: found where they are, and nowhere else."""

from __future__ import annotations

from tests.unit.data.report.made_up_crops import made_up_crop, made_up_item
from trainer.data.captions.captioning import Captioned
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.media import MediaItem
from trainer.data.report.repeating import NEAR_CROP_DISTANCE, Repeat, find_repeats

SQUARE = Bucket(1024, 1024)
# Hashes that are far from each other, for pictures that only share some crops.
FAR = (0x00FF00FF00FF00FF, 0x0F0F0F0F0F0F0F0F, 0x3333333333333333)


def crop_of(item: MediaItem, shot: str = "headshot") -> Captioned:
    return Captioned(made_up_crop(item, SQUARE, shot), "a", "template")


def differing(bits: int) -> int:
    return (1 << bits) - 1


def test_near_crops_of_different_pictures_are_found() -> None:
    first, second = made_up_item(0, "front", FAR[0]), made_up_item(1, "front", FAR[1])
    entries = [crop_of(first), crop_of(first, "full_body"), crop_of(second)]
    limit = differing(NEAR_CROP_DISTANCE)
    assert find_repeats(entries, [0, 0, limit]) == [Repeat(False, False, 0, 2)]
    assert find_repeats(entries, [0, 0, differing(NEAR_CROP_DISTANCE + 1)]) == []


def test_other_shots_other_views_and_the_same_picture_are_none() -> None:
    front, behind = made_up_item(0, "front", FAR[0]), made_up_item(1, "behind", FAR[1])
    other = made_up_item(2, "", FAR[2])
    assert find_repeats([crop_of(front), crop_of(front)], [5, 5]) == []
    assert find_repeats([crop_of(front), crop_of(behind)], [5, 5]) == []
    assert find_repeats([crop_of(front), crop_of(other, "torso")], [5, 5]) == []
    # Where a view is not known, it may be the same.
    assert find_repeats([crop_of(front), crop_of(other)], [5, 5]) == [Repeat(False, False, 0, 1)]
    assert find_repeats([crop_of(front), crop_of(other)], [None, 5]) == []


def test_near_pictures_are_said_once_and_not_for_each_crop() -> None:
    items = [made_up_item(number, "front", FAR[0] ^ number) for number in range(3)]
    entries = [crop_of(item, shot) for item in items for shot in ("headshot", "torso")]
    repeats = find_repeats(entries, [0] * 6)
    assert [(repeat.is_picture, repeat.earlier, repeat.later) for repeat in repeats] == [
        (True, 0, 2),
        (True, 0, 4),
    ]


def test_equal_pixels_are_exact_whatever_the_view() -> None:
    first = made_up_item(0, "front")
    second = MediaItem(first.path.with_name("b.png"), 4000, 4000, first.digest, False, "behind")
    assert find_repeats([crop_of(first), crop_of(second)], [1, 1]) == [Repeat(True, True, 0, 1)]
