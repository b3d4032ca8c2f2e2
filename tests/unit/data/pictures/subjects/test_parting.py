"""Several subjects in one picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bench.shot_cases.scenes import make_scene
from tests.figures import draw_figure
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.subjects.finding import find_subjects
from trainer.data.pictures.subjects.parting import part_subjects

TALL = (420, 640)


def two_figures(gap: int) -> np.ndarray:
    """Two figures 120 wide whose arms are `gap` apart; they overlap below 0."""
    mask = np.zeros((640, 420), bool)
    for left in (60, 180 + gap):
        drawn = draw_figure(TALL, (left, 40, left + 120, 600), (0, 0, 0, 0))
        mask |= np.asarray(drawn.getchannel("A")) > 0
    return mask


@pytest.mark.parametrize("gap", [40, 5, 0, -6])
def test_two_figures_are_parted_even_where_they_touch(gap: int) -> None:
    mask = two_figures(gap)
    left, right = part_subjects(mask)
    np.testing.assert_array_equal(left | right, mask)
    assert not (left & right).any()
    middles = [np.flatnonzero(part.any(axis=0)).mean() for part in (left, right)]
    assert middles == pytest.approx([120, 240 + gap], abs=6)


@pytest.mark.parametrize("seed", range(710_000, 710_008))
@pytest.mark.parametrize("kind", ["arms out", "jumping", "lying", "walking", "sitting"])
def test_one_figure_stays_one(kind: str, seed: int) -> None:
    scene = make_scene(kind, "mask", seed)
    assert len(find_subjects(scene.image, scene.mask)) == 1


def test_a_hat_in_the_air_goes_with_its_figure() -> None:
    mask = two_figures(60)
    mask[5:25, 100:140] = True
    left, right = part_subjects(mask)
    assert left[5:25, 100:140].all()
    assert not right[5:25, 100:140].any()


def test_many_things_are_one_group() -> None:
    mask = np.zeros((100, 300), bool)
    for left in range(10, 290, 50):
        mask[20:80, left : left + 20] = True
    assert len(part_subjects(mask)) == 1


def test_boxes_part_what_the_mask_holds_together() -> None:
    mask = np.ones((200, 300), bool)
    boxes = [Box(160, 10, 60, 180), Box(20, 10, 60, 180)]
    found = find_subjects(Image.new("RGB", (300, 200)), mask, boxes)
    assert [one.box for one in found] == [boxes[1], boxes[0]]
    assert {one.source for one in found} == {"mask"}


def test_faces_part_figures_whose_outline_is_one() -> None:
    mask = np.zeros((300, 400), bool)
    mask[40:280, 60:340] = True
    faces = [Box(260, 60, 40, 50), Box(100, 60, 40, 50)]
    left, right = find_subjects(Image.new("RGB", (400, 300)), mask, (), faces)
    assert left.box == Box(60, 40, 140, 240)
    assert right.box == Box(200, 40, 140, 240)
    assert left.head is not None
    assert left.head.centre_x == pytest.approx(120, abs=1)
