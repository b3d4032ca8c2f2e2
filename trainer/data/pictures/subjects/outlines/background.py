"""A subject before a plain background: paper, a wall, a studio's backdrop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .regions import Mask, without_pinholes, without_specks

Floats = NDArray[np.float64]
Fitted = tuple[Floats, float]
"""The background [H,W,3] and its noise, both in 0..255."""

_LEAST_PLAIN = 0.6
_LEAST_PLAIN_ABOVE = 0.75
_TOLERANCE = 16.0
_WIDEST_START = 48.0
_LEAST_ROWS_ALIKE = 0.9
_WHOLE_EDGE, _SIDE_OF_GROUND = 0.95, 0.04
_SHADOW_BRIGHTNESS = (0.5, 1.02)
_SHADOW_TINT = 14.0
_SHADOW_SLOPE = 10.0
_MUCH_NOISE = 3.5
_MOST_LEFT_OF_GRAIN = 0.3
_SMALLEST_SIDE_PX = 16


def off_background(image: Image.Image) -> Mask | None:
    """Mark what differs from a plain background; None where the border is not plain.

    Gradients, soft shadows, sensor noise and JPEG's blocks are background, and so are a wall and a
    floor that look the same on both sides.

    Args:
        image: RGB [H,W], made small: noise is weaker then, and it takes less time.
    """
    if min(image.size) < _SMALLEST_SIDE_PX:
        return None
    pixels = np.asarray(image, dtype=np.float64)
    for fit in (_fit_whole_border, _fit_rows, _fit_upper_border):
        fitted = fit(pixels)
        if fitted is None:
            continue
        seen = pixels
        if fitted[1] > _MUCH_NOISE:
            # Neighbours are averaged, which keeps outlines within a pixel.
            soft = _averaged(image, 1)
            fitted, seen = fit(soft) or fitted, soft
        figure = _marked(seen, *fitted)
        if not _is_ground(figure):
            return figure
    return _off_grain(image, pixels)


def _off_grain(image: Image.Image, pixels: Floats) -> Mask | None:
    """Mark what differs from a background that is plain but for very strong noise."""
    soft = _averaged(image, 2)
    fitted = _fit_whole_border(soft)
    if fitted is None:
        return None
    grain = float(np.median(np.abs(pixels - soft).max(axis=2)[_border(pixels)]))
    # Averaging 25 pixels leaves a fifth of noise, but most of a texture.
    return _marked(soft, *fitted) if fitted[1] <= _MOST_LEFT_OF_GRAIN * grain else None


def _averaged(image: Image.Image, radius: int) -> Floats:
    return np.asarray(image.filter(ImageFilter.BoxBlur(radius)), dtype=np.float64)


def _marked(pixels: Floats, background: Floats, noise: float) -> Mask:
    difference = np.abs(pixels - background).max(axis=2)
    differs = difference > np.clip(12.0 + 6.0 * noise, 18.0, 40.0)
    return without_pinholes(without_specks(differs & ~_is_soft_shadow(pixels, background)))


def _fit_whole_border(pixels: Floats) -> Fitted | None:
    """Fit a smooth surface to the colour of the whole border."""
    return _fit_ring(pixels, _border(pixels), _LEAST_PLAIN, is_curved=True)


def _fit_upper_border(pixels: Floats) -> Fitted | None:
    """Fit a plane to the border's upper part: figures that are cut off cover the lower one."""
    ring = _border(pixels)
    ring[round(0.6 * len(ring)) :] = False
    return _fit_ring(pixels, ring, _LEAST_PLAIN_ABOVE, is_curved=False)


def _fit_rows(pixels: Floats) -> Fitted | None:
    """Take each row's colour from its two ends, where they agree in nearly all rows."""
    width = pixels.shape[1]
    edge = max(2, round(0.02 * width))
    ends = np.stack([pixels[:, :edge].mean(axis=1), pixels[:, -edge:].mean(axis=1)])
    apart = np.abs(ends[0] - ends[1]).max(axis=1)
    if (apart < _TOLERANCE).mean() < _LEAST_ROWS_ALIKE:
        return None
    across = np.linspace(0.0, 1.0, width)[None, :, None]
    background = ends[0][:, None] * (1 - across) + ends[1][:, None] * across
    top = np.abs(pixels[:edge] - background[:edge]).max(axis=2)
    if (top < _TOLERANCE).mean() < _LEAST_PLAIN:
        return None
    sides = np.concatenate([pixels[:, :edge], pixels[:, -edge:]], axis=1)
    theirs = np.concatenate([background[:, :edge], background[:, -edge:]], axis=1)
    return background, float(np.median(np.abs(sides - theirs).max(axis=2)))


def _border(pixels: Floats) -> Mask:
    height, width = pixels.shape[:2]
    edge = max(2, round(0.015 * max(height, width)))
    ring = np.ones((height, width), dtype=np.bool_)
    ring[edge:-edge, edge:-edge] = False
    return ring


def _is_ground(figure: Mask) -> bool:
    """Whether what was marked reaches from side to side below, as a floor does."""
    sides = figure[:, 0].mean(), figure[:, -1].mean()
    return bool(figure[-1].mean() > _WHOLE_EDGE and min(sides) > _SIDE_OF_GROUND)


def _fit_ring(pixels: Floats, ring: Mask, least: float, *, is_curved: bool) -> Fitted | None:
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
