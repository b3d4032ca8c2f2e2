"""Boxes of subjects and faces from other nodes, in any of the forms that they send.

Known forms: ComfyUI's BOUNDING_BOX and BOUNDING_BOXES (objects with x, y, width, height, in lists
for each picture), BBOX of KJNodes, Florence2 and SAM2 nodes (left, top, right, bottom), boxes of
YOLO and InsightFace (arrays, a score may follow), Impact Pack's SEGS, and JSON text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import DatasetError
from ..pictures.boxes import Box

_LISTS = ("bboxes", "boxes", "faces", "subjects", "segs")
_INNER = ("bbox", "box", "bbox_xyxy", "xyxy", "bounding_box")
_EDGES = (
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
)
_SIZES = (
    ("x", "y", "width", "height"),
    ("x", "y", "w", "h"),
    ("left", "top", "width", "height"),
)
_LEAST_INSIDE = 0.5
_FORMS = (
    "Connect boxes as [left, top, right, bottom] or with x, y, width and height, one list for "
    "each picture."
)


@dataclass(frozen=True, slots=True)
class GivenBoxes:
    """Boxes by the digest of their picture, in pixels; pictures may lack some."""

    subjects: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    """One box around each subject."""
    faces: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    """One box around each face."""


@dataclass(frozen=True, slots=True)
class _Edges:
    """A box as it was given."""

    left: float
    top: float
    right: float
    bottom: float


def parse_given_boxes(
    value: object, sizes: Sequence[tuple[int, int]], name: str
) -> tuple[tuple[Box, ...], ...]:
    """Read the boxes of each picture.

    A list of lists has one list for each picture. A plain list of boxes belongs to the only
    picture, or has one box for each picture. Four numbers are left, top, right and bottom; they
    are shares of the picture's sides when none is above 1.

    Args:
        value: The boxes; None means none. Tensors, arrays and JSON text are read, too.
        sizes: Width and height of each picture in pixels, in order.
        name: Of the input, for messages.

    Returns:
        For each picture its boxes, in pixels, inside the picture.

    Raises:
        DatasetError: The boxes cannot be read, are impossible, or do not fit the pictures.
    """
    if value is None:
        return ((),) * len(sizes)
    try:
        plain = _plain(_parsed(value, name) if isinstance(value, str) else value)
    except RecursionError as error:
        raise DatasetError(f"'{name}' is nested too deep to be boxes. {_FORMS}") from error
    lists = _for_pictures(plain, len(sizes), name)
    return tuple(
        tuple(
            _in_pixels(edges, size, f"'{name}', picture {number}, box {count}")
            for count, edges in enumerate(boxes, start=1)
        )
        for number, (boxes, size) in enumerate(zip(lists, sizes, strict=True), start=1)
    )


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text) if text.strip() else []
    except ValueError as error:
        raise DatasetError(f"'{name}' is text, but not JSON ({error}). {_FORMS}") from error


def _plain(value: Any) -> Any:
    """Turn tensors and arrays into lists, and unpack what carries lists of boxes."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if hasattr(value, "bbox"):
        return _plain(value.bbox)
    if isinstance(value, Mapping):
        for key in _LISTS:
            if key in value:
                return _plain(value[key])
        return {str(key).lower(): _plain_number(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        if _is_segs(value):
            value = value[1]
        return [_plain(one) for one in value]
    return value


def _plain_number(value: Any) -> Any:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return value.tolist() if hasattr(value, "tolist") else value


def _is_segs(value: Sequence[Any]) -> bool:
    """Whether this is ((height, width), [segments]), as Impact Pack sends it."""
    if len(value) != 2 or not isinstance(value[0], tuple | list):
        return False
    is_size = len(value[0]) == 2 and all(isinstance(side, int) for side in value[0])
    return is_size and isinstance(value[1], tuple | list)


def _for_pictures(value: Any, count: int, name: str) -> list[list[_Edges]]:
    """Sort what was given into one list for each picture."""
    if value == []:
        return [[] for _ in range(count)]
    if _is_box(value):
        value = [value]
    if not isinstance(value, list):
        raise DatasetError(f"'{name}' is {value!r}, which is no list of boxes. {_FORMS}")
    if count != 1 and len(value) == 1 and isinstance(value[0], list) and _is_nested(value[0]):
        # Nodes that send lists wrap what they send once more.
        value = value[0]
    if all(_is_box(one) for one in value):
        if count == 1:
            value = [value]
        elif len(value) == count:
            value = [[one] for one in value]
        else:
            raise DatasetError(
                f"'{name}' holds {len(value)} boxes for {count} pictures, and does not tell which "
                f"belongs to which. {_FORMS}"
            )
    if len(value) != count:
        raise DatasetError(
            f"'{name}' holds {len(value)} lists of boxes for {count} pictures. {_FORMS}"
        )
    return [
        _read_list(boxes, f"'{name}', picture {number}")
        for number, boxes in enumerate(value, start=1)
    ]


def _is_nested(value: list[Any]) -> bool:
    return bool(value) and all(
        one is None or (isinstance(one, list) and not _is_box(one)) for one in value
    )


def _read_list(boxes: Any, where: str) -> list[_Edges]:
    if boxes is None or boxes == []:
        return []
    if _is_box(boxes):
        boxes = [boxes]
    if not isinstance(boxes, list):
        raise DatasetError(f"{where} is {boxes!r}, which is no list of boxes. {_FORMS}")
    if len(boxes) == 1 and isinstance(boxes[0], list) and not _is_box(boxes[0]):
        boxes = boxes[0]
    return [_read_box(box, f"{where}, box {number}") for number, box in enumerate(boxes, start=1)]


def _is_box(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    is_flat = isinstance(value, list) and all(_is_number(one) for one in value)
    return is_flat and len(value) > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_box(box: Any, where: str) -> _Edges:
    numbers = box
    if isinstance(box, Mapping):
        inner = next((box[key] for key in _INNER if key in box), None)
        numbers = inner if inner is not None else _by_names(box)
        if isinstance(numbers, Mapping):
            numbers = _by_names(numbers)
    # A score and a class may follow the four edges.
    if not isinstance(numbers, list | tuple) or not 4 <= len(numbers) <= 6:
        raise DatasetError(f"{where} is {box!r}, which is no box. {_FORMS}")
    if not all(_is_number(one) and math.isfinite(one) for one in numbers[:4]):
        raise DatasetError(f"{where} is {box!r}, but its edges must be numbers. {_FORMS}")
    edges = _Edges(*(float(one) for one in numbers[:4]))
    if edges.right <= edges.left or edges.bottom <= edges.top:
        raise DatasetError(
            f"{where} is {box!r}: its right and lower edges must lie beyond its left and upper "
            "ones. If these are a corner and a size, send x, y, width and height by name."
        )
    return edges


def _by_names(box: Mapping[str, Any]) -> list[Any] | None:
    for names in _EDGES:
        if all(name in box for name in names):
            return [box[name] for name in names]
    for names in _SIZES:
        if all(name in box for name in names):
            x, y, width, height = (box[name] for name in names)
            if all(_is_number(one) for one in (x, y, width, height)):
                return [x, y, x + width, y + height]
    return None


def _in_pixels(edges: _Edges, size: tuple[int, int], where: str) -> Box:
    left, top, right, bottom = edges.left, edges.top, edges.right, edges.bottom
    if max(left, top, right, bottom) <= 1.0 and min(left, top) >= 0.0:
        left, right = left * size[0], right * size[0]
        top, bottom = top * size[1], bottom * size[1]
    area = (right - left) * (bottom - top)
    first_x, last_x = max(0, round(left)), min(size[0], round(right))
    first_y, last_y = max(0, round(top)), min(size[1], round(bottom))
    inside = max(0, last_x - first_x) * max(0, last_y - first_y)
    # Detectors may mark a little beyond the edge; a box of another picture lies far outside.
    if inside < _LEAST_INSIDE * area or last_x <= first_x or last_y <= first_y:
        raise DatasetError(
            f"{where} goes from ({left:g}, {top:g}) to ({right:g}, {bottom:g}), but the picture is "
            f"{size[0]}x{size[1]}. Detect the boxes on the pictures as they are loaded, in the "
            "same order and size."
        )
    return Box(first_x, first_y, last_x - first_x, last_y - first_y)
