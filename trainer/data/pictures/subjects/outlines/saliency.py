"""A subject before a lively background, found by how hard it is to reach from the picture's edge.

The minimum barrier distance of a pixel is the smallest range of colour that a path from the
picture's edge to it must cross. Together with how unlike the edges' colours it is, that gives a
map; the map is cut where its two sides differ most, and thrown away when they hardly differ.

Source: J. Zhang, S. Sclaroff, Z. Lin, X. Shen, B. Price, R. Mech, "Minimum Barrier Salient Object
Detection at 80 FPS", ICCV 2015 (distance, sweeps in turn, border contrast); N. Otsu, "A Threshold
Selection Method from Gray-Level Histograms", 1979. Own code: the sweeps take whole rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .regions import Mask, label_regions

Floats = NDArray[np.float64]

_SIDE_PX = 160
_SWEEPS = 3
_BORDER = 0.08
_LEAST_PARTED = 0.89
_LEAST_AGREEMENT = 0.82
_LEAST_CONTRAST = 0.62
_LEAST_AREA, _MOST_AREA = 0.01, 0.6
_MOST_AT_EDGE = 0.3
_LEAST_IN_ONE = 0.8


def find_salient(image: Image.Image) -> Mask | None:
    """Mark what stands out [h,w], smaller than the picture; None when nothing does so clearly.

    Args:
        image: RGB [H,W].
    """
    if min(image.size) < 16:
        return None
    scale = min(1.0, _SIDE_PX / max(image.size))
    size = (max(8, round(image.width * scale)), max(8, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BOX).filter(ImageFilter.MedianFilter(5))
    colours = _opponent(np.asarray(small, dtype=np.float64))
    barrier = sum(_barrier_distance(colours[..., channel]) for channel in range(3))
    contrast = _border_contrast(colours)
    salience = _stretched(np.asarray(barrier)) + _stretched(contrast)
    raw = _stretched(salience)
    return _cut(_sharpened(colours, raw), raw >= _otsu(raw))


def _opponent(pixels: Floats) -> Floats:
    """Brightness, red against green, blue against yellow [h,w,3], on scales of like weight."""
    red, green, blue = np.moveaxis(pixels, 2, 0)
    parts = [(red + green + blue) / 3, red - green, blue - (red + green) / 2]
    return np.stack(parts, axis=2)


def _barrier_distance(channel: Floats) -> Floats:
    """Minimum barrier distance to the picture's edge of one channel [h,w], in its units."""
    distance = np.full(channel.shape, np.inf)
    distance[[0, -1]] = 0.0
    distance[:, [0, -1]] = 0.0
    parts = (distance, channel.copy(), channel.copy(), channel)
    for _ in range(_SWEEPS):
        _sweep(*parts)
        _sweep(*(part[::-1] for part in parts))
        _sweep(*(part.T for part in parts))
        _sweep(*(part.T[::-1] for part in parts))
    return distance


def _sweep(distance: Floats, highest: Floats, lowest: Floats, values: Floats) -> None:
    """Carry paths from each row to the next; writes into all but `values`."""
    for row in range(1, len(values)):
        high = np.maximum(highest[row - 1], values[row])
        low = np.minimum(lowest[row - 1], values[row])
        is_nearer = high - low < distance[row]
        distance[row, is_nearer] = (high - low)[is_nearer]
        highest[row, is_nearer] = high[is_nearer]
        lowest[row, is_nearer] = low[is_nearer]


def _border_contrast(colours: Floats) -> Floats:
    """How unlike the colours of the picture's edges each pixel is [h,w].

    Each edge counts alone, and the one that differs most is left out: the subject may cover it.
    """
    height, width = colours.shape[:2]
    rows, columns = max(2, round(_BORDER * height)), max(2, round(_BORDER * width))
    bands = (colours[:rows], colours[-rows:], colours[:, :columns], colours[:, -columns:])
    maps = []
    for band in bands:
        flat = band.reshape(-1, 3)
        spread = np.linalg.inv(np.cov(flat.T) + 25.0 * np.eye(3))
        off = colours - flat.mean(axis=0)
        maps.append(_stretched(np.sqrt(np.einsum("hwi,ij,hwj->hw", off, spread, off))))
    stack = np.stack(maps)
    return np.asarray(stack.sum(axis=0) - stack.max(axis=0))


def _stretched(values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-9))


def _sharpened(colours: Floats, salience: Floats) -> Floats:
    """Raise what has the colours of the salient part, and lower the rest [h,w], 0..1."""
    bins = np.clip((colours + np.array([0.0, 255.0, 255.0])) / [16, 24, 24], 0, 21).astype(np.int64)
    flat = (bins[..., 0] * 22 + bins[..., 1]) * 22 + bins[..., 2]
    for _ in range(2):
        inside = salience >= _otsu(salience)
        counts = [
            np.bincount(flat[part], minlength=22**3) / max(1, part.sum())
            for part in (inside, ~inside)
        ]
        odds = (counts[0] + 1e-5) / (counts[0] + counts[1] + 2e-5)
        salience = 0.5 * salience + 0.5 * odds[flat]
    height, width = salience.shape
    padded = np.pad(salience, 1, mode="edge")
    return _stretched(
        np.asarray(sum(padded[y : y + height, x : x + width] for y in range(3) for x in range(3)))
    )


def _otsu(values: Floats) -> float:
    """The cut that parts the values with the largest variance between both sides."""
    counts, edges = np.histogram(values, bins=64)
    shares = counts / counts.sum()
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(shares)
    mean_below = np.cumsum(shares * middles)
    between = (mean_below[-1] * below - mean_below) ** 2 / np.maximum(below * (1 - below), 1e-9)
    return float(edges[1 + int(np.argmax(between[:-1]))])


def _cut(salience: Floats, unsharpened: Mask) -> Mask | None:
    """Part the map in two; None where the parts are not clear.

    Source of the measure of agreement: P. Jaccard, 1912. Where colour alone decides otherwise than
    place and colour together, the map cannot be trusted.
    """
    inside = salience >= _otsu(salience)
    agreement = float((inside & unsharpened).sum() / max(1, (inside | unsharpened).sum()))
    area = float(inside.mean())
    if not _LEAST_AREA < area < _MOST_AREA:
        return None
    contrast = float(salience[inside].mean() - salience[~inside].mean())
    spread = float(salience.var())
    parted = area * (1 - area) * contrast**2 / max(spread, 1e-9)
    labels, areas = label_regions(inside)
    kept = areas >= 0.12 * areas.max()
    in_kept = float(areas[kept].sum() / areas.sum())
    mask = np.concatenate([[False], kept])[labels]
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    is_clear = (
        parted >= _LEAST_PARTED
        and agreement >= _LEAST_AGREEMENT
        and contrast >= _LEAST_CONTRAST
        and in_kept >= _LEAST_IN_ONE
        and kept.sum() <= 3
        and edge.mean() <= _MOST_AT_EDGE
    )
    return mask if is_clear else None
