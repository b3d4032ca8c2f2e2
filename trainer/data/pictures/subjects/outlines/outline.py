"""The outline of all that is in a picture: given, see-through, off the background, or salient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from .background import off_background
from .masks import fit_mask
from .regions import Mask, without_pinholes, without_specks
from .saliency import find_salient

_WORK_SIDE_PX = 512
_OPAQUE_FROM = 32
_ALMOST_ALL = 0.97
_LEAST_SHARE = 0.002
_LEAST_SOLID = 0.3
_LEAST_FILLING = 0.08


@dataclass(frozen=True, slots=True)
class Outline:
    """What belongs to the subjects of a picture."""

    small: Mask
    """[h,w], at most 512 high or wide."""
    sharp: Mask | None
    """[H,W] of the picture, where there is one."""
    source: str
    """How it was found: "mask", "alpha", "background" or "saliency"."""


def find_outline(image: Image.Image, mask: ArrayLike | None) -> Outline | None:
    """Find what belongs to the subjects; None when nothing tells.

    Args:
        image: The upright picture, RGB or RGBA, [H,W].
        mask: See `fit_mask`; an empty one is passed over.

    Raises:
        DatasetError: The mask has another shape than the picture.
    """
    given = fit_mask(mask, image.size) if mask is not None else None
    if given is not None:
        return Outline(without_pinholes(_shrunk(given)), given, "mask")
    small = shrink(image)
    if image.mode == "RGBA":
        figure = without_pinholes(without_specks(np.asarray(small.getchannel("A")) >= _OPAQUE_FROM))
        if _LEAST_SHARE < figure.mean() < _ALMOST_ALL:
            sharp = np.asarray(image.getchannel("A")) >= _OPAQUE_FROM
            return Outline(figure, sharp, "alpha")
    plain = off_background(small.convert("RGB"))
    if plain is not None and _is_one_thing(plain):
        return Outline(plain, None, "background")
    salient = find_salient(small.convert("RGB"))
    return None if salient is None else Outline(salient, None, "saliency")


def _is_one_thing(figure: Mask) -> bool:
    if not _LEAST_SHARE < figure.mean() < _ALMOST_ALL:
        return False
    # What reaches every edge and is full of holes is a texture or a scene; a figure that was
    # trimmed to its outline is solid.
    top, bottom, left, right = extent(figure)
    spanned = (bottom - top) * (right - left) / figure.size
    if figure.sum() < _LEAST_FILLING * (bottom - top) * (right - left):
        return False
    return spanned < _ALMOST_ALL or float(figure.mean()) > _LEAST_SOLID


def shrink(image: Image.Image) -> Image.Image:
    """Make a picture small enough to work on, at most 512 pixels high or wide."""
    scale = min(1.0, _WORK_SIDE_PX / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if scale == 1.0 else image.resize(size, Image.Resampling.BOX)


def _shrunk(mask: Mask) -> Mask:
    small = np.asarray(shrink(Image.fromarray(mask.astype(np.uint8) * 255))) >= 128
    # A mask that is thinner than a pixel here is kept as it is.
    return small if small.any() else mask


def extent(mask: Mask) -> tuple[int, int, int, int]:
    """First row, row after the last, first column, column after the last; zeros when empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return 0, 0, 0, 0
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
