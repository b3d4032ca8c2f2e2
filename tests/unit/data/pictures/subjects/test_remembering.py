"""Subjects that were found once: the same again, and never those of another picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from trainer.data.pictures.boxes import Box
from trainer.data.pictures.files.loading import load_same
from trainer.data.pictures.media import MediaItem, scan_folder
from trainer.data.pictures.subjects import remembering
from trainer.data.pictures.subjects.finding import find_subjects
from trainer.data.pictures.subjects.remembering import subjects_of
from trainer.errors import DatasetError


def draw(path: Path, left: int) -> None:
    image = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(image).ellipse((left, 100, left + 80, 200), fill="navy")
    image.save(path)


@pytest.fixture
def item(tmp_path: Path) -> MediaItem:
    draw(tmp_path / "a.png", 40)
    return scan_folder(tmp_path).items[0]


def test_second_time_gives_the_same_without_searching(item: MediaItem) -> None:
    expected = find_subjects(load_same(item))
    before = remembering._remembered.cache_info()
    assert subjects_of(item) == expected
    assert subjects_of(item) == expected
    after = remembering._remembered.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses) == (1, 1)


def test_given_boxes_and_masks_are_not_mixed_up(item: MediaItem) -> None:
    plain = subjects_of(item)
    given = (Box(100, 20, 60, 200),)
    assert subjects_of(item, None, given) == find_subjects(load_same(item), None, given)
    mask = np.zeros((300, 300), dtype=np.bool_)
    mask[:100, 200:] = True
    assert subjects_of(item, mask) == find_subjects(load_same(item), mask)
    assert subjects_of(item) == plain != subjects_of(item, mask)


@pytest.mark.parametrize("what", ["another", "gone", "damaged"])
def test_picture_that_changed_is_noticed_although_it_is_remembered(
    item: MediaItem, what: str
) -> None:
    subjects_of(item)
    if what == "another":
        draw(item.path, 150)
    elif what == "gone":
        item.path.unlink()
    else:
        item.path.write_bytes(item.path.read_bytes()[:200])
    with pytest.raises(DatasetError, match=r"a\.png"):
        subjects_of(item)


def test_file_saved_again_with_the_same_pixels_is_the_same(item: MediaItem) -> None:
    found = subjects_of(item)
    Image.open(item.path).save(item.path, compress_level=0)
    assert subjects_of(item) == found
