"""Structural similarity of two pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIGMA, _RADIUS = 1.5, 5
_K1, _K2, _RANGE = 0.01, 0.03, 255.0

Floats = NDArray[np.float64]


def structural_similarity(first: Image.Image, second: Image.Image) -> float:
    """Mean similarity of the brightness of two pictures of one size: 1 means that they are equal.

    Source: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from
    error visibility to structural similarity", 2004, equation 13, with its Gaussian window of
    11 x 11 (deviation 1.5) wherever that fits wholly inside; own code.

    Args:
        first: At least 11 x 11 pixels.
        second: Of the same size.
    """
    x, y = (np.asarray(image.convert("L"), dtype=np.float64) for image in (first, second))
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    c1, c2 = (_K1 * _RANGE) ** 2, (_K2 * _RANGE) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return float(likeness.mean())


def _blurred(values: Floats) -> Floats:
    """Weighted means over the window, [H,W] to [H-10,W-10]."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    height, width = (side - 2 * _RADIUS for side in values.shape)
    along = sum(weight * values[n : n + height] for n, weight in enumerate(weights))
    across = sum(weight * np.asarray(along)[:, n : n + width] for n, weight in enumerate(weights))
    return np.asarray(across)
