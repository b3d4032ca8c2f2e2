"""Boxes of the crop editor: kept to the pixel, inside their picture, in their bucket's shape."""

from __future__ import annotations

import json
import random
from pathlib import Path

from trainer.data.crops.by_hand.edits import parse_crop_edits, picture_key
from trainer.data.crops.by_hand.manual_boxes import ManualBox
from trainer.data.crops.by_hand.placing import has_shape, place_box
from trainer.data.pictures.boxes import Box, Frame, fit_box
from trainer.data.pictures.buckets import GUIDE_BUCKETS, Bucket, legal_bucket
from trainer.data.pictures.media import MediaItem


def random_case(number: int) -> tuple[tuple[int, int], Bucket, Box]:
    """A picture of up to 20,000 pixels a side, a bucket, and a box that fits both."""
    draw = random.Random(number)
    picture = draw.randint(16, 20_000), draw.randint(16, 20_000)
    bucket = legal_bucket(draw.randint(64, 2048), draw.randint(64, 2048))
    frame = Frame(
        draw.uniform(1, 2 * picture[1]),
        draw.uniform(-0.2, 1.2) * picture[0],
        draw.uniform(-0.2, 1.2) * picture[1],
        draw.choice([0, 0.5, 1]),
    )
    return picture, bucket, fit_box(frame, bucket, picture)


def shares(box: Box, picture: tuple[int, int]) -> tuple[float, float, float, float]:
    """As the editor writes them: six digits."""
    width, height = picture
    values = (box.left / width, box.top / height, box.width / width, box.height / height)
    return tuple(round(value, 6) for value in values)  # type: ignore[return-value]


def test_saved_boxes_come_back_to_the_pixel() -> None:
    for number in range(3000):
        picture, bucket, box = random_case(number)
        drawn = ManualBox("x", shares(box, picture), "torso", bucket)
        assert place_box(drawn, picture, GUIDE_BUCKETS) == (bucket, box), (number, picture, box)


def test_any_box_gets_its_buckets_shape_inside_the_picture() -> None:
    for number in range(3000):
        draw = random.Random(-number)
        picture = draw.randint(64, 8000), draw.randint(64, 8000)
        left, top = draw.uniform(0, 0.9), draw.uniform(0, 0.9)
        sides = draw.uniform(0.01, 1 - left), draw.uniform(0.01, 1 - top)
        bucket, box = place_box(ManualBox("x", (left, top, *sides)), picture, GUIDE_BUCKETS)
        assert bucket in GUIDE_BUCKETS
        assert 0 <= box.left <= box.right <= picture[0]
        assert 0 <= box.top <= box.bottom <= picture[1]
        assert has_shape(box, bucket) or min(box.width, box.height) <= 2
        # Placing what was placed changes nothing.
        again = ManualBox("x", shares(box, picture), "torso", bucket)
        assert place_box(again, picture, GUIDE_BUCKETS) == (bucket, box)


def test_key_follows_from_the_pixels_alone() -> None:
    first = MediaItem(Path("a.png"), 10, 10, "0123456789abcdef" * 2, False)
    renamed = MediaItem(Path("other/b.jpg"), 10, 10, first.digest, False, "behind")
    assert picture_key(first) == picture_key(renamed) == "0123456789ab"
    text = json.dumps(
        {
            "version": 1,
            "pictures": {
                "0123456789ab": {"name": "a.png", "boxes": [[0, 0, 1, 1, "torso", "1024x1024"]]},
                "ba9876543210": {"name": "gone.png", "boxes": []},
            },
        }
    )
    edits = parse_crop_edits(text)
    assert edits.boxes_for(renamed) == edits.boxes_for(first)
    assert len(edits.boxes_for(first) or ()) == 1
    assert edits.strangers([first]) == ["gone.png"]
    other = MediaItem(Path("a.png"), 10, 10, "f" * 32, False)
    assert edits.boxes_for(other) is None


def test_picture_without_any_box_gives_no_crops() -> None:
    item = MediaItem(Path("a.png"), 10, 10, "0" * 32, False)
    edits = parse_crop_edits('{"version": 1, "pictures": {"000000000000": {"boxes": []}}}')
    assert edits.boxes_for(item) == ()
