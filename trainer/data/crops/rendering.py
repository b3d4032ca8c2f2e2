"""Making crops: each one's part of its picture in its bucket's size, on all cores."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Generator, Sequence

from PIL import Image

from ..pictures.files.in_parallel import in_parallel, usable_cores
from ..pictures.files.loading import load_same
from ..pictures.media import MediaItem
from .planning import Crop

# Run lengths only, which takes less time; bench/results.json has the time and the sizes beside
# those of Pillow's default.
PNG_OPTIONS = {"compress_level": 1, "compress_type": 3}
"""Options for Pillow."""

_Task = tuple[Crop, Image.Image, int]


def render_crop(crop: Crop, source: Image.Image | None = None) -> Image.Image:
    """Cut a crop out and resize it to its bucket, RGB.

    Args:
        crop: What to make.
        source: The picture as `load_image` gives it, when it is at hand.

    Raises:
        DatasetError: The file is missing, damaged, or no longer the picture that was scanned.
    """
    image = load_same(crop.item) if source is None else source
    part = image.crop(crop.box.corners)
    if part.mode == "RGBA":
        # Before resizing: afterwards the hidden colours would shine through at the outline.
        part = Image.alpha_composite(Image.new("RGBA", part.size, (*crop.background, 255)), part)
    size = (crop.bucket.width_px, crop.bucket.height_px)
    # Pillow widens the filter when it makes a picture smaller, so nothing is aliased.
    return (part if part.mode == "RGB" else part.convert("RGB")).resize(
        size, Image.Resampling.LANCZOS
    )


def render_files(crops: Sequence[Crop]) -> Generator[bytes, None, None]:
    """Make crops on all cores, as PNG files in memory, in their order.

    A picture is decoded once for all of its crops that follow each other, and only a few pictures
    are in memory together. The files do not depend on the number of cores. Close the iterator
    (with `contextlib.closing`) where the loop over it may be left early.

    Args:
        crops: What to make.

    Raises:
        DatasetError: A picture is missing, damaged, or no longer the one that was scanned; crops
            before it have been given out.
    """
    return in_parallel(_render_file, _tasks(crops), weigh=_weight)


def render_crops(crops: Sequence[Crop]) -> Generator[Image.Image, None, None]:
    """Make crops on all cores, RGB, in their order; otherwise like `render_files`.

    Args:
        crops: What to make.

    Raises:
        DatasetError: A picture is missing, damaged, or no longer the one that was scanned.
    """
    return in_parallel(_render, _tasks(crops), weigh=_weight)


def encode_png(image: Image.Image) -> bytes:
    """Encode a picture as a PNG file."""
    stream = io.BytesIO()
    image.save(stream, format="PNG", **PNG_OPTIONS)
    return stream.getvalue()


def _tasks(crops: Sequence[Crop]) -> Generator[_Task, None, None]:
    """Each crop with its picture, and with how many it shares that; the next ones are decoded."""
    groups = [list(group) for _, group in itertools.groupby(crops, key=lambda crop: crop.item)]
    items = [group[0].item for group in groups]
    decoded = in_parallel(load_same, items, weigh=_pixels, ahead=usable_cores())
    with contextlib.closing(decoded):
        for group in groups:
            image = next(decoded)
            for crop in group:
                yield crop, image, len(group)
            del image


def _render(task: _Task) -> Image.Image:
    crop, image, _ = task
    return render_crop(crop, image)


def _render_file(task: _Task) -> bytes:
    return encode_png(_render(task))


def _pixels(item: MediaItem) -> int:
    return item.width_px * item.height_px


def _weight(task: _Task) -> int:
    crop, _, sharing = task
    return _pixels(crop.item) // sharing
