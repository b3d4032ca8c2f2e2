"""Masks of any size and softness, brought to a picture's size."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.data.pictures.subjects.outlines.masks import fit_mask
from trainer.errors import DatasetError


def disc(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5) < 0.3


@pytest.mark.parametrize("size", [(100, 150), (400, 600), (67, 100), (200, 304)])
def test_fit_mask_of_another_size_is_scaled(size: tuple[int, int]) -> None:
    fitted = fit_mask(disc(*size), (200, 300))
    assert fitted is not None
    assert fitted.shape == (300, 200)
    # All but the pixels on the rim.
    assert (fitted == disc(200, 300)).mean() > 0.97


def test_fit_mask_of_the_same_size_is_kept() -> None:
    mask = np.random.default_rng(1).random((30, 20)) < 0.5
    np.testing.assert_array_equal(fit_mask(mask, (20, 30)), mask)


@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_fit_mask_soft_values_are_cut_in_the_middle(scale: float) -> None:
    soft = np.linspace(0, 1, 100)[None, :].repeat(10, axis=0) * scale
    fitted = fit_mask(soft, (100, 10))
    assert fitted is not None
    assert fitted.sum() == 500


def test_fit_mask_faint_matte_is_cut_at_half_of_its_highest_value() -> None:
    soft = np.zeros((10, 10))
    soft[2:4], soft[4:8] = 0.1, 0.3
    fitted = fit_mask(soft, (10, 10))
    assert fitted is not None
    assert fitted.sum() == 40


@pytest.mark.parametrize("value", [np.zeros((64, 64)), np.full((64, 64), np.nan)])
def test_fit_mask_empty_one_of_any_shape_marks_nothing(value: np.ndarray) -> None:
    assert fit_mask(value, (200, 300)) is None


def test_fit_mask_axes_of_length_one_do_not_matter() -> None:
    assert fit_mask(np.ones((1, 1, 30, 20)), (20, 30)) is not None


@pytest.mark.parametrize("mask", [np.ones((300, 300)), np.ones((200, 300)), np.ones((150, 90))])
def test_fit_mask_of_another_shape_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(DatasetError, match=rf"{mask.shape[0]}, {mask.shape[1]}.*300 high and 200"):
        fit_mask(mask, (200, 300))


@pytest.mark.parametrize(
    "mask", [np.ones(5), np.ones((2, 3, 4)), np.array([["a"]]), np.ones((0, 4))]
)
def test_fit_mask_what_is_no_mask_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(DatasetError, match="must be"):
        fit_mask(mask, (4, 3))
