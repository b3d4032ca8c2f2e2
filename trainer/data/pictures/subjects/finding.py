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
from .background import off_background
from .faces import cut_between_faces, head_of_face
from .heads import OutlineHead
from .masks import fit_mask
from .parting import part_subjects
from .posing import Edges, Posture, read_posture
from .regions import Mask, without_pinholes, without_specks
from .saliency import find_salient
from .subject import Head, Subject

_WORK_SIDE_PX = 512
_BANDS = 40
_OPAQUE_FROM = 32
_ALMOST_ALL = 0.97
_LEAST_SHARE = 0.002
_LEAST_SOLID = 0.3
_LEAST_FILLING = 0.08
_AT_EDGE = 0.985
_LEAST_FILLED = 0.2
_LEAST_SPANNED = 0.8


@dataclass(frozen=True, slots=True)
class _Outline:
    """What was found before it is parted."""

    small: Mask
    """[h,w], at most 512 high or wide."""
    sharp: Mask | None
    """[H,W] of the picture, where there is one."""
    source: str


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
    outline = _outline_of(image, mask)
    whole = Box(0, 0, image.width, image.height)
    if boxes:
        parts = [_in_box(box, outline, image) for box in sorted(boxes, key=lambda b: b.centre)]
        source = "mask" if outline and outline.source == "mask" else "boxes"
    elif outline is not None:
        scale = image.width / outline.small.shape[1]
        parts = [
            piece
            for part in part_subjects(outline.small)
            for piece in cut_between_faces(part, faces, scale)
        ]
        source = outline.source
    else:
        return (_by_faces_alone(whole, faces),)
    sharp = outline.sharp if outline else None
    found = tuple(_subject(part, sharp, image, source, faces) for part in parts)
    if source == "saliency" and len(found) > 1 and any(one.head is None for one in found):
        # Things that stand out side by side are most likely parts of something larger.
        return (_by_faces_alone(whole, faces),)
    return found


def find_subject(image: Image.Image, mask: ArrayLike | None = None) -> Subject:
    """Find the largest subject; see `find_subjects`.

    Raises:
        DatasetError: The mask has another shape than the picture.
    """
    return max(find_subjects(image, mask), key=lambda one: one.box.width * one.box.height)


def _outline_of(image: Image.Image, mask: ArrayLike | None) -> _Outline | None:
    given = fit_mask(mask, image.size) if mask is not None else None
    if given is not None:
        return _Outline(without_pinholes(_shrunk(given)), given, "mask")
    small = _shrink(image)
    if image.mode == "RGBA":
        figure = without_pinholes(without_specks(np.asarray(small.getchannel("A")) >= _OPAQUE_FROM))
        if _LEAST_SHARE < figure.mean() < _ALMOST_ALL:
            sharp = np.asarray(image.getchannel("A")) >= _OPAQUE_FROM
            return _Outline(figure, sharp, "alpha")
    plain = off_background(small.convert("RGB"))
    if plain is not None and _is_one_thing(plain):
        return _Outline(plain, None, "background")
    salient = find_salient(small.convert("RGB"))
    return None if salient is None else _Outline(salient.mask, None, "saliency")


def _is_one_thing(figure: Mask) -> bool:
    if not _LEAST_SHARE < figure.mean() < _ALMOST_ALL:
        return False
    # What reaches every edge and is full of holes is a texture or a scene; a figure that was
    # trimmed to its outline is solid.
    top, bottom, left, right = _extent(figure)
    spanned = (bottom - top) * (right - left) / figure.size
    if figure.sum() < _LEAST_FILLING * (bottom - top) * (right - left):
        return False
    return spanned < _ALMOST_ALL or float(figure.mean()) > _LEAST_SOLID


def _shrink(image: Image.Image) -> Image.Image:
    scale = min(1.0, _WORK_SIDE_PX / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if scale == 1.0 else image.resize(size, Image.Resampling.BOX)


def _shrunk(mask: Mask) -> Mask:
    small = np.asarray(_shrink(Image.fromarray(mask.astype(np.uint8) * 255))) >= 128
    # A mask that is thinner than a pixel here is kept as it is.
    return small if small.any() else mask


def _in_box(box: Box, outline: _Outline | None, image: Image.Image) -> Mask:
    """The outline inside a given box, or the whole box where the outline is another thing."""
    shape = outline.small.shape if outline else _shrink(image).size[::-1]
    scale_x, scale_y = shape[1] / image.width, shape[0] / image.height
    left, top = int(box.left * scale_x), int(box.top * scale_y)
    right = max(left + 1, min(shape[1], round(box.right * scale_x)))
    bottom = max(top + 1, min(shape[0], round(box.bottom * scale_y)))
    solid = np.zeros(shape, dtype=np.bool_)
    solid[top:bottom, left:right] = True
    if outline is None:
        return solid
    inside = solid & outline.small
    if inside.sum() < _LEAST_FILLED * solid.sum():
        return solid
    first, last, start, end = _extent(inside)
    spans = ((last - first) / (bottom - top), (end - start) / (right - left))
    return inside if min(spans) >= _LEAST_SPANNED else solid


def _subject(
    figure: Mask, sharp: Mask | None, image: Image.Image, source: str, faces: Sequence[Box]
) -> Subject:
    """Make the result from a small clean mask and, where there is one, a sharp full-size mask."""
    scale = image.width / figure.shape[1], image.height / figure.shape[0]
    top, bottom, left, right = _extent(figure)
    box = Box(
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
    is_solid = bool(cut.all())
    return Subject(
        box,
        source,
        () if is_solid else _band_centres(figure[top:bottom], scale[0]),
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
    top, bottom, left, right = _extent(inside)
    return Box(box.left + left, box.top + top, right - left, bottom - top)


def _extent(mask: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return 0, 0, 0, 0
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


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
