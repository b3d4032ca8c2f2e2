"""Poses and heads on drawn skeletons whose joints are known."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image

from bench.shot_cases.drawing import Look, Painter, draw_skeleton
from bench.shot_cases.scenes import make_scene
from bench.shot_cases.skeletons import Map, make_skeleton
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.subjects.finding import find_subjects
from trainer.data.pictures.subjects.subject import Subject

GREY = (90, 90, 90)
SHORT = Look(GREY, GREY, GREY, GREY, GREY, "short", False, False)
SEEDS = range(700_000, 700_006)
"""Neither those that the numbers were chosen on nor those that are reported."""


def largest(image: Image.Image, mask: np.ndarray | None = None) -> Subject:
    """The largest subject of a picture."""
    return max(find_subjects(image, mask), key=lambda one: one.box.width * one.box.height)


@pytest.mark.parametrize(
    ("pose", "heads"),
    [
        *((pose, heads) for pose in ("standing", "arms out", "behind") for heads in (3, 4, 6, 8)),
        *(("walking", heads) for heads in (4, 5, 7.5, 8)),
    ],
)
def test_standing_figures_are_seen_as_such_and_their_heads_measured(
    pose: str, heads: float
) -> None:
    draw = random.Random(f"{pose}{heads}")
    bones = make_skeleton(pose, draw, heads).mapped(Map(420, (300, 40)))
    painter = Painter(Image.new("RGB", (600, 520), "white"))
    draw_skeleton(painter, bones, SHORT)
    picture, mask = painter.finish()
    subject = largest(picture, np.asarray(mask) > 127)
    assert subject.pose == "standing"
    assert subject.head is not None
    size = bones.chin[1] - bones.crown[1]
    assert abs(subject.head.chin - bones.chin[1]) < 0.2 * size
    assert abs(subject.head.top - bones.crown[1]) < 0.1 * size
    assert abs(subject.head.centre_x - bones.crown[0]) < 0.2 * size


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["sitting", "sitting sideways", "jumping", "lying"])
def test_other_poses_are_never_taken_for_standing(kind: str, seed: int) -> None:
    scene = make_scene(kind, "mask", seed)
    assert largest(scene.image, scene.mask).pose != "standing"


@pytest.mark.parametrize("seed", SEEDS)
def test_legs_without_a_body_have_no_head(seed: int) -> None:
    scene = make_scene("legs only", "plain", seed)
    for subject in find_subjects(scene.image):
        assert subject.head is None
        assert subject.pose != "standing"


@pytest.mark.parametrize("seed", SEEDS)
def test_busts_end_below_the_picture(seed: int) -> None:
    scene = make_scene("bust", "alpha", seed)
    (figure,) = scene.figures
    subject = largest(scene.image)
    if subject.head is not None:
        assert subject.is_cut_below
        assert abs(subject.head.height / figure.head - 1) < 0.3


@pytest.mark.parametrize(("size", "pose"), [((40, 200), "standing"), ((100, 150), "unknown")])
def test_a_bare_box_stands_only_if_it_is_slim(size: tuple[int, int], pose: str) -> None:
    image = Image.new("RGB", (300, 300), "white")
    (subject,) = find_subjects(image, boxes=[Box(50, 50, *size)])
    assert (subject.pose, subject.head, subject.source) == (pose, None, "boxes")
    assert subject.box == Box(50, 50, *size)
