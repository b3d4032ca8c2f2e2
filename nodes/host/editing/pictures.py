"""Thumbnails of the pictures that nodes of this server have read, in the pack's own folder.

Only pictures that a graph has read are known, and by their content; what is served is a smaller
copy below the output folder, never the user's own file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from ....trainer.data.crops.by_hand.edits import picture_key
from ....trainer.data.crops.by_hand.manual_boxes import parse_box
from ....trainer.data.pictures.files.pruning import prune_folder
from ....trainer.data.pictures.files.thumbnails import make_thumbnail
from ....trainer.data.pictures.media import MediaItem
from ....trainer.errors import ConfigError, DatasetError
from ..folders import studio_folder
from .shelf import Shelf

SIDES_PX = (256, 1600)
"""Longest sides that are made: for strips and grids, and for the picture that is worked on."""
_MOST_PICTURES = 100_000
_MOST_BYTES = 1_000_000_000

_known: Shelf[MediaItem] = Shelf(_MOST_PICTURES, "picture")
# Few at a time: a page that scrolls asks for hundreds, and ComfyUI has other work to do.
_at_work = threading.BoundedSemaphore(2)


def thumbnails_folder() -> Path:
    """Where thumbnails are kept; it may be deleted at any time."""
    return studio_folder() / "thumbnails"


def know_pictures(items: Iterable[MediaItem]) -> None:
    """Let the page ask for these pictures."""
    for item in items:
        _known.keep(picture_key(item), item)
    prune_folder(thumbnails_folder(), _MOST_BYTES)


def thumbnail_file(key: str, side: int, box: str) -> Path:
    """Make the thumbnail of a picture or of a part of it, once.

    Args:
        key: The picture's key.
        side: Longest side in pixels, one of `SIDES_PX`.
        box: "left,top,width,height" as shares of the picture; "" for all of it.

    Raises:
        NotFoundError: No node has read such a picture since the server started.
        ConfigError: Side or box cannot be used.
        DatasetError: The picture is gone, or is another one by now.
    """
    if side not in SIDES_PX:
        raise ConfigError(f"'side' is {side}, but must be one of {SIDES_PX[0]} and {SIDES_PX[1]}.")
    item = _known.find(key)
    part = _read_box(box) if box else None
    with _at_work:
        return make_thumbnail(item, side, thumbnails_folder(), part)


def _read_box(text: str) -> tuple[float, float, float, float]:
    try:
        return parse_box([float(part) for part in text.split(",")])
    except (ValueError, DatasetError) as error:
        raise ConfigError(
            f"'box' is '{text[:80]}', but must be left,top,width,height as shares from 0 to 1."
        ) from error
