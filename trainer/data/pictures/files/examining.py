"""What a scan needs to know of each picture: found on all cores, and remembered while we run."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ....files import digest_bytes
from ...file_index import SETTLED_NS
from ..duplicates import perceptual_hash
from ..pixels import PictureError, decode_picture, digest_pixels, is_plain_file, read_file
from .in_parallel import in_parallel

_MOST_REMEMBERED = 65536


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What one decoding of a picture tells."""

    width_px: int
    """Width of the upright picture."""
    height_px: int
    """Height of the upright picture."""
    digest: str
    """Digest of the pixels."""
    file_digest: str
    """Digest of the file's bytes."""
    has_alpha: bool
    """Whether a part of the picture is see-through."""
    look: int
    """Perceptual hash of 64 bits."""


Outcome = PictureFacts | PictureError
_Stamps = tuple[int, int, int]


def examine_pictures(paths: Sequence[Path]) -> Generator[Outcome, None, None]:
    """Decode pictures on all cores; files that are as they were last time are not opened again.

    Args:
        paths: The files.

    Yields:
        For each path in order its facts, or why it cannot be used.
    """
    return in_parallel(_examine, paths, weigh=_pixels_to_decode)


def forget_pictures() -> None:
    """Forget what was seen in this process, as after a start."""
    _MEMORY.forget()


def _examine(path: Path) -> Outcome:
    # From before the file is read: a change while reading then shows next time.
    stamps = _stamps(path)
    known = _MEMORY.recall(path, stamps)
    if known is not None:
        return known
    try:
        data = read_file(path)
    except PictureError as error:
        # Not remembered: a drive or a permission may come back and leave the times as they are.
        return error
    try:
        outcome: Outcome = _facts(data)
    except PictureError as error:
        # A new one: this one holds on to everything that was alive when it was raised.
        outcome = PictureError(error.kind, str(error))
    _MEMORY.note(path, stamps, outcome)
    return outcome


def _facts(data: bytes) -> PictureFacts:
    image = decode_picture(data)
    return PictureFacts(
        image.width,
        image.height,
        digest_pixels(image),
        digest_bytes(data),
        has_alpha=image.mode == "RGBA",
        look=perceptual_hash(image),
    )


def _pixels_to_decode(path: Path) -> int:
    if not is_plain_file(path) or _MEMORY.recall(path, _stamps(path)) is not None:
        return 0
    try:
        with Image.open(path) as image:
            pixels: int = image.width * image.height
            return pixels
    except Exception:  # whatever is wrong with it, reading it for good will say
        return 0


def _stamps(path: Path) -> _Stamps | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


class _Memory:
    """Outcomes of this process by file, each as long as its size and times are the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: OrderedDict[str, tuple[_Stamps, Outcome]] = OrderedDict()

    def recall(self, path: Path, stamps: _Stamps | None) -> Outcome | None:
        with self._lock:
            entry = self._outcomes.get(os.path.abspath(path))
            return entry[1] if entry is not None and entry[0] == stamps else None

    def forget(self) -> None:
        with self._lock:
            self._outcomes.clear()

    def note(self, path: Path, stamps: _Stamps | None, outcome: Outcome) -> None:
        # A second change so soon could leave the times as they are, see file_index.py.
        if stamps is None or time.time_ns() - max(stamps[1:]) < SETTLED_NS:
            return
        with self._lock:
            self._outcomes.pop(os.path.abspath(path), None)
            self._outcomes[os.path.abspath(path)] = (stamps, outcome)
            while len(self._outcomes) > _MOST_REMEMBERED:
                self._outcomes.popitem(last=False)


_MEMORY = _Memory()
