"""Damage by JPEG: how much of it is left in a crop after resizing."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DAMAGED_LEVELS = 6.0
"""Error in grey levels from which on a crop counts as damaged.

Photographs that are neither enlarged nor made smaller reach it at qualities of 15 to 80, half of
them above 60; made half as large, at 20 at most; flat drawings at 5 to 45. Files of quality 95 stay
below 2.2 (docs/report.md).
"""
SEAM_LEVELS = 1.0
"""Mean step over the borders of 8x8 blocks, beyond that of their neighbours, from which on a file
that is no JPEG counts as having been one. Pictures that never were one stay below 0.6."""

_BLOCK = 8
_TILE = 16
_WORST_SHARE = 0.25
_LARGEST_STEP = 8.0
_FEWEST_BORDERS = 12
_TRIED_QUALITIES = (10, 15, 20, 30, 40, 50, 60, 70)

Tables = list[int]


def read_tables(path: Path) -> Tables | None:
    """Read the quantisation steps of a JPEG's brightness, 64 numbers; None for other files.

    Only the header is read. A file that cannot be opened has none: what is wrong with it is said
    where its pixels are read.
    """
    try:
        with Image.open(path) as image:
            tables = getattr(image, "quantization", None)
    except (OSError, SyntaxError, ValueError):
        return None
    return list(tables[0]) if tables and 0 in tables else None


def quality_of(tables: Tables) -> int:
    """The IJG quality (1..100) whose brightness table is about as coarse.

    Source: the scaling of the Independent JPEG Group's library: 5000 / q below quality 50, and
    200 - 2 q from there on, in percent of the table in ITU-T T.81, annex K.
    """
    # Steps end at 255, so those that reached it say nothing of the scale.
    pairs = [pair for pair in zip(tables, _standard_tables(50), strict=True) if pair[0] < 255]
    if not pairs:
        return 1
    percent = 100.0 * sum(own for own, _ in pairs) / sum(known for _, known in pairs)
    quality = 5000.0 / percent if percent > 100.0 else (200.0 - percent) / 2.0
    return max(1, min(100, round(quality)))


def lasting_damage(part: Image.Image, tables: Tables, size: tuple[int, int]) -> float:
    """Estimate how far compression moved a crop's grey levels from the truth, after resizing.

    The decoded part is moved by half a block, compressed again with the same tables, and the
    change is resized as the crop is: the same coarseness loses about as much of the same content.
    Moved, because on the old grid compressing again would change nothing.

    Source: the calibration by cropping four pixels of J. Fridrich, M. Goljan and D. Hogea,
    "Steganalysis of JPEG images", 2002, there for histograms; used for the error by us.

    Args:
        part: The crop in the picture's own pixels, mode "L".
        tables: Quantisation steps of the brightness.
        size: Width and height of the crop in training, in pixels.

    Returns:
        Root mean square error in grey levels over the most damaged quarter of the crop, so that
        the empty paper around a drawing does not make it look whole. Brightness only.
    """
    half = _BLOCK // 2
    if min(part.size) < 4 * _BLOCK:
        return 0.0
    moved = part.crop((half, half, part.width - half, part.height - half))
    again = _compressed(moved, tables)
    change = np.asarray(moved, np.float32) - np.asarray(again, np.float32)
    resized = Image.fromarray(change).resize(size, Image.Resampling.LANCZOS)
    return _worst_quarter(np.asarray(resized))


def seam_step(grey: NDArray[np.float32]) -> float:
    """Measure the steps over the borders of 8x8 blocks, in grey levels beyond their neighbours'.

    For each of the 8 places that a border may have, the step over it less the mean of the steps
    beside it, where there is any step at all. The place that stands out counts, by the median over
    its borders: lines of the picture itself fall on few of them. Both directions must show it.

    Source: after Z. Wang, A. Bovik and B. Evans, "Blind measurement of blocking artifacts in
    images", ICIP 2000, and the use of unknown grid places common in forensics; own code.

    Args:
        grey: float32 [H,W], the picture in its own pixels, grey levels from 0 to 255.

    Returns:
        0 and more; 0 where the picture is too small.
    """
    return max(0.0, min(_seams_along(grey), _seams_along(np.ascontiguousarray(grey.T))))


def tables_like(grey: NDArray[np.float32], step: float) -> Tables:
    """Find tables that leave seams as strong as those found, for a picture that is no JPEG now.

    Args:
        grey: float32 [H,W] as for `seam_step`.
        step: What `seam_step` measured.
    """
    moved = Image.fromarray(grey.astype(np.uint8)[4:-4, 4:-4])
    nearest = min(_TRIED_QUALITIES, key=lambda quality: abs(_seams_at(moved, quality) - step))
    return _standard_tables(nearest)


def _seams_at(moved: Image.Image, quality: int) -> float:
    again = _compressed(moved, _standard_tables(quality))
    return seam_step(np.asarray(again, np.float32))


def _standard_tables(quality: int) -> Tables:
    stored = BytesIO()
    Image.new("L", (8, 8)).save(stored, "JPEG", quality=quality)
    with Image.open(stored) as image:
        return list(image.quantization[0])


def _compressed(image: Image.Image, tables: Tables) -> Image.Image:
    stored = BytesIO()
    image.save(stored, "JPEG", qtables=[tables])
    return Image.open(stored).convert("L")


def _worst_quarter(error: NDArray[np.float32]) -> float:
    rows, columns = error.shape[0] // _TILE, error.shape[1] // _TILE
    if not rows or not columns:
        return float(np.sqrt((error**2).mean()))
    squares = error[: rows * _TILE, : columns * _TILE] ** 2
    tiles = squares.reshape(rows, _TILE, columns, _TILE).mean(axis=(1, 3)).ravel()
    worst = max(1, math.ceil(tiles.size * _WORST_SHARE))
    return float(np.sqrt(np.partition(tiles, -worst)[-worst:].mean()))


def _seams_along(grey: NDArray[np.float32]) -> float:
    """Seams between columns."""
    steps = np.abs(np.diff(grey, axis=1))
    beside = steps[:, :-2] + steps[:, 2:]
    middle = steps[:, 1:-1]
    excess = np.clip(middle - beside / 2, -_LARGEST_STEP, _LARGEST_STEP)
    busy = (middle + beside) > 0
    counts = busy.sum(axis=0)
    # A border that is nearly all plain says nothing about the rest.
    counted = counts >= max(8, grey.shape[0] // 50)
    means = np.where(counted, (excess * busy).sum(axis=0) / np.maximum(counts, 1), np.nan)
    levels = []
    for place in range(_BLOCK):
        own = means[place::_BLOCK]
        own = own[~np.isnan(own)]
        levels.append(float(np.median(own)) if own.size >= _FEWEST_BORDERS else 0.0)
    strongest = int(np.argmax(levels))
    others = levels[:strongest] + levels[strongest + 1 :]
    return levels[strongest] - float(np.median(others))
