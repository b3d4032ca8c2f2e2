"""Reading one picture file as upright 8-bit RGB or RGBA, or saying why it cannot be used."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps

from ...errors import DatasetError

MAX_PIXELS = 89_000_000
"""Largest picture that is decoded (89 megapixels); more is taken for a decompression bomb."""
MAX_FILE_BYTES = 1_000_000_000
"""Largest file that is read (1 GB)."""

_STRIP_ROWS = 16
_ORIENTATION_TAG = 274
_ALPHA_MODES = ("RGBA", "RGBa", "LA", "La", "PA")
# What Pillow's decoders raise for files that are cut off, damaged or something else.
_READ_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, KeyError)
_BOMB_ERRORS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class PictureError(DatasetError):
    """One picture cannot be used; `kind` is a MediaProblem kind, the text has no file name."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def read_picture(path: Path) -> Image.Image:
    """Decode a still picture, turned upright, as 8-bit RGB, or RGBA where it is see-through.

    Args:
        path: The file.

    Raises:
        PictureError: The file is not a picture, is damaged, animated or too large.
    """
    return decode_picture(read_file(path))


def read_file(path: Path) -> bytes:
    """Read the bytes of a picture file, so that all that is told of it comes from one reading.

    Raises:
        PictureError: It is gone, may not be read, is no file or is too large.
    """
    try:
        status = path.stat()
        # Opening a pipe or a device would wait for ever.
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "no file but a device or pipe"
            raise PictureError("unreadable", f"is {what}. Take it out of the folder or rename it")
        if status.st_size > MAX_FILE_BYTES:
            size = f"{status.st_size / 1e9:.1f} GB,"
            raise PictureError(
                "too_large", f"has {size} more than the 1 GB that is read. Save it smaller"
            )
        return path.read_bytes()
    except OSError as error:
        is_gone = isinstance(error, FileNotFoundError)
        what = "is a link to a file that is not there" if path.is_symlink() else "is not there"
        reason = f"cannot be opened ({error.strerror or error})"
        raise PictureError(
            "unreadable",
            f"{what if is_gone else reason}. Check the file, its permissions and its drive",
        ) from error


def is_plain_file(path: Path) -> bool:
    """Whether it can be opened without waiting for somebody at the other end of a pipe."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def decode_picture(data: bytes, enough_px: float | None = None) -> Image.Image:
    """Decode the bytes of a picture file as `read_picture` does.

    Args:
        data: The file's bytes.
        enough_px: A JPEG may come out 2, 4 or 8 times smaller (rounded up), which is quicker, as
            long as its longest side is not below this; None is the whole picture.

    Raises:
        PictureError: They are not a picture, or it is damaged, animated or too large.
    """
    try:
        # From memory and not from the file: Pillow maps some files, and one that is cut off or
        # taken away while it is mapped would end the whole program.
        with _WHOLE_FILES_ONLY, Image.open(io.BytesIO(data)) as image:
            _refuse_unfit(image)
            if enough_px is not None and image.format == "JPEG":
                times = max(image.size) / max(enough_px, 1.0)
                shrink = next((one for one in (8, 4, 2) if one <= times), 1)
                image.draft(None, tuple(max(1, side // shrink) for side in image.size))
            image.load()
            return _drop_opaque_alpha(to_eight_bit(_upright(image)))
    except _BOMB_ERRORS as error:
        raise PictureError("too_large", _too_large_text("far")) from error
    except MemoryError as error:
        text = "does not fit into memory. Save it smaller, or close other programs"
        raise PictureError("too_large", text) from error
    except _READ_ERRORS as error:
        raise PictureError(
            "unreadable",
            f"cannot be read as a picture ({_first_line(error)}). The file is damaged, cut off or "
            "of another type. Save it again as PNG, or take it out of the folder",
        ) from error


def to_eight_bit(image: Image.Image) -> Image.Image:
    """Convert any Pillow mode to RGB, or to RGBA where the picture has transparency.

    Grey of 16 and 32 bits is scaled to 0..255 and not cut off, as Pillow's own convert does.

    Args:
        image: A decoded picture of any mode.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _scale_deep_grey(image).convert("RGB")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        # Some premultiplied and palette modes only convert in two steps.
        steps = {"La": "LA", "PA": "RGBA", "RGBa": "RGBA"}
        image = image.convert(steps.get(image.mode, "RGBA"))
        return image.convert("RGBA")
    return image if image.mode == "RGB" else image.convert("RGB")


def digest_pixels(image: Image.Image) -> str:
    """Digest of a picture's size, mode and pixels: 32 hexadecimal digits.

    The same pixels give the same digest whatever file they came from.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{image.mode} {image.width} {image.height} ".encode())
    # Strip by strip: they fit a core's memory, and need no second copy.
    for top in range(0, image.height, _STRIP_ROWS):
        bottom = min(image.height, top + _STRIP_ROWS)
        digest.update(image.crop((0, top, image.width, bottom)).tobytes())
    return digest.hexdigest()


class _WholeFilesOnly:
    """Lets no cut-off file pass while any thread decodes.

    Other code in the process may have told Pillow to fill cut-off files with grey. That is one
    switch for all threads, so it is set back by the last one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = False

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._before = ImageFile.LOAD_TRUNCATED_IMAGES
                ImageFile.LOAD_TRUNCATED_IMAGES = False
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                ImageFile.LOAD_TRUNCATED_IMAGES = self._before


_WHOLE_FILES_ONLY = _WholeFilesOnly()


def _refuse_unfit(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise PictureError("too_large", _too_large_text(f"{image.width}x{image.height} pixels,"))
    frames = getattr(image, "n_frames", 1)
    # Cameras put a second, hidden picture into a JPEG (format MPO); the first one is the photo.
    if frames > 1 and image.format != "MPO":
        raise PictureError(
            "animated",
            f"holds {frames} pictures (an animation or several pages), but a still picture is "
            "needed. Save the frames you want as single PNG files",
        )


def _too_large_text(size: str) -> str:
    return (
        f"has {size} more than the {MAX_PIXELS // 1_000_000} megapixels that are opened. "
        "Save it smaller"
    )


def _upright(image: Image.Image) -> Image.Image:
    try:
        # Pillow copies a picture that needs no turning, too.
        is_upright = image.getexif().get(_ORIENTATION_TAG, 1) == 1
        return image if is_upright else ImageOps.exif_transpose(image)
    except _READ_ERRORS:
        # Damaged camera data; the pixels themselves are whole.
        return image


def _drop_opaque_alpha(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def _scale_deep_grey(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    highest = float(values.max(initial=0.0))
    if image.mode == "F":
        white = next((limit for limit in (1.0, 255.0, 65535.0) if highest <= limit), highest)
    else:
        white = max(65535.0, highest)
    grey = np.clip(values / white, 0.0, 1.0) * 255.0
    return Image.fromarray(np.round(grey).astype(np.uint8))


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    # Pillow puts the whole path into some messages; the caller names the file already.
    return "unknown type" if text.startswith("cannot identify") else text.splitlines()[0][:120]
