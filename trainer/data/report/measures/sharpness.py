"""How wide the sharpest edges of a picture are, without a sharp picture to compare with."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SOFT_EDGES_PX = 1.2
"""Edges wider than this count as blurred.

Chosen from drawn characters and photographs that were blurred by known amounts (docs/report.md):
untouched they have 0.1 to 0.85, blurred by a Gaussian of 2 pixels 1.6 to 2.3. A blur of 1 to 1.5
pixels may fall on either side.
"""

_AGAIN_PX = 1.0
_EDGE_SHARE = 0.002
_FEWEST_EDGES = 30
_SAMPLE_STEP = 11
_SMALLEST_PX = 48
_HALVED_FROM_PX = 1.8
# Grey levels a pixel, after blurring again: below that, rounding to 8 bits makes edges of its own.
_WEAKEST_EDGE = 1.0
_NARROWEST_PX, _WIDEST_PX = 0.1, 10.0
# A slope over two pixels is that of the picture averaged over two pixels: a box of variance
# 2^2 / 12. Halving averages two neighbours: (2^2 - 1) / 12.
_SLOPE_VARIANCE = 1 / 3
_HALVING_VARIANCE = 1 / 4
_QUANTILE = 0.25


def edge_blur(grey: NDArray[np.float32]) -> float | None:
    """Width of a picture's sharp edges, as the sigma of the Gaussian that would blur a step so.

    The picture is blurred once more by a known Gaussian of s pixels. At a step edge that was
    blurred by sigma, the slope then falls to sigma / sqrt(sigma^2 + s^2) of what it was, so that
    sigma = s / sqrt(R^2 - 1), where R is the slope before over the slope after. It is taken at the
    strongest 0.2% of all pixels. Of these the lower quarter counts: a subject in focus is sharp
    however soft its background is, and plain areas have no say at all.

    Source: S. Zhuo and T. Sim, "Defocus map estimation from a single image", Pattern Recognition
    44 (2011); the share of pixels and the quartile are ours.

    Args:
        grey: float32 [H,W], grey levels from 0 to 255.

    Returns:
        Pixels from 0.1 to 10; None where too few edges are strong enough to judge by.
    """
    if min(grey.shape) < _SMALLEST_PX:
        return None
    width = _width_at(grey)
    half = min(grey.shape) // 2
    if width is None or width < _HALVED_FROM_PX or half < _SMALLEST_PX:
        return width
    # A wide edge is measured on the halved picture, where noise and rounding weigh less.
    coarser = edge_blur(_halved(grey))
    if coarser is None:
        return width
    wider = math.sqrt(max(0.0, (2 * coarser) ** 2 - _HALVING_VARIANCE))
    return min(_WIDEST_PX, max(_HALVED_FROM_PX, wider))


def _width_at(grey: NDArray[np.float32]) -> float | None:
    before = _slope(grey)
    after = _slope(_blurred(grey, _AGAIN_PX)).ravel()
    # The limit comes from a part of the pixels: sorting a million takes longer than all the rest.
    sample = after[:: _SAMPLE_STEP if after.size > _SAMPLE_STEP**5 else 1]
    share = max(_EDGE_SHARE, _FEWEST_EDGES / after.size)
    limit = max(_WEAKEST_EDGE, float(np.quantile(sample, 1 - share)))
    strongest = np.flatnonzero(after >= limit)
    if strongest.size < _FEWEST_EDGES:
        return None
    ratio = before.ravel()[strongest] / after[strongest]
    widest = 1.0 + (_AGAIN_PX / _WIDEST_PX) ** 2
    widths = _AGAIN_PX / np.sqrt(np.maximum(ratio**2, widest) - 1.0)
    variance = float(np.quantile(widths, _QUANTILE)) ** 2 - _SLOPE_VARIANCE
    return math.sqrt(max(_NARROWEST_PX**2, variance))


def _halved(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = grey.shape[0] // 2 * 2, grey.shape[1] // 2 * 2
    pairs = grey[0:rows:2, :columns] + grey[1:rows:2, :columns]
    halved: NDArray[np.float32] = (pairs[:, 0::2] + pairs[:, 1::2]) * np.float32(0.25)
    return halved


def _slope(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length of the gradient inside the border, float32 [H-2,W-2], in grey levels a pixel."""
    across = grey[1:-1, 2:] - grey[1:-1, :-2]
    down = grey[2:, 1:-1] - grey[:-2, 1:-1]
    across *= across
    down *= down
    across += down
    slope: NDArray[np.float32] = np.sqrt(across) * np.float32(0.5)
    return slope


def _blurred(grey: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Blur by a Gaussian, cut at three sigma; the border is repeated outwards."""
    reach = math.ceil(3 * sigma_px)
    places = np.arange(-reach, reach + 1)
    weights = np.exp(-(places**2) / (2 * sigma_px**2))
    weights /= weights.sum()
    for axis in (0, 1):
        widths = [(reach, reach) if one == axis else (0, 0) for one in (0, 1)]
        padded = np.pad(grey, widths, mode="edge")
        length = grey.shape[axis]
        # The kernel is symmetric: each weight is used for both sides at once.
        result = np.float32(weights[reach]) * _part(padded, axis, reach, length)
        for step in range(1, reach + 1):
            pair = _part(padded, axis, reach - step, length)
            pair = pair + _part(padded, axis, reach + step, length)
            pair *= np.float32(weights[reach + step])
            result += pair
        grey = result
    return grey


def _part(padded: NDArray[np.float32], axis: int, start: int, length: int) -> NDArray[np.float32]:
    return padded[start : start + length] if axis == 0 else padded[:, start : start + length]
