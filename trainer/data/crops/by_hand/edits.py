"""What the crop editor stores in a workflow: for each picture that was edited, all of its boxes.

`{"version": 1, "pictures": {"<key>": {"name": "front.png", "boxes": [[left, top, width, height,
"waist_up", "768x1024"], ...]}}}`. The key is the start of the digest of the picture's pixels, so a
file that was renamed or moved keeps its boxes; the name is only for people. Boxes are shares of
the picture's own sides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....errors import ConfigError, DatasetError
from ...pictures.media import MediaItem
from ..shots import PICTURE_SHOT, SHOTS
from .manual_boxes import VIEWS, ManualBox, parse_box, parse_bucket, parse_manual_boxes

KEY_DIGITS = 12
"""Hexadecimal digits of a picture's digest that name it: 48 bits."""
_VERSION = 1
_FIELDS = {"name", "boxes", "view"}


@dataclass(frozen=True, slots=True)
class EditedPicture:
    """The boxes of one picture; none at all means that it gives no crops."""

    key: str
    """Start of the picture's digest."""
    name: str
    """Name of the file when it was edited, for messages."""
    boxes: tuple[ManualBox, ...]
    """In the order in which they were drawn."""


@dataclass(frozen=True, slots=True)
class CropEdits:
    """All that was drawn or typed by hand."""

    typed: tuple[ManualBox, ...] = ()
    """Boxes that name their picture by its file."""
    pictures: Mapping[str, EditedPicture] = field(default_factory=dict)
    """Edited pictures by key."""

    def boxes_for(self, item: MediaItem) -> tuple[ManualBox, ...] | None:
        """The boxes of a picture, or None where its proposals hold."""
        edited = self.pictures.get(picture_key(item))
        if edited is not None:
            return edited.boxes
        return tuple(box for box in self.typed if box.is_for(item)) or None

    def strangers(self, items: Sequence[MediaItem]) -> list[str]:
        """Names of edited pictures that are not among these."""
        keys = {picture_key(item) for item in items}
        return [one.name or one.key for key, one in self.pictures.items() if key not in keys]


def picture_key(item: MediaItem) -> str:
    """The name under which edits of a picture are kept: it follows from the pixels alone."""
    return item.digest[:KEY_DIGITS]


def parse_crop_edits(text: str) -> CropEdits:
    """Read the boxes of the crop editor, or a list typed by hand; empty text means none.

    Args:
        text: JSON: an object as described above, or a list as `parse_manual_boxes` reads it.

    Raises:
        DatasetError: The text is neither; every fault is named.
    """
    if not text.lstrip().startswith("{"):
        return CropEdits(parse_manual_boxes(text))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetError(
            f"'boxes' is not JSON ({error}). Open the crop editor, or empty 'boxes'."
        ) from error
    pictures = data.get("pictures")
    if data.get("version") != _VERSION or not isinstance(pictures, dict):
        raise DatasetError(
            f"'boxes' has the version {data.get('version')!r}, and this pack reads version "
            f"{_VERSION} with 'pictures'. Update the pack, or empty 'boxes'."
        )
    faults: list[str] = []
    found: dict[str, EditedPicture] = {}
    for key, entry in pictures.items():
        try:
            found[key] = _parse_picture(key, entry)
        except (DatasetError, ConfigError) as error:
            faults.append(f"Picture '{key}': {error}")
    if faults:
        raise DatasetError(f"'boxes' has faults. {' '.join(faults)} Draw these boxes again.")
    return CropEdits(pictures=found)


def _parse_picture(key: str, entry: Any) -> EditedPicture:
    if len(key) != KEY_DIGITS or not set(key) <= set("0123456789abcdef"):
        raise DatasetError(f"its key must be {KEY_DIGITS} hexadecimal digits.")
    if not isinstance(entry, dict) or not set(entry) <= _FIELDS:
        raise DatasetError(f"it must be an object with {', '.join(sorted(_FIELDS))}.")
    boxes, view = entry.get("boxes"), entry.get("view", "")
    if not isinstance(boxes, list):
        raise DatasetError("'boxes' must be a list.")
    if view not in VIEWS:
        raise DatasetError(f"'view' is {view!r}; use front, behind, side or leave it empty.")
    drawn = tuple(_parse_drawn(key, values, view) for values in boxes)
    return EditedPicture(key, str(entry.get("name", "")), drawn)


def _parse_drawn(key: str, values: Any, view: str) -> ManualBox:
    if not isinstance(values, list) or len(values) != 6:
        raise DatasetError("a box must be [left, top, width, height, shot, bucket].")
    shot, bucket = values[4], parse_bucket(values[5])
    if shot not in (*SHOTS, PICTURE_SHOT):
        raise DatasetError(f"the shot is {shot!r}; use {', '.join([*SHOTS, PICTURE_SHOT])}.")
    return ManualBox(key, parse_box(values[:4]), shot, bucket, view)
