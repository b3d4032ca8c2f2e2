"""What given faces tell: where the heads are, and where figures that touch are to be parted.

Source: the face from brow to chin takes about three quarters of the head's height, L. da Vinci's
and A. Loomis's canons; face detectors mark from the forehead to the chin.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..boxes import Box
from .heads import SHOULDERS_HEADS, OutlineHead
from .outlines.regions import Mask

_FACE_OF_HEAD = 0.76
_LEAST_APART = 1.2
_MOST_HAIR = 0.35
_HALF_WIDTH = 0.38
"""Of a head from temple to temple, as a share of its height."""


def head_of_face(
    faces: Sequence[Box],
    box: Box,
    figure: Mask | None,
    origin: tuple[int, int],
    scale: tuple[float, float],
) -> OutlineHead | None:
    """Tell a figure's head from its face; None when none of the faces is its own.

    Args:
        faces: In pixels of the picture.
        box: Of the figure, in pixels of the picture.
        figure: Its outline [h,w], cut to the box.
        origin: Column and row of the outline's corner in the small mask.
        scale: Pixels of the picture for each pixel of the small mask, across and down.

    Returns:
        In the coordinates of the outline.
    """
    mine = [face for face in faces if _is_in(face, box)]
    if not mine:
        return None
    face = min(mine, key=lambda one: one.top)
    height = face.height / _FACE_OF_HEAD
    top = face.bottom - height
    x = face.centre[0] / scale[0] - origin[0]
    row, chin = top / scale[1] - origin[1], face.bottom / scale[1] - origin[1]
    tall = height / scale[1]
    if figure is not None and figure.any() and not figure.all():
        row = _crown(figure, x, row, tall)
    row = max(0.0, row)
    shoulders = row + SHOULDERS_HEADS * (chin - row)
    return OutlineHead(x, round(row), chin, round(shoulders), 0.8 * tall)


def _crown(figure: Mask, x: float, row: float, tall: float) -> float:
    """The outline's highest row above a head, where it lies near the row that the face tells.

    A face that is turned aside does not lie below the crown, so the whole width of the head is
    looked over. High hair belongs to the head; a hand or a hat's feather does not.
    """
    reach = _HALF_WIDTH * tall
    first, last = max(0, round(x - reach)), min(figure.shape[1], round(x + reach) + 1)
    above = figure[:, first:last]
    rows = above.argmax(axis=0)[above.any(axis=0)]
    near = rows[np.abs(rows - row) <= _MOST_HAIR * tall]
    return float(near.min()) if near.size else row


def cut_between_faces(mask: Mask, faces: Sequence[Box], scale: float) -> list[Mask]:
    """Part a mask that holds several faces side by side halfway between them.

    Args:
        mask: [h,w].
        faces: In pixels of the picture.
        scale: Pixels of the picture for each pixel of the mask.
    """
    columns = np.flatnonzero(mask.any(axis=0))
    left, right = columns[0] * scale, (columns[-1] + 1) * scale
    inside = sorted((one for one in faces if left <= one.centre[0] <= right), key=lambda b: b.left)
    if len(inside) < 2:
        return [mask]
    places = [one.centre[0] / scale for one in inside]
    widest = max(one.width for one in inside) / scale
    if min(np.diff(places)) < _LEAST_APART * widest:
        return [mask]
    cuts = [0, *(round((a + b) / 2) for a, b in pairwise(places))]
    parts = []
    for start, end in zip(cuts, [*cuts[1:], mask.shape[1]], strict=True):
        part = np.zeros_like(mask)
        part[:, start:end] = mask[:, start:end]
        if part.any():
            parts.append(part)
    return parts


def _is_in(face: Box, box: Box) -> bool:
    x, y = face.centre
    return box.left <= x <= box.right and box.top <= y <= box.bottom
