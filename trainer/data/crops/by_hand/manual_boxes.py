"""Boxes typed by hand: a JSON list in which each entry names its picture."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from ....errors import ConfigError, DatasetError
from ...pictures.buckets import Bucket, parse_buckets
from ...pictures.media import MediaItem
from ..shots import PICTURE_SHOT, SHOTS

VIEWS = ("", "front", "behind", "side")
"""Sides of a subject that a picture may show; "" when it is not known."""
_FIELDS = {"picture", "box", "shot", "bucket", "view"}
_SHORTEST_DIGEST = 6
_EXAMPLE = '[{"picture": "front.png", "box": [0.1, 0.0, 0.5, 0.4], "bucket": "768x1024"}]'


@dataclass(frozen=True, slots=True)
class ManualBox:
    """One box for one picture."""

    picture: str
    """File name with or without its extension, or at least 6 first digits of the digest."""
    box: tuple[float, float, float, float]
    """Left, top, width and height as shares of the picture's sides, 0..1."""
    shot: str = PICTURE_SHOT
    """Name of the framing, for captions and tables."""
    bucket: Bucket | None = None
    """Size of the crop; None takes the chosen bucket with the most similar shape."""
    view: str = ""
    """Side shown: "front", "behind", "side", or "" for the picture's own."""

    def is_for(self, item: MediaItem) -> bool:
        """Whether the box belongs to this picture."""
        names = (item.path.name.casefold(), item.path.stem.casefold())
        if self.picture.casefold() in names:
            return True
        return len(self.picture) >= _SHORTEST_DIGEST and item.digest.startswith(self.picture)


def parse_manual_boxes(text: str) -> tuple[ManualBox, ...]:
    """Read manual boxes from JSON; empty text means none.

    Args:
        text: A list of objects with "picture", "box" (left, top, width, height as shares of the
            picture, 0..1) and, if wanted, "shot", "bucket" and "view".

    Raises:
        DatasetError: The text is not such a list; every faulty entry is named by its number.
    """
    if not text.strip():
        return ()
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise DatasetError(
            f"'boxes' is not JSON ({error}). Write a list like {_EXAMPLE}."
        ) from error
    if not isinstance(entries, list):
        raise DatasetError(f"'boxes' is not a list. Write one like {_EXAMPLE}.")
    boxes: list[ManualBox] = []
    faults: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            boxes.append(_parse_entry(entry))
        except (DatasetError, ConfigError) as error:
            faults.append(f"Entry {number}: {error}")
    if faults:
        raise DatasetError(f"'boxes' has faults. {' '.join(faults)} Example: {_EXAMPLE}.")
    return tuple(boxes)


def _parse_entry(entry: Any) -> ManualBox:
    if not isinstance(entry, dict):
        raise DatasetError("it is not an object in { }.")
    unknown = sorted(set(entry) - _FIELDS)
    if unknown:
        raise DatasetError(f"unknown field '{unknown[0]}'; use {', '.join(sorted(_FIELDS))}.")
    picture = entry.get("picture")
    if not isinstance(picture, str) or not picture.strip():
        raise DatasetError("'picture' must be a file name.")
    shot, view = entry.get("shot", PICTURE_SHOT), entry.get("view", "")
    if shot not in (*SHOTS, PICTURE_SHOT):
        raise DatasetError(f"'shot' is {shot!r}; use {', '.join([*SHOTS, PICTURE_SHOT])}.")
    if view not in VIEWS:
        raise DatasetError(f"'view' is {view!r}; use front, behind, side or leave it empty.")
    return ManualBox(
        picture.strip(), parse_box(entry.get("box")), shot, parse_bucket(entry.get("bucket")), view
    )


def parse_box(values: Any) -> tuple[float, float, float, float]:
    """Read left, top, width and height as shares of the picture.

    Raises:
        DatasetError: They are not four numbers, or do not lie inside the picture.
    """
    numbers = values if isinstance(values, list) else []
    numbers = [value for value in numbers if type(value) in (int, float) and math.isfinite(value)]
    if not isinstance(values, list) or len(values) != 4 or len(numbers) != 4:
        raise DatasetError("'box' must be four numbers: left, top, width, height.")
    left, top, width, height = (float(value) for value in numbers)
    # A box drawn up to the edge may end a rounding error beyond it.
    is_inside = min(left, top) >= 0 and max(left + width, top + height) <= 1.0 + 1e-6
    if not is_inside or min(width, height) <= 0:
        raise DatasetError(
            f"'box' is {values}, but must lie inside the picture: shares from 0 to 1, width and "
            "height above 0."
        )
    return left, top, width, height


def parse_bucket(value: Any) -> Bucket | None:
    """Read one size like "768x1024"; None stays None.

    Raises:
        DatasetError: It is not text, or not one size.
        ConfigError: It is no size that the model can take.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise DatasetError(f"'bucket' is {value!r}, but must be text like '768x1024'.")
    buckets = parse_buckets(value)
    if len(buckets) != 1:
        raise DatasetError(f"'bucket' is '{value}', but must be one size like '768x1024'.")
    return buckets[0]
