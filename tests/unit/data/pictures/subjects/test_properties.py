"""What holds for every picture: no crash, boxes inside, mirrors, scales, JPEG, masks as boxes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from bench.shot_cases.scenes import make_scene
from tests.figures import draw_figure
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.subjects.finding import find_subjects
from trainer.data.pictures.subjects.subject import Subject

KINDS = ("standing", "arms out", "sitting", "lying", "two figures", "bust")
SEED = 720_001


def far_apart(one: Box, other: Box) -> int:
    return max(abs(a - b) for a, b in zip(one.corners, other.corners, strict=True))


def mirrored(box: Box, width: int) -> Box:
    return Box(width - box.right, box.top, box.width, box.height)


def odd_pictures() -> dict[str, Image.Image]:
    draw = np.random.default_rng(5)
    noise = draw.integers(0, 256, (90, 120, 4), np.uint8)
    line = np.zeros((40, 60, 4), np.uint8)
    line[:, 30] = 255
    return {
        "one pixel": Image.new("RGB", (1, 1)),
        "1x16": Image.new("RGB", (1, 16), "white"),
        "16x1 see-through": Image.new("RGBA", (16, 1), (0, 0, 0, 0)),
        "one colour": Image.new("RGB", (200, 100), "navy"),
        "noise": Image.fromarray(noise[..., :3]),
        "noise in alpha": Image.fromarray(noise),
        "a thin line": Image.fromarray(line),
        "very wide": Image.fromarray(draw.integers(0, 256, (3, 5000, 3), np.uint8)),
        "very high": Image.fromarray(draw.integers(0, 256, (5000, 17, 3), np.uint8)),
        "half and half": Image.fromarray(
            np.repeat([[[0] * 3], [[255] * 3]], 50, 0).astype("uint8")
        ),
        "checks": Image.fromarray((np.indices((64, 64)).sum(0) % 2 * 255).astype("uint8")).convert(
            "RGB"
        ),
    }


@pytest.mark.parametrize("name", odd_pictures())
@pytest.mark.parametrize("given", ["nothing", "mask", "boxes", "faces"])
def test_odd_picture_gives_subjects_inside(name: str, given: str) -> None:
    image = odd_pictures()[name]
    width, height = image.size
    corner = Box(0, 0, max(1, width // 2), max(1, height // 2))
    mask = np.zeros((height, width))
    mask[-1, -1] = 1
    found = find_subjects(
        image,
        mask if given == "mask" else None,
        [corner] if given == "boxes" else (),
        [corner] if given == "faces" else (),
    )
    assert found
    for subject in found:
        box = subject.box
        assert min(box.left, box.top) >= 0
        assert min(box.width, box.height) >= 1
        assert box.right <= width
        assert box.bottom <= height
        assert all(0 <= centre <= width for centre in subject.centres)
        if subject.head is not None:
            assert subject.head.height > 0


@pytest.mark.parametrize("kind", KINDS)
def test_mirrored_picture_gives_mirrored_subjects(kind: str) -> None:
    image = make_scene(kind, "gradient", SEED).image
    found = find_subjects(image)
    turned = find_subjects(ImageOps.mirror(image))[::-1]
    assert len(found) == len(turned)
    for one, other in zip(found, turned, strict=True):
        assert far_apart(mirrored(other.box, image.width), one.box) <= 0.015 * max(image.size)
        assert (one.pose, one.is_cut_below) == (other.pose, other.is_cut_below)
        assert (one.head is None) == (other.head is None)
        if one.head is not None and other.head is not None:
            assert image.width - other.head.centre_x == pytest.approx(one.head.centre_x, abs=4)
            assert other.head.chin == pytest.approx(one.head.chin, abs=4)


@pytest.mark.parametrize("scale", [0.6, 1.7])
@pytest.mark.parametrize("kind", KINDS)
def test_scaled_picture_gives_scaled_subjects(kind: str, scale: float) -> None:
    image = make_scene(kind, "alpha", SEED).image
    size = (round(image.width * scale), round(image.height * scale))
    found, scaled = find_subjects(image), find_subjects(image.resize(size))
    assert len(found) == len(scaled)
    for one, other in zip(found, scaled, strict=True):
        wanted = [edge * scale for edge in one.box.corners]
        assert np.abs(np.array(other.box.corners) - wanted).max() <= 3
        assert one.pose == other.pose


@pytest.mark.parametrize("quality", [50, 70, 90])
@pytest.mark.parametrize("kind", KINDS)
def test_jpeg_moves_the_subject_by_less_than_two_percent(kind: str, quality: int) -> None:
    image = make_scene(kind, "plain", SEED).image
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    found, again = find_subjects(image), find_subjects(Image.open(stored).convert("RGB"))
    assert len(found) == len(again)
    for one, other in zip(found, again, strict=True):
        assert far_apart(one.box, other.box) <= 0.02 * max(image.size)


@pytest.mark.parametrize("box", [Box(30, 20, 60, 170), Box(10, 50, 150, 60), Box(0, 0, 199, 80)])
def test_a_box_is_as_good_as_a_mask_that_fills_it(box: Box) -> None:
    image = Image.new("RGB", (200, 200), "white")
    mask = np.zeros((200, 200), bool)
    mask[box.top : box.bottom, box.left : box.right] = True
    (by_mask,), (by_box,) = find_subjects(image, mask), find_subjects(image, boxes=[box])
    assert by_mask.box == by_box.box == box
    assert (by_mask.pose, by_mask.head) == (by_box.pose, by_box.head)


def test_outline_of_a_plain_background_is_used_inside_a_given_box() -> None:
    image = draw_figure((300, 500), (90, 60, 210, 440)).convert("RGB")
    (plain,) = find_subjects(image)
    (boxed,) = find_subjects(image, boxes=[Box(86, 56, 128, 388)])
    assert far_apart(plain.box, boxed.box) <= 2
    assert boxed.pose == plain.pose == "standing"
    assert isinstance(boxed, Subject)
    assert boxed.head is not None


@pytest.mark.parametrize("shift", [-30, 0, 45])
def test_face_moves_the_head_with_it(shift: int) -> None:
    image = Image.new("RGB", (400, 400), "white")
    face = Box(180 + shift, 60, 40, 46)
    (subject,) = find_subjects(image, boxes=[Box(100, 30, 200, 360)], faces=[face])
    assert subject.head is not None
    assert subject.head.is_from_face
    assert subject.head.centre_x == pytest.approx(200 + shift, abs=1)
    assert subject.head.chin == pytest.approx(106, abs=1)
    # The face is about three quarters of the head.
    assert 40 <= subject.head.top <= 50


def test_face_of_somebody_else_is_not_taken() -> None:
    image = Image.new("RGB", (400, 400), "white")
    (subject,) = find_subjects(image, boxes=[Box(20, 30, 80, 360)], faces=[Box(300, 60, 40, 46)])
    assert subject.head is None


def test_face_alone_gives_a_head_in_the_whole_picture() -> None:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8))
    (subject,) = find_subjects(image, faces=[Box(100, 50, 30, 38)])
    assert (subject.source, subject.pose) == ("picture", "upright")
    assert subject.box == Box(0, 0, 300, 200)
    assert subject.head is not None
    assert subject.head.chin == pytest.approx(88)
