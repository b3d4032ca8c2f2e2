"""Heads in an outline: a round end on top, a neck or a sudden widening to the shoulders below.

Source: the rows of a figure after A. Loomis, "Figure Drawing for All It's Worth", 1943: the chin
is one head below the crown, the shoulders a third of a head below the chin. The search is own work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .outlines.regions import Mask

Floats = NDArray[np.float64]

SHOULDERS_HEADS = 1.33
"""Row of the shoulders, in heads below the crown."""
_LEAST_HEIGHT = 0.06
_DEEPEST_SHOULDERS = 0.43
_DEEPEST_IN_BUST = 0.85
_LEAST_WIDENING = 1.22
_LEAST_BROADER = 1.35
_SHORTEST_NECK, _LONGEST_NECK = 1.05, 1.75
_SLIMMEST, _LONGEST = 0.7, 2.3
_NECK = 0.72
_AS_HIGH_AS_WIDE = 0.95
_CROWN = 0.4
_MOST_ABOVE = 0.4
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


def find_heads(mask: Mask, *, is_cut: bool = False) -> list[OutlineHead]:
    """Find what may be heads in the outline of one or more figures, from left to right.

    Args:
        mask: [h,w]; its rows and columns at the ends hold something.
        is_cut: Whether the figures go on below the mask.
    """
    found = []
    for column in _peaks(mask):
        head = _trace(mask, column, is_cut=is_cut)
        if head is not None:
            found.append(head)
    return found


def guess_head(mask: Mask) -> OutlineHead | None:
    """Guess the head of a figure whose hair hides its neck: about as high as its hair is wide.

    Only for figures that are known to stand.

    Args:
        mask: [h,w] of the figure; every outer row and column holds some of it.
    """
    height, columns = mask.shape
    firsts, lasts = mask.argmax(axis=1), columns - mask[:, ::-1].argmax(axis=1)
    widths = np.maximum.accumulate(lasts - firsts)
    deep = np.flatnonzero(
        widths[: round(_DEEPEST_SHOULDERS * height)]
        <= 1.05 * np.arange(1, round(_DEEPEST_SHOULDERS * height) + 1)
    )
    deep = deep[deep >= _LEAST_HEIGHT * height]
    if deep.size == 0:
        return None
    width = float(widths[deep[0]])
    # Horns and feathers above the head are narrow.
    crown = int(np.flatnonzero(mask.sum(axis=1) >= _CROWN * width)[0])
    high = _AS_HIGH_AS_WIDE * width
    top = 0 if crown <= _MOST_ABOVE * high else crown
    chin = crown + high
    middles = (firsts + lasts)[crown : max(crown + 1, round(chin))] / 2
    shoulders = round(crown + SHOULDERS_HEADS * high)
    return OutlineHead(float(np.median(middles)), top, chin, shoulders, width)


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
    return sorted({_middle_of_top(upper, peak) for peak in peaks if upper[peak] < 0.5 * height})


def _middle_of_top(upper: NDArray[np.int64], peak: int) -> int:
    row = upper[peak]
    left = right = peak
    while left > 0 and upper[left - 1] == row:
        left -= 1
    while right < len(upper) - 1 and upper[right + 1] == row:
        right += 1
    return (left + right) // 2


def _trace(mask: Mask, column: int, *, is_cut: bool) -> OutlineHead | None:
    """Follow the outline down from one of its upper ends to the first shoulders."""
    height = mask.shape[0]
    top = int(mask[:, column].argmax())
    deepest = _DEEPEST_IN_BUST if is_cut else _DEEPEST_SHOULDERS
    widths, middles = _follow(mask, column, top, top + round(deepest * height))
    step = max(1, round(0.015 * height))
    first = max(round(_LEAST_HEIGHT * height), 2 * step)
    for shoulders in _widenings(widths, first, step):
        above = widths[: shoulders - step]
        wide = int(np.argmax(above[: max(2, round(0.9 * len(above)))]))
        width, neck = float(above[wide]), float(above[wide:].min())
        below = float(widths[shoulders : shoulders + round(0.1 * height)].max())
        has_neck = neck <= _NECK * width and below >= max(1.5 * neck, 0.85 * width)
        if not (has_neck or below >= _LEAST_BROADER * width):
            continue
        if not _SLIMMEST <= shoulders / SHOULDERS_HEADS / width <= _LONGEST:
            continue
        chin = _chin(above, wide, shoulders, None if is_cut else height - top)
        middle = float(np.median(middles[: max(1, round(chin))]))
        return OutlineHead(middle, top, top + chin, top + shoulders, width)
    return None


def _widenings(widths: Floats, first: int, step: int) -> list[int]:
    """Rows at which the outline becomes suddenly wider, from above."""
    if len(widths) < first + 2 * step + 2:
        return []
    ratio = np.ones(len(widths))
    ratio[step:-step] = widths[2 * step :] / widths[: -2 * step]
    reach = 2 * step
    return [
        row
        for row in range(first, len(widths) - step)
        if ratio[row] >= _LEAST_WIDENING
        and ratio[row] >= ratio[max(0, row - reach) : row + reach + 1].max()
    ]


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


def _chin(above: Floats, wide: int, shoulders: int, height: int | None) -> float:
    """Row of the chin below the crown: where the neck begins, else by the shoulders."""
    neck = float(above[wide:].min())
    if neck <= _NECK * above[wide]:
        narrow = np.flatnonzero(above[wide:] <= 1.12 * neck)
        start = 1.06 * (wide + int(narrow[0]))
        # Hair that hides the neck ends at the shoulders; a neck is longer.
        if _SHORTEST_NECK <= shoulders / start <= _LONGEST_NECK:
            return start
    if height is None:
        return shoulders / SHOULDERS_HEADS
    return min(shoulders / 1.08, max(shoulders / 1.4, _chin_by_shoulders(shoulders, height)))


def _chin_by_shoulders(shoulders: int, height: int) -> float:
    """Chin of a figure of this height whose shoulders lie in that row below the crown."""
    below_chin = 0.18 - 1 / 7.5
    share = below_chin / (1 - 1 / 7.5)
    return (shoulders - share * height) / (1 - share)
