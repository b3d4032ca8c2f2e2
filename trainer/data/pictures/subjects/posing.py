"""What an outline tells about a figure: where its head is, and whether it stands.

Only what is clear counts. A figure stands when its legs hang below its head, are slim, and part
where legs part; anything else on which a head is found is "upright".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .heads import OutlineHead, find_heads, guess_head
from .outlines.regions import Mask, label_regions
from .subject import Pose

_LYING = 1.25
_LEAST_SLIM = 1.2
_MOST_TOP_CONTACT = 0.3
_SOLID = 0.93
_SLIM_BOX = 2.2
_STANDING_HEADS = 6.4
_MOST_ASIDE = 0.12
_STANDING_LEGS = ((0.38, 0.525, 0.36), (0.6, 0.76, 0.3))
"""Where legs part or come out of a skirt, from the chin (0) to the soles (1), and how wide they may
be together as a share of the height. Between the two, thighs point at us: the figure sits."""
_WIDEST_CLOSED_LEGS = 0.2
_WIDEST_GAP = 0.03
_MOST_BELOW_TOP = 0.06
_BROADEST_BUST = 6.0
_MOST_HEADS_IN_BUST = 6.0
_LEAST_IN_ONE = 0.85
_HEADS_TALL = (2.0, 9.6)


@dataclass(frozen=True, slots=True)
class Edges:
    """Which of the picture's edges the subject's box reaches."""

    top: bool
    bottom: bool


@dataclass(frozen=True, slots=True)
class Posture:
    """What was read from an outline."""

    pose: Pose
    head: OutlineHead | None
    is_cut_below: bool = False


def read_posture(
    mask: Mask, edges: Edges, *, is_sure: bool = True, known: OutlineHead | None = None
) -> Posture:
    """Read the pose of one figure.

    Args:
        mask: [h,w], cut to the figure: every outer row and column holds some of it.
        edges: What the picture cuts off.
        is_sure: Whether the outline is; where it may be of something else, the head must be the
            uppermost part of it.
        known: The head where a face was given; it need not be found then.
    """
    height, width = mask.shape
    if known is None and edges.top and _contact(_end(mask)) > _MOST_TOP_CONTACT * width:
        return Posture("unknown", None)
    is_cut = edges.bottom and _contact(_end(mask[::-1])) > 0
    if is_cut and known is None:
        # A picture that was trimmed to its figure cuts nothing off.
        whole = _best_head(mask, is_cut=False)
        if whole is not None and _stands(mask, whole):
            return Posture("standing", whole)
    if mask.mean() > _SOLID:
        return _posture_of_box(mask, known, is_cut=is_cut)
    if width >= _LYING * height and not is_cut and known is None:
        return Posture("lying", None)
    head = known or _best_head(mask, is_cut=is_cut)
    if head is not None and not is_sure and head.top > _MOST_BELOW_TOP * height:
        head = None
    if head is not None and is_cut and width > _BROADEST_BUST * head.width and known is None:
        head = None
    if head is None:
        is_figure = not is_cut and height >= _LEAST_SLIM * width and _is_one_piece(mask)
        head = guess_head(mask) if is_figure else None
        is_sure = head is not None and _is_likely(mask, head) and _stands(mask, head)
        return Posture("standing", head) if is_sure else Posture("unknown", None)
    if is_cut and _contact(mask[-1:]) > 0.5 * head.width:
        is_sure = known is not None or _heads_tall(mask, head) < _MOST_HEADS_IN_BUST
        # Nearly all of a figure, and still no legs that part: the ground was taken for some of it.
        return Posture("standing" if is_sure else "upright", head, is_cut_below=True)
    return Posture("standing" if _stands(mask, head) else "upright", head)


def _posture_of_box(mask: Mask, known: OutlineHead | None, *, is_cut: bool) -> Posture:
    """All that a box without an outline tells is its shape, and a face in it."""
    height, width = mask.shape
    is_slim = height >= _SLIM_BOX * width
    if known is None:
        return Posture("standing" if is_slim and not is_cut else "unknown", None)
    heads = _heads_tall(mask, known)
    if is_cut or is_slim or heads >= _STANDING_HEADS:
        return Posture("standing", known, is_cut_below=is_cut and heads < _STANDING_HEADS)
    return Posture("upright", known)


def _end(mask: Mask) -> Mask:
    return mask[: max(1, round(0.02 * mask.shape[0]))]


def _contact(rows: Mask) -> float:
    """Width of what lies in the given rows, without gaps."""
    return float(rows.any(axis=0).sum())


def _best_head(mask: Mask, *, is_cut: bool) -> OutlineHead | None:
    """The head of one figure: the one nearest to the middle of the trunk below it."""
    heads = [one for one in find_heads(mask, is_cut=is_cut) if is_cut or _is_likely(mask, one)]
    if not heads:
        return None
    middle = float(np.average(np.arange(mask.shape[1]) + 0.5, weights=mask.sum(axis=0)))
    return min(heads, key=lambda one: abs(one.centre_x - middle) + 0.5 * one.top)


def _heads_tall(mask: Mask, head: OutlineHead) -> float:
    return float((mask.shape[0] - head.top) / (head.chin - head.top))


def _is_one_piece(mask: Mask) -> bool:
    _, areas = label_regions(mask)
    return bool(areas.max() >= _LEAST_IN_ONE * areas.sum())


def _is_likely(mask: Mask, head: OutlineHead) -> bool:
    return _HEADS_TALL[0] <= _heads_tall(mask, head) <= _HEADS_TALL[1]


def _stands(mask: Mask, head: OutlineHead) -> bool:
    """Whether slim legs hang below the head and part where legs part."""
    height = mask.shape[0]
    below = height - head.chin
    amounts = mask[round(head.chin + 0.6 * below) :].sum(axis=1)
    feet = mask[round(head.chin + 0.75 * below) :].sum(axis=0)
    if amounts.size == 0 or feet.sum() == 0:
        return False
    foot_x = float(np.average(np.arange(mask.shape[1]) + 0.5, weights=feet))
    if abs(foot_x - head.centre_x) > _MOST_ASIDE * height:
        return False
    width = float(np.median(amounts)) / height
    crotch = _crotch(mask, head)
    if crotch is None:
        # Legs that are apart above the feet are bent.
        is_open = _widest_gap(mask[round(head.chin + 0.5 * below) :]) > _WIDEST_GAP * height
        return width <= _WIDEST_CLOSED_LEGS and not is_open
    return any(low <= crotch <= high and width <= widest for low, high, widest in _STANDING_LEGS)


def _widest_gap(rows: Mask) -> int:
    """Most columns without mask between the outermost ones of a row."""
    spans = rows.shape[1] - rows.argmax(axis=1) - rows[:, ::-1].argmax(axis=1)
    return int(np.where(rows.any(axis=1), spans - rows.sum(axis=1), 0).max())


def _crotch(mask: Mask, head: OutlineHead) -> float | None:
    """Where the gap between the legs ends, as a share of the way from chin to soles; None without.

    The gap is followed from below, as long as it lies between two legs.
    """
    height = mask.shape[0]
    start = round(height - 0.12 * (height - head.chin))
    line = mask[start]
    places = np.flatnonzero(line)
    if places.size == 0:
        return None
    gap = np.flatnonzero(~line[places[0] : places[-1] + 1]) + places[0]
    if gap.size < max(1, 0.01 * height):
        return None
    column = int(gap[gap.size // 2])
    row = start
    while row > head.chin:
        line = mask[row]
        if line[column]:
            near = np.flatnonzero(~line[max(0, column - 3) : column + 4])
            if near.size == 0:
                break
            column = max(0, column - 3) + int(near[near.size // 2])
        left, right = line[:column], line[column:]
        if not left.any() or not right.any():
            return None
        row -= 1
    return float((row - head.chin) / (height - head.chin))
