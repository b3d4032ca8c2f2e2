"""Parting several subjects in one mask."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .heads import OutlineHead, find_heads
from .outlines.outline import extent
from .outlines.regions import Mask, label_regions

MOST_SUBJECTS = 4
"""More are taken as one group."""
_LEAST_HEIGHT = 0.45
_LEAST_AREA = 0.2
_SHARED_COLUMNS = 0.3
_LEAST_APART = 1.6
_MOST_UNLIKE = 1.7
_DEEPEST_WAIST = 0.6


def part_subjects(mask: Mask) -> list[Mask]:
    """Part a mask into its subjects, from left to right; small pieces go with the nearest one.

    Args:
        mask: [H,W], at least one pixel.

    Returns:
        Masks [H,W] that do not overlap; the whole one alone when there are no parts, or too many.
    """
    parts = [piece for whole in _pieces(mask) for piece in _cut_between_heads(whole)]
    parts.sort(key=lambda part: float(np.mean(np.flatnonzero(part.any(axis=0)))))
    return parts if len(parts) <= MOST_SUBJECTS else [mask]


def _pieces(mask: Mask) -> list[Mask]:
    labels, areas = label_regions(mask)
    if len(areas) < 2:
        return [mask]
    spans = [extent(labels == number + 1) for number in range(len(areas))]
    tallest = max(bottom - top for top, bottom, _, _ in spans)
    main = [
        n
        for n, (top, bottom, _, _) in enumerate(spans)
        if bottom - top >= _LEAST_HEIGHT * tallest and areas[n] >= _LEAST_AREA * areas.max()
    ]
    groups: list[list[int]] = []
    for n in main:
        mates = [g for g in groups if any(_are_stacked(spans[n], spans[m]) for m in g)]
        for mate in mates:
            groups.remove(mate)
        groups.append([n, *(m for mate in mates for m in mate)])
    if len(groups) < 2:
        return [mask]
    middles = [np.mean([sum(spans[m][2:]) / 2 for m in group]) for group in groups]
    for n in set(range(len(areas))) - set(main):
        middle = sum(spans[n][2:]) / 2
        groups[int(np.argmin([abs(middle - other) for other in middles]))].append(n)
    return [np.isin(labels, np.array(group) + 1) for group in groups]


def _are_stacked(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether two pieces share columns, as the parts of one figure do."""
    shared = min(first[3], second[3]) - max(first[2], second[2])
    return shared > _SHARED_COLUMNS * min(first[3] - first[2], second[3] - second[2])


def _cut_between_heads(mask: Mask) -> list[Mask]:
    """Part figures that touch, where each has a head of its own."""
    top, bottom, left, right = extent(mask)
    inner = mask[top:bottom, left:right]
    heads = _alike(find_heads(inner))
    if len(heads) < 2:
        return [mask]
    amounts = inner.sum(axis=0)
    cuts = []
    for one, other in pairwise(heads):
        first, last = round(one.centre_x), round(other.centre_x)
        thinnest = np.flatnonzero(amounts[first:last] == amounts[first:last].min())
        cut = first + int(thinnest[thinnest.size // 2])
        beside = min(amounts[max(0, at - 2) : at + 3].max() for at in (first, last))
        if amounts[cut] > _DEEPEST_WAIST * beside:
            return [mask]
        cuts.append(cut)
    found = []
    for start, end in zip([0, *cuts], [*cuts, inner.shape[1]], strict=True):
        part = np.zeros_like(mask)
        part[top:bottom, left + start : left + end] = inner[:, start:end]
        found.append(part)
    return found


def _alike(heads: list[OutlineHead]) -> list[OutlineHead]:
    """The heads that are about as large as the largest one, and well apart."""
    if not heads:
        return []
    largest = max(one.width for one in heads)
    kept: list[OutlineHead] = []
    for one in heads:
        if one.width * _MOST_UNLIKE < largest:
            continue
        if kept and one.centre_x - kept[-1].centre_x < _LEAST_APART * largest:
            continue
        kept.append(one)
    return kept
