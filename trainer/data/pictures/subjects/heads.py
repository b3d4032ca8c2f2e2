"""Heads in an outline: a round end on top, a neck or a sudden widening to the shoulders below.

Source: the rows of a figure after A. Loomis, "Figure Drawing for All It's Worth", 1943: the chin
is one head below the crown, the shoulders a third of a head below the chin. The search is own work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .regions import Mask

Floats = NDArray[np.float64]

SHOULDERS_HEADS = 1.33
"""Row of the shoulders, in heads below the crown."""
_LEAST_HEIGHT = 0.06
_DEEPEST_SHOULDERS = 0.5
_LEAST_WIDENING = 1.3
_SLIMMEST, _LONGEST = 0.7, 2.3
_NECK = 0.72
_PROMINENCE = 0.03


@dataclass(frozen=True, slots=True)
class OutlineHead:
    """A head in the coordinates of a mask."""

    centre_x: float
    top: int
    chin: float
    shoulders: int
    """First row as wide as the shoulders."""
    width: float
    """Largest width of the head."""


def find_heads(mask: Mask) -> list[OutlineHead]:
    """Find what may be heads in the outline of one or more figures, from left to right.

    Args:
        mask: [h,w]; its rows and columns at the ends hold something.
    """
    found = []
    for column in _peaks(mask):
        head = _trace(mask, column)
        if head is not None:
            found.append(head)
    return found


def _peaks(mask: Mask) -> list[int]:
    """Columns of the outline's upper ends, each standing clear of what parts it from the next."""
    height = mask.shape[0]
    upper = np.where(mask.any(axis=0), mask.argmax(axis=0), height)
    clear = max(2.0, _PROMINENCE * height)
    peaks: list[int] = []
    best, lowest, is_rising = 0, 0, True
    for column, row in enumerate(upper.tolist()):
        if is_rising:
            best = column if row < upper[best] else best
            if row > upper[best] + clear:
                peaks.append(best)
                lowest, is_rising = column, False
        else:
            lowest = column if row > upper[lowest] else lowest
            if row < upper[lowest] - clear:
                best, is_rising = column, True
    if is_rising:
        peaks.append(best)
    return sorted({_middle_of_top(upper, peak) for peak in peaks if upper[peak] < 0.6 * height})


def _middle_of_top(upper: NDArray[np.int64], peak: int) -> int:
    row = upper[peak]
    left = right = peak
    while left > 0 and upper[left - 1] == row:
        left -= 1
    while right < len(upper) - 1 and upper[right + 1] == row:
        right += 1
    return (left + right) // 2


def _trace(mask: Mask, column: int) -> OutlineHead | None:
    height = mask.shape[0]
    top = int(mask[:, column].argmax())
    widths, middles = _follow(mask, column, top, top + round(_DEEPEST_SHOULDERS * height))
    step = max(1, round(0.015 * height))
    first = max(round(_LEAST_HEIGHT * height), step)
    if len(widths) < first + 2 * step + 2:
        return None
    widening = widths[2 * step :] / widths[: -2 * step]
    candidates = np.arange(first, len(widths) - step) - step
    jump = int(candidates[np.argmax(widening[candidates])])
    if widening[jump] < _LEAST_WIDENING:
        return None
    shoulders = jump + step
    above = widths[:shoulders]
    wide = int(np.argmax(above[: max(2, round(0.9 * shoulders))]))
    width = float(above[wide])
    if not _SLIMMEST <= shoulders / SHOULDERS_HEADS / width <= _LONGEST:
        return None
    chin = _chin(above, wide, shoulders)
    part = middles[: max(1, round(min(chin, shoulders)))]
    return OutlineHead(float(np.median(part)), top, top + chin, top + shoulders, width)


def _follow(mask: Mask, column: int, first: int, last: int) -> tuple[Floats, Floats]:
    """Widths and middles of the run of mask that holds the column, and of those below it."""
    left = right = column
    widths, middles = [], []
    for row in range(first, min(last, mask.shape[0])):
        line = mask[row]
        inside = np.flatnonzero(line[left : right + 1])
        if inside.size == 0:
            break
        # The run through the middlemost touching pixel.
        at = left + int(inside[inside.size // 2])
        left = at - int((~line[: at + 1][::-1]).argmax()) + 1 if not line[: at + 1].all() else 0
        beyond = ~line[at:]
        right = at + int(beyond.argmax()) - 1 if beyond.any() else len(line) - 1
        widths.append(float(right - left + 1))
        middles.append((left + right + 1) / 2)
    return np.array(widths), np.array(middles)


def _chin(above: Floats, wide: int, shoulders: int) -> float:
    """Row of the chin below the crown: where the neck begins, else by the shoulders."""
    by_shoulders = shoulders / SHOULDERS_HEADS
    neck = float(above[wide:].min())
    if neck <= _NECK * above[wide]:
        narrow = np.flatnonzero(above[wide:] <= 1.12 * neck)
        start = 1.06 * (wide + int(narrow[0]))
        # Hair that hides the neck ends at the shoulders; a neck is longer.
        if 1.12 <= shoulders / start <= 1.75:
            return start
    return by_shoulders
