"""Subject: found from a mask, transparency or a plain background, with known truth."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from tests.figures import add_backdrop, draw_figure
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.subjects.finding import find_subjects
from trainer.data.pictures.subjects.outlines.regions import label_regions, without_specks
from trainer.data.pictures.subjects.subject import Subject

SIZE, FIGURE = (540, 960), (120, 60, 400, 900)
TRUTH = Box(120, 60, 280, 840)


def largest(image: Image.Image, mask: np.ndarray | None = None) -> Subject:
    """The largest subject of a picture."""
    return max(find_subjects(image, mask), key=lambda one: one.box.width * one.box.height)


def assert_near(box: Box, truth: Box, pixels: int) -> None:
    pairs = zip(box.corners, truth.corners, strict=True)
    assert max(abs(one - other) for one, other in pairs) <= pixels, box


@pytest.mark.parametrize("background", [(250, 250, 250), (20, 22, 26), (60, 140, 80)])
@pytest.mark.parametrize(("slope", "shadow"), [(0, 0), (30, 0), (0, 0.3), (30, 0.3)])
def test_find_on_backdrop_with_noise_gradient_and_shadow_is_near_truth(
    background: tuple[int, int, int], slope: float, shadow: float
) -> None:
    figure = add_backdrop(draw_figure(SIZE, FIGURE, background), slope=slope, shadow=shadow, seed=1)
    stored = io.BytesIO()
    figure.save(stored, "JPEG", quality=60)
    subject = largest(Image.open(stored))
    assert subject.source == "background"
    # 1% of the height; the picture is searched at half size.
    assert_near(subject.box, TRUTH, 9)


def test_find_signature_in_a_corner_is_left_out() -> None:
    image = draw_figure(SIZE, FIGURE).convert("RGB")
    image.paste("black", (500, 930, 520, 936))
    assert_near(largest(image).box, TRUTH, 3)


def test_find_by_alpha_is_exact() -> None:
    subject = largest(draw_figure(SIZE, FIGURE, (255, 255, 255, 0)))
    assert (subject.source, subject.box) == ("alpha", TRUTH)


def test_find_by_mask_is_exact_and_comes_first() -> None:
    mask = np.zeros((960, 540), bool)
    mask[100:301, 50:71] = True
    subject = largest(draw_figure(SIZE, FIGURE, (255, 255, 255, 0)), mask)
    assert (subject.source, subject.box) == ("mask", Box(50, 100, 21, 201))
    assert subject.centre_between(0, 1) == pytest.approx(60.5)


def test_find_empty_mask_and_empty_alpha_are_passed_over() -> None:
    image = draw_figure(SIZE, FIGURE)
    assert largest(image, np.zeros((960, 540), bool)).source == "background"
    assert largest(Image.new("RGBA", SIZE, (0, 0, 0, 0))).source == "picture"


@pytest.mark.parametrize(
    "name",
    ["chelsea.png", "motorcycle_left.png", "grass.png", "brick.png", "gravel.png", "moon.png"],
)
def test_find_in_photos_without_a_clear_subject_gives_the_picture(name: str) -> None:
    with Image.open(Path(skimage.__file__).parent / "data" / name) as image:
        subject = largest(image.convert("RGB"))
    assert (subject.source, subject.box) == ("picture", Box(0, 0, image.width, image.height))
    assert subject.centre_between(0, 0.2) == image.width / 2


def test_find_in_a_photo_what_stands_out() -> None:
    with Image.open(Path(skimage.__file__).parent / "data" / "coffee.png") as image:
        subject = largest(image.convert("RGB"))
    # Cup and saucer, read off by eye.
    assert subject.source == "saliency"
    assert subject.pose == "unknown"
    assert_near(subject.box, Box(77, 16, 402, 369), 15)


def test_find_plain_picture_gives_the_picture() -> None:
    assert largest(Image.new("RGB", (300, 200), "white")).source == "picture"


def test_centre_between_follows_the_head_and_not_an_arm() -> None:
    mask = np.zeros((400, 400), bool)
    mask[0:100, 90:110] = True  # head and neck
    mask[100:200, 0:400] = True  # arms far to the right
    subject = largest(Image.new("RGB", (400, 400)), mask)
    assert subject.centre_between(0.0, 0.45) == pytest.approx(100, abs=1)
    assert subject.centre_between(0.55, 1.0) == pytest.approx(200, abs=1)


def test_regions_random_masks_agree_with_scikit_image() -> None:
    from skimage.measure import label

    draw = np.random.default_rng(3)
    for density in (0.2, 0.4, 0.6, 0.8):
        mask = draw.random((37, 53)) < density
        labels, areas = label_regions(mask)
        truth = label(mask, connectivity=2)
        # The same partition: each pair of numbers occurs together, one to one.
        pairs = set(zip(labels[mask].tolist(), truth[mask].tolist(), strict=True))
        assert len(pairs) == len(areas) == truth.max()
        assert (labels[~mask] == 0).all()
        assert sorted(areas.tolist()) == sorted(np.bincount(truth.ravel())[1:].tolist())


def test_without_specks_keeps_two_large_regions() -> None:
    mask = np.zeros((60, 60), bool)
    mask[5:30, 5:30] = mask[40:50, 40:50] = True
    wanted = mask.copy()
    mask[55, 5] = mask[2:4, 50:52] = True
    np.testing.assert_array_equal(without_specks(mask), wanted)
    assert not without_specks(np.zeros((4, 4), bool)).any()
