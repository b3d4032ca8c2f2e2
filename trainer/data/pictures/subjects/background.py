"""A subject before a plain background: paper, a wall, a studio's backdrop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .regions import Mask, without_pinholes, without_specks

Floats = NDArray[np.float64]

_LEAST_PLAIN = 0.6
_LEAST_PLAIN_ABOVE = 0.75
_TOLERANCE = 16.0
_WIDEST_START = 48.0
_SHADOW_BRIGHTNESS = (0.5, 1.02)
_SHADOW_TINT = 14.0
_SHADOW_SLOPE = 10.0
_MUCH_NOISE = 3.5
_SMALLEST_SIDE_PX = 16


def off_background(image: Image.Image) -> Mask | None:
    """Mark what differs from a plain background; None where the border is not plain.

    Gradients, soft shadows, sensor noise and JPEG's blocks are background.

    Args:
        image: RGB [H,W], made small: noise is weaker then, and it takes less time.
    """
    if min(image.size) < _SMALLEST_SIDE_PX:
        return None
    pixels = np.asarray(image, dtype=np.float64)
    fitted = _fit_background(pixels)
    if fitted is None:
        return None
    if fitted[1] > _MUCH_NOISE:
        # Neighbours are averaged, which keeps outlines within a pixel.
        pixels = np.asarray(image.filter(ImageFilter.BoxBlur(1)), dtype=np.float64)
        fitted = _fit_background(pixels) or fitted
    background, noise = fitted
    difference = np.abs(pixels - background).max(axis=2)
    differs = difference > np.clip(12.0 + 6.0 * noise, 18.0, 40.0)
    return without_pinholes(without_specks(differs & ~_is_soft_shadow(pixels, background)))


def _fit_background(pixels: Floats) -> tuple[Floats, float] | None:
    """Fit a smooth surface to the border's colour; None when the border has no common colour.

    The lower edge may be covered: figures that are cut off stand on it.
    """
    height, width = pixels.shape[:2]
    edge = max(2, round(0.015 * max(height, width)))
    around = np.ones((height, width), dtype=np.bool_)
    around[edge:-edge, edge:-edge] = False
    above = around.copy()
    above[round(0.6 * height) :] = False
    for ring, least in ((around, _LEAST_PLAIN), (above, _LEAST_PLAIN_ABOVE)):
        fitted = _fit_ring(pixels, ring, least, is_curved=ring is around)
        if fitted is not None:
            return fitted
    return None


def _fit_ring(
    pixels: Floats, ring: Mask, least: float, *, is_curved: bool
) -> tuple[Floats, float] | None:
    """Fit a surface of second order (or a plane) to the colours of the marked pixels.

    Pixels of the subject that reach the border are left out of the fit step by step.
    """
    height, width = pixels.shape[:2]
    y, x = np.mgrid[-1.0 : 1.0 : complex(0, height), -1.0 : 1.0 : complex(0, width)]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y][: 6 if is_curved else 3], axis=2)
    border, border_terms = pixels[ring], terms[ring]
    plain = np.abs(border - np.median(border, axis=0)).max(axis=1) < _WIDEST_START
    surface = np.zeros((terms.shape[2], 3))
    off = np.zeros(len(border))
    for _ in range(5):
        if plain.mean() < least:
            return None
        surface = np.linalg.lstsq(border_terms[plain], border[plain], rcond=None)[0]
        off = np.abs(border - border_terms @ surface).max(axis=1)
        plain = off < _TOLERANCE
    if plain.mean() < least:
        return None
    return np.clip(terms @ surface, 0.0, 255.0), float(np.median(off[plain]))


def _is_soft_shadow(pixels: Floats, background: Floats) -> Mask:
    """Mark what is the background only darker, and without an edge [H,W]."""
    # Least-squares share of the background's colour, and what it leaves unexplained.
    brightness = (pixels * background).sum(axis=2) / np.maximum((background**2).sum(axis=2), 1.0)
    tint = np.abs(pixels - brightness[..., None] * background).max(axis=2)
    grey = pixels.mean(axis=2)
    slope = np.maximum(*(np.abs(part) for part in np.gradient(grey)))
    darker = (brightness > _SHADOW_BRIGHTNESS[0]) & (brightness < _SHADOW_BRIGHTNESS[1])
    is_light = background.mean(axis=2) > 60.0
    result: Mask = is_light & darker & (tint < _SHADOW_TINT) & (slope < _SHADOW_SLOPE)
    return result
