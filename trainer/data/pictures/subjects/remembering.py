"""Finding the subjects of a scanned picture, once for as long as this process runs.

A graph is run again for every crop that was drawn by hand, and what is in the pictures stays.
"""

from __future__ import annotations

import functools

from numpy.typing import ArrayLike

from ..boxes import Box
from ..files.loading import load_same, require_same
from ..media import MediaItem
from .finding import find_subjects
from .subject import Subject

_MOST_REMEMBERED = 20_000


def subjects_of(
    item: MediaItem,
    mask: ArrayLike | None = None,
    boxes: tuple[Box, ...] = (),
    faces: tuple[Box, ...] = (),
) -> tuple[Subject, ...]:
    """Find the subjects of a picture, see `find_subjects`; with a mask always anew.

    Args:
        item: The picture.
        mask: What belongs to the subjects, [h,w].
        boxes: One for each subject, in pixels.
        faces: Faces in pixels.

    Raises:
        DatasetError: The picture is gone, damaged or another one by now, or the mask does not fit.
    """
    if mask is not None:
        return find_subjects(load_same(item), mask, boxes, faces)
    require_same(item)
    return _remembered(item, boxes, faces)


@functools.lru_cache(_MOST_REMEMBERED)
def _remembered(
    item: MediaItem, boxes: tuple[Box, ...], faces: tuple[Box, ...]
) -> tuple[Subject, ...]:
    return find_subjects(load_same(item), None, boxes, faces)
