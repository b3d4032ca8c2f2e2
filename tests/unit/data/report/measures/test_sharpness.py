"""Edge width: right on edges of known width, in order on pictures blurred by known amounts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tests.unit.data.report.measures.measured_pictures import (
    UNTOUCHED,
    Grey,
    blurred,
    grey,
    picture,
)
from trainer.data.report.measures.sharpness import SOFT_EDGES_PX, edge_blur

# Wanted in docs/report.md: change both.
WIDEST_UNTOUCHED, NARROWEST_BLURRED = 0.85, 1.6


def step_edges(sigma_px: float, contrast: float = 120.0) -> Grey:
    """Edges 64 pixels apart, a little slanted so that they cross pixels at every place.

    Each is the closed form of a step blurred by a Gaussian.
    """
    rows, columns = np.mgrid[0:256, 0:512]
    # Distance to the nearest edge, at right angles to it; the sign tells the side.
    along = columns - 0.1 * rows + 32.0
    side = np.where(np.floor(along / 64) % 2 == 0, 1.0, -1.0)
    distance = side * (along % 64 - 32.0) / math.hypot(1.0, 0.1)
    rise = np.vectorize(math.erf)(distance / (sigma_px * math.sqrt(2)))
    return np.round(128 + contrast / 2 * rise).astype(np.float32)


@pytest.mark.parametrize("sigma_px", [0.8, 1.0, 1.3, 1.7])
@pytest.mark.parametrize(("contrast", "within"), [(160.0, 0.08), (60.0, 0.15)])
def test_width_of_a_blurred_step_is_its_sigma(
    sigma_px: float, contrast: float, within: float
) -> None:
    # Rounding to 8 bits weighs more on faint edges.
    assert edge_blur(step_edges(sigma_px, contrast)) == pytest.approx(sigma_px, rel=within)


@pytest.mark.parametrize("sigma_px", [2.2, 3.0, 4.0, 6.0])
def test_wide_edges_are_measured_on_smaller_copies(sigma_px: float) -> None:
    assert edge_blur(step_edges(sigma_px)) == pytest.approx(sigma_px, rel=0.15)


@pytest.mark.parametrize("name", UNTOUCHED)
def test_more_blur_always_measures_wider(name: str) -> None:
    widths = [
        edge_blur(blurred(picture(name), sigma)) for sigma in (0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 6, 8)
    ]
    found = [width for width in widths if width is not None]
    assert len(found) == len(widths)
    assert all(low < high for low, high in itertools.pairwise(found))


@pytest.mark.parametrize("name", UNTOUCHED)
def test_sharp_pictures_and_those_blurred_by_two_pixels_stand_apart(name: str) -> None:
    sharp, soft = edge_blur(blurred(picture(name), 0)), edge_blur(blurred(picture(name), 2))
    assert sharp is not None
    assert soft is not None
    assert sharp < WIDEST_UNTOUCHED < SOFT_EDGES_PX
    assert SOFT_EDGES_PX < NARROWEST_BLURRED < soft


@pytest.mark.parametrize("name", UNTOUCHED)
def test_grain_over_a_blurred_picture_does_not_make_it_sharp(name: str) -> None:
    noise = np.random.default_rng(3).normal(0, 1.5, grey(picture(name)).shape)
    grainy = np.clip(np.round(blurred(picture(name), 2) + noise), 0, 255).astype(np.float32)
    width = edge_blur(grainy)
    assert width is not None
    assert width > SOFT_EDGES_PX


def test_a_sharp_subject_before_a_soft_background_is_sharp() -> None:
    whole = grey(picture("astronaut.png"))
    soft = gaussian_filter(whole, 6)
    rows, columns = np.mgrid[0:512, 0:512]
    subject = (rows - 110) ** 2 + (columns - 225) ** 2 < 90**2
    width = edge_blur(np.where(subject, whole, soft).astype(np.float32))
    assert width is not None
    assert width < WIDEST_UNTOUCHED


@pytest.mark.parametrize("shape", [(300, 300), (47, 400), (1, 1), (0, 9)])
def test_nothing_to_judge_by_gives_none(shape: tuple[int, int]) -> None:
    assert edge_blur(np.full(shape, 200, np.float32)) is None


def test_the_smallest_pictures_do_not_break_it() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (48, 48)).astype(np.float32)
    width = edge_blur(pixels)
    assert width is not None
    assert 0.1 <= width <= 10
