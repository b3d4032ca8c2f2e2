"""The size of a picture as it is shown, without decoding it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ...errors import DatasetError

_ORIENTATION_TAG = 274
_SIGNATURE_BYTES = 8
_PIXELS, _END = b"IDAT", b"IEND"


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, turned as the camera was held.

    Raises:
        DatasetError: The file is no picture that can be read.
    """
    try:
        with Image.open(path) as opened:
            width, height = opened.size
            # 5 to 8 mean that the camera was held sideways.
            if _exif_of(opened, path).get(_ORIENTATION_TAG, 1) in (5, 6, 7, 8):
                width, height = height, width
            return width, height
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(
            f"'{path}' cannot be read as a picture. Save it again as PNG, or take it out."
        ) from error


def _exif_of(opened: Image.Image, path: Path) -> Image.Exif:
    # Pillow decodes a whole PNG to find what may stand behind its pixels; mostly nothing does.
    if opened.format == "PNG" and _ends_with_pixels(path):
        return Image.Image.getexif(opened)
    return opened.getexif()


def _ends_with_pixels(path: Path) -> bool:
    """Whether nothing but the end follows the pixels of a PNG file.

    Source: PNG specification, third edition, section 5: length, type, data and check sum.
    """
    with path.open("rb") as stream:
        stream.seek(_SIGNATURE_BYTES)
        has_pixels = False
        while len(head := stream.read(8)) == 8:
            kind = head[4:]
            if kind == _END:
                return has_pixels
            if has_pixels and kind != _PIXELS:
                return False
            has_pixels = kind == _PIXELS
            stream.seek(int.from_bytes(head[:4], "big") + 4, 1)
    return False
