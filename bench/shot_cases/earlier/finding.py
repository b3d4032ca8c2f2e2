"""Where version 0.1 found the subject: by a mask, transparency or a plain background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from trainer.data.pictures.boxes import Box
from trainer.data.pictures.subjects.outlines.regions import Mask, without_specks
from trainer.errors import DatasetError

_WORK_SIDE_PX = 512
_BANDS = 40
_OPAQUE_FROM = 32
_ALMOST_ALL = 0.97
_LEAST_SHARE = 0.002
_LEAST_SOLID = 0.3
_BORDER_SHARE = 0.6
_BORDER_TOLERANCE = 16.0
_SHADOW_BRIGHTNESS = (0.5, 1.02)
_SHADOW_TINT = 14.0
_SHADOW_SLOPE = 10.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Subject:
    """Where the subject is."""

    box: Box
    """Smallest box around it."""
    source: str
    """How it was found: "mask", "alpha", "background", or "picture" when it was not."""
    centres: tuple[float, ...] = ()
    """Centre of gravity across, in pixels from the picture's left, for equally high bands of the
    box from top to bottom; empty when nothing was found."""

    def centre_between(self, start: float, end: float) -> float:
        """Centre line of a part of the subject, in pixels from the picture's left.

        Args:
            start: Upper end as a share of the box's height, 0..1.
            end: Lower end, above `start`.
        """
        if not self.centres:
            return self.box.centre[0]
        first = min(int(max(start, 0.0) * len(self.centres)), len(self.centres) - 1)
        last = max(first + 1, round(end * len(self.centres)))
        return float(np.mean(self.centres[first:last]))


def find_subject(image: Image.Image, mask: ArrayLike | None = None) -> Subject:
    """Find the subject's box.

    Args:
        image: The upright picture, RGB or RGBA, [H,W].
        mask: True on the subject, bool [H,W]; an empty one is passed over.

    Raises:
        DatasetError: The mask's size is not the picture's.
    """
    if mask is not None:
        given = np.asarray(mask, dtype=np.bool_)
        if given.shape != (image.height, image.width):
            raise DatasetError(
                f"The mask has the shape {list(given.shape)}, but the picture is "
                f"{image.height} high and {image.width} wide. Connect the mask of this picture."
            )
        if given.any():
            return _subject(given, given, image, "mask")
    small = _shrink(image)
    if image.mode == "RGBA":
        opaque = np.asarray(small.getchannel("A")) >= _OPAQUE_FROM
        figure = without_specks(opaque)
        if _LEAST_SHARE < figure.mean() < _ALMOST_ALL:
            sharp = np.asarray(image.getchannel("A")) >= _OPAQUE_FROM
            return _subject(figure, sharp, image, "alpha")
    figure = _off_background(small.convert("RGB"))
    whole = Box(0, 0, image.width, image.height)
    if _LEAST_SHARE < figure.mean() < _ALMOST_ALL:
        subject = _subject(figure, figure, image, "background")
        # What reaches every edge and is full of holes is a texture or a scene; a figure that
        # was trimmed to its outline is solid.
        if subject.box.overlap(whole) < _ALMOST_ALL or figure.mean() > _LEAST_SOLID:
            return subject
    return Subject(whole, "picture")


def _shrink(image: Image.Image) -> Image.Image:
    scale = min(1.0, _WORK_SIDE_PX / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if scale == 1.0 else image.resize(size, Image.Resampling.BOX)


def _subject(figure: Mask, sharp: Mask, image: Image.Image, source: str) -> Subject:
    """Make the result from a small clean mask and, where there is one, a sharp full-size mask."""
    scale = image.width / figure.shape[1], image.height / figure.shape[0]
    top, bottom = _extent(figure, 1)
    left, right = _extent(figure, 0)
    box = Box(
        int(left * scale[0]),
        int(top * scale[1]),
        min(image.width, int(np.ceil(right * scale[0]))) - int(left * scale[0]),
        min(image.height, int(np.ceil(bottom * scale[1]))) - int(top * scale[1]),
    )
    if sharp.shape == (image.height, image.width):
        box = _tightened(box, sharp)
    return Subject(box, source, _band_centres(figure[top:bottom], scale[0]))


def _tightened(box: Box, sharp: Mask) -> Box:
    inside = sharp[box.top : box.bottom, box.left : box.right]
    top, bottom = _extent(inside, 1)
    left, right = _extent(inside, 0)
    return Box(box.left + left, box.top + top, right - left, bottom - top)


def _extent(mask: Mask, summed_axis: int) -> tuple[int, int]:
    places = np.flatnonzero(mask.any(axis=summed_axis))
    return int(places[0]), int(places[-1]) + 1


def _band_centres(figure: Mask, scale_x: float) -> tuple[float, ...]:
    height, width = figure.shape
    columns = (np.arange(width) + 0.5) * scale_x
    weights = figure.astype(np.float64)
    whole = float(weights.sum(axis=0) @ columns / weights.sum())
    centres = []
    for band in range(_BANDS):
        start = band * height // _BANDS
        part = weights[start : max(start + 1, (band + 1) * height // _BANDS)].sum(axis=0)
        centres.append(float(part @ columns / part.sum()) if part.any() else whole)
    return tuple(centres)


def _off_background(image: Image.Image) -> Mask:
    """Mark what differs from a plain background [H,W]; nothing where the border is not plain."""
    pixels = np.asarray(image, dtype=np.float64)
    nothing = np.zeros(pixels.shape[:2], dtype=np.bool_)
    if min(pixels.shape[:2]) < 16:
        return nothing
    fitted = _fit_background(pixels)
    if fitted is None:
        return nothing
    background, noise = fitted
    difference = np.abs(pixels - background).max(axis=2)
    differs = difference > np.clip(12.0 + 6.0 * noise, 18.0, 40.0)
    return without_specks(differs & ~_is_soft_shadow(pixels, background))


def _fit_background(pixels: Floats) -> tuple[Floats, float] | None:
    """Fit a smooth surface to the border's colour; None when the border has no common colour.

    A quadratic surface follows a studio backdrop's gradient; pixels of the subject that reach
    the border are left out of the fit step by step.
    """
    height, width = pixels.shape[:2]
    ring = np.ones((height, width), dtype=np.bool_)
    edge = max(2, round(0.015 * max(height, width)))
    ring[edge:-edge, edge:-edge] = False
    y, x = np.mgrid[-1.0 : 1.0 : complex(0, height), -1.0 : 1.0 : complex(0, width)]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)
    border, border_terms = pixels[ring], terms[ring]
    plain = np.abs(border - np.median(border, axis=0)).max(axis=1) < 3 * _BORDER_TOLERANCE
    surface = np.zeros((6, 3))
    off = np.zeros(len(border))
    for _ in range(5):
        if plain.mean() < _BORDER_SHARE:
            return None
        surface = np.linalg.lstsq(border_terms[plain], border[plain], rcond=None)[0]
        off = np.abs(border - border_terms @ surface).max(axis=1)
        plain = off < _BORDER_TOLERANCE
    if plain.mean() < _BORDER_SHARE:
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
