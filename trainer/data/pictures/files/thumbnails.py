"""Small copies of pictures and of parts of them, made once and kept as files."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from ....errors import DatasetError
from ....files import digest_bytes, write_bytes
from ..media import MediaItem
from .loading import load_same

_VERSION = 1
_JPEG_QUALITY = 85
_WEBP_QUALITY = 85
# A JPEG is decoded at this many times the wanted size or more, and the rest is left to a good
# filter; with less the copy would be softer than one of the whole picture.
_SPARE = 2

Shares = tuple[float, float, float, float]


def make_thumbnail(item: MediaItem, side_px: int, folder: Path, box: Shares | None = None) -> Path:
    """Give a small copy of a picture: JPEG, or WebP where the picture is see-through.

    It is made once and named after its content, so that it stays right for ever; the picture's
    file is not opened when it is there already.

    Args:
        item: The picture.
        side_px: Longest side of the copy, at least 1; nothing is ever enlarged.
        folder: Where copies are kept; made when missing.
        box: Only this part: left, top, width and height as shares (0..1) of the upright picture.

    Raises:
        DatasetError: There is no copy yet and the picture is gone, damaged or has changed; or the
            copy cannot be written.
    """
    ending = "webp" if item.has_alpha else "jpg"
    path = folder / f"{item.digest}_{_mark(side_px, box)}.{ending}"
    if path.is_file():
        return path
    try:
        write_bytes(path, _encode(_small_copy(item, side_px, box)))
    except OSError as error:
        raise DatasetError(
            f"Cannot write a small copy of {item.path.name} in '{folder}': "
            f"{error.strerror or error}. Check free space and permissions."
        ) from error
    return path


def _mark(side_px: int, box: Shares | None) -> str:
    shares = "" if box is None else ",".join(f"{share:.6f}" for share in box)
    return digest_bytes(f"{_VERSION} {side_px} {shares}".encode())[:12]


def _small_copy(item: MediaItem, side_px: int, box: Shares | None) -> Image.Image:
    left, top, right, bottom = _corners(box or (0.0, 0.0, 1.0, 1.0))
    longest = max((right - left) * item.width_px, (bottom - top) * item.height_px, 1.0)
    scale = _SPARE * side_px / longest
    image = load_same(item, scale * max(item.width_px, item.height_px))
    width, height = image.size
    start = min(int(left * width), width - 1), min(int(top * height), height - 1)
    end = max(round(right * width), start[0] + 1), max(round(bottom * height), start[1] + 1)
    part = image.crop((*start, *end))
    scale = min(1.0, side_px / max(part.size))
    size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
    return part if size == part.size else part.resize(size, Image.Resampling.LANCZOS)


def _corners(box: Shares) -> Shares:
    left, top, width, height = box
    start = min(max(left, 0.0), 1.0), min(max(top, 0.0), 1.0)
    return *start, min(max(left + width, start[0]), 1.0), min(max(top + height, start[1]), 1.0)


def _encode(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    if image.mode == "RGBA":
        image.save(stream, format="WEBP", quality=_WEBP_QUALITY)
    else:
        image.save(stream, format="JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue()
