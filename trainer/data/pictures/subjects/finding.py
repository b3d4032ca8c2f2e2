"""Finding the subjects of a picture, without a neural network.

Tried in order: a mask from the graph, boxes from the graph, the picture's own transparency, a plain
background, what stands out. A picture with none of them counts as subject as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from ..boxes import Box
from .faces import cut_between_faces, head_of_face
from .heads import OutlineHead
from .outlines.outline import Outline, extent, find_outline, shrink
from .outlines.regions import Mask
from .parting import part_subjects
from .posing import Edges, Posture, read_posture
from .subject import Head, Subject

_BANDS = 40
_AT_EDGE = 0.985
_LEAST_FILLED = 0.2
_LEAST_SPANNED = 0.9


@dataclass(frozen=True, slots=True)
class _Part:
    """One subject before it is measured."""

    mask: Mask
    """[h,w]"""
    sharp: Mask | None = None
    """[H,W] of the picture."""
    box: Box | None = None
    """Its box in pixels, where it was given and nothing else is known."""
    is_alone: bool = False
    """Whether nothing else is marked in `sharp`."""


def find_subjects(
    image: Image.Image,
    mask: ArrayLike | None = None,
    boxes: Sequence[Box] = (),
    faces: Sequence[Box] = (),
) -> tuple[Subject, ...]:
    """Find the subjects, from left to right; at least one.

    Args:
        image: The upright picture, RGB or RGBA, [H,W].
        mask: What belongs to the subjects, [h,w] of any size of this shape, bool or 0..1; an
            empty one is passed over.
        boxes: One for each subject, in pixels; they part what the mask holds.
        faces: Faces in pixels, from the forehead to the chin.

    Raises:
        DatasetError: The mask has another shape than the picture.
    """
    outline = find_outline(image, mask)
    whole = Box(0, 0, image.width, image.height)
    if boxes:
        source = "mask" if outline and outline.source == "mask" else "boxes"
        parts = [_in_box(box, outline, image) for box in sorted(boxes, key=lambda b: b.centre)]
    elif outline is not None:
        source = outline.source
        scale = image.width / outline.small.shape[1]
        masks = [
            piece
            for part in part_subjects(outline.small)
            for piece in cut_between_faces(part, faces, scale)
        ]
        parts = [_Part(one, outline.sharp, is_alone=len(masks) == 1) for one in masks]
    else:
        return (_by_faces_alone(whole, faces),)
    found = tuple(_subject(part, image, source, faces) for part in parts)
    if source == "saliency" and len(found) > 1 and any(one.head is None for one in found):
        # Things that stand out side by side are most likely parts of something larger.
        return (_by_faces_alone(whole, faces),)
    return found


def _in_box(box: Box, outline: Outline | None, image: Image.Image) -> _Part:
    """The outline inside a given box, or the whole box where the outline is another thing."""
    shape = outline.small.shape if outline else shrink(image).size[::-1]
    scale_x, scale_y = shape[1] / image.width, shape[0] / image.height
    left, top = int(box.left * scale_x), int(box.top * scale_y)
    right = max(left + 1, min(shape[1], round(box.right * scale_x)))
    bottom = max(top + 1, min(shape[0], round(box.bottom * scale_y)))
    solid = np.zeros(shape, dtype=np.bool_)
    solid[top:bottom, left:right] = True
    if outline is None:
        return _Part(solid, box=box)
    inside = solid & outline.small
    if inside.sum() < _LEAST_FILLED * solid.sum():
        return _Part(solid, box=box)
    first, last, start, end = extent(inside)
    spans = ((last - first) / (bottom - top), (end - start) / (right - left))
    is_same = min(spans) >= _LEAST_SPANNED
    return _Part(inside, outline.sharp) if is_same else _Part(solid, box=box)


def _subject(part: _Part, image: Image.Image, source: str, faces: Sequence[Box]) -> Subject:
    """Measure one subject."""
    figure, sharp = part.mask, part.sharp
    scale = image.width / figure.shape[1], image.height / figure.shape[0]
    top, bottom, left, right = extent(figure)
    box = part.box or Box(
        int(left * scale[0]),
        int(top * scale[1]),
        min(image.width, int(np.ceil(right * scale[0]))) - int(left * scale[0]),
        min(image.height, int(np.ceil(bottom * scale[1]))) - int(top * scale[1]),
    )
    if sharp is not None:
        box = _tightened(box, sharp)
    cut = figure[top:bottom, left:right]
    edges = Edges(top <= 1, box.bottom >= _AT_EDGE * image.height)
    given = head_of_face(faces, box, cut, (left, top), scale)
    posture = read_posture(cut, edges, is_sure=source != "saliency", known=given)
    if cut.all():
        centres: tuple[float, ...] = ()
    elif sharp is not None and part.is_alone:
        centres = _band_centres(sharp[box.top : box.bottom], 1.0)
    else:
        centres = _band_centres(figure[top:bottom], scale[0])
    return Subject(
        box,
        source,
        centres,
        posture.pose,
        _head(posture, (left, top), scale, is_face=given is not None),
        posture.is_cut_below,
    )


def _head(
    posture: Posture, origin: tuple[int, int], scale: tuple[float, float], *, is_face: bool
) -> Head | None:
    found: OutlineHead | None = posture.head
    if found is None:
        return None
    return Head(
        (origin[0] + found.centre_x) * scale[0],
        (origin[1] + found.top) * scale[1],
        (origin[1] + found.chin) * scale[1],
        is_face,
    )


def _by_faces_alone(whole: Box, faces: Sequence[Box]) -> Subject:
    """The picture as a whole, with the head of its largest face."""
    if not faces:
        return Subject(whole, "picture")
    face = max(faces, key=lambda one: one.width * one.height)
    head = head_of_face([face], whole, None, (0, 0), (1.0, 1.0))
    if head is None:
        return Subject(whole, "picture")
    return Subject(whole, "picture", (), "upright", Head(head.centre_x, head.top, head.chin, True))


def _tightened(box: Box, sharp: Mask) -> Box:
    inside = sharp[box.top : box.bottom, box.left : box.right]
    if not inside.any():
        return box
    top, bottom, left, right = extent(inside)
    return Box(box.left + left, box.top + top, right - left, bottom - top)


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
