"""A figure off its background: walls with floors, busts on the lower edge, noise, pinholes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.figures import draw_figure
from trainer.data.pictures.subjects.outlines.background import off_background
from trainer.data.pictures.subjects.outlines.regions import without_pinholes

SIZE, FIGURE = (300, 500), (90, 60, 210, 440)


def agreement(mask: np.ndarray | None, truth: np.ndarray) -> float:
    assert mask is not None
    return float((mask & truth).sum() / (mask | truth).sum())


def figure() -> tuple[Image.Image, np.ndarray]:
    drawn = draw_figure(SIZE, FIGURE, (255, 255, 255, 0))
    return drawn, np.asarray(drawn.getchannel("A")) > 0


def test_wall_and_floor_that_go_on_behind_the_figure_are_background() -> None:
    drawn, truth = figure()
    room = Image.new("RGB", SIZE, (210, 200, 180))
    room.paste((120, 90, 70), (0, 390, 300, 500))
    room.paste(drawn, mask=drawn)
    assert agreement(off_background(room), truth) > 0.97


def test_floor_alone_is_no_figure() -> None:
    room = Image.new("RGB", SIZE, (210, 200, 180))
    room.paste((120, 90, 70), (0, 390, 300, 500))
    # The left end of the floor is of another colour, so that its rows tell nothing.
    room.paste((60, 120, 70), (0, 390, 90, 500))
    assert off_background(room) is None


def test_bust_that_covers_the_lower_edge_and_half_of_the_sides_is_found() -> None:
    pixels = np.full((400, 300, 3), 235, np.uint8)
    truth = np.zeros((400, 300), bool)
    truth[60:230, 90:210] = True
    truth[230:, 10:] = True
    pixels[truth] = (60, 80, 140)
    assert agreement(off_background(Image.fromarray(pixels)), truth) > 0.97


@pytest.mark.parametrize("sigma", [4, 10, 16])
def test_noise_leaves_the_outline_in_place(sigma: float) -> None:
    drawn, truth = figure()
    paper = Image.new("RGB", SIZE, (240, 240, 238))
    paper.paste(drawn, mask=drawn)
    noise = np.random.default_rng(3).normal(0, sigma, (500, 300, 3))
    noisy = np.clip(np.asarray(paper, np.float64) + noise, 0, 255).astype(np.uint8)
    # A rim of one pixel is 6% of this figure.
    assert agreement(off_background(Image.fromarray(noisy)), truth) > 0.92


def test_pinholes_are_filled_and_gaps_between_limbs_stay() -> None:
    mask = np.zeros((100, 100), bool)
    mask[10:90, 10:90] = True
    mask[20:23, 20:23] = False
    mask[40:60, 40:60] = False
    mask[50:90, 80:82] = False
    filled = without_pinholes(mask)
    assert filled[20:23, 20:23].all()
    assert not filled[40:60, 40:60].any()
    # Open to the outside, so it is no hole.
    assert not filled[50:90, 80:82].any()
