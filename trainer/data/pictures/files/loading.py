"""Loading a picture again after the scan, and noticing when it has become another one."""

from __future__ import annotations

from PIL import Image

from ....errors import DatasetError
from ....files import digest_bytes
from ..media import MediaItem
from ..pixels import PictureError, decode_picture, digest_pixels, read_file


def load_same(item: MediaItem, enough_px: float | None = None) -> Image.Image:
    """Load a scanned picture upright, RGB or RGBA, after making sure that it is still the same.

    The file's bytes tell it at once; only where they differ (a note was added, say) or are not
    known are the pixels compared.

    Args:
        item: The picture.
        enough_px: A JPEG may come out smaller as long as its longest side is not below this.

    Raises:
        DatasetError: The file is missing, damaged, or no longer the picture that was scanned.
    """
    try:
        data = read_file(item.path)
        if item.file_digest and digest_bytes(data) == item.file_digest:
            return decode_picture(data, enough_px)
        image = decode_picture(data)
    except PictureError as error:
        raise DatasetError(f"{item.path.name} {error}.") from error
    if digest_pixels(image) != item.digest:
        raise DatasetError(
            f"{item.path.name} has changed since the folder was scanned. Run the graph again."
        )
    return image


def require_same(item: MediaItem) -> None:
    """Make sure that a scanned picture is still the same, as a rule without decoding it.

    Args:
        item: The picture.

    Raises:
        DatasetError: The file is missing, damaged, or no longer the picture that was scanned.
    """
    try:
        is_same = item.file_digest and digest_bytes(read_file(item.path)) == item.file_digest
    except PictureError as error:
        raise DatasetError(f"{item.path.name} {error}.") from error
    if not is_same:
        load_same(item)
