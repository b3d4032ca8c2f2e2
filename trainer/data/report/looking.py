"""Looks at every crop once, as the model will see it, a few pictures in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..captions.captioning import Captioned
from ..crops.planning import Crop
from ..crops.rendering import render_crop
from ..pictures.duplicates import perceptual_hash
from ..pictures.files.in_parallel import in_parallel
from ..pictures.files.loading import load_same
from ..pictures.media import MediaItem
from .measures.compression import (
    SEAM_LEVELS,
    Tables,
    lasting_damage,
    quality_of,
    read_tables,
    seam_step,
    tables_like,
)
from .measures.detail import hidden_enlargement
from .measures.sharpness import edge_blur

Progress = Callable[[int, int, str], None]

THUMBNAIL_PX = (166, 190)
"""Most width and height of the small pictures that are kept for the sheet."""

_SEARCHED_PX = 1536
_GOOD_QUALITY = 80
_WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True, eq=False)
class CropLook:
    """What was measured of one crop."""

    blur_px: float | None
    """Width of its sharp edges after resizing, in its own pixels; None: no edges to judge by."""
    hidden_enlargement: float
    """Times that its part of the picture was enlarged before (or is that soft); 1 and more."""
    damage: float
    """Error by JPEG that is left after resizing, in grey levels; 0: none, or not known."""
    quality: int | None
    """JPEG quality (1..100) of the picture; None: it shows no trace of JPEG."""
    was_jpeg: bool
    """Whether the quality was found from traces in the pixels, and not read from the file."""
    look: int
    """Perceptual hash."""
    thumbnail: Image.Image
    """The crop, small, RGB."""


@dataclass(frozen=True, slots=True)
class _Compression:
    """How a picture is compressed, or was."""

    tables: Tables | None
    was_jpeg: bool = False


def look_at_crops(
    captioned: Sequence[Captioned], on_progress: Progress | None = None
) -> list[CropLook]:
    """Render and measure every crop once.

    Args:
        captioned: The crops, in any order.
        on_progress: Called with (done, total, file name) after each picture; may raise to stop.

    Returns:
        One for each crop, in the same order.

    Raises:
        DatasetError: A picture is missing, damaged, or no longer the one that was scanned.
    """
    groups: dict[MediaItem, list[int]] = {}
    for number, entry in enumerate(captioned):
        groups.setdefault(entry.crop.item, []).append(number)
    looks: dict[int, CropLook] = {}
    crops = [[captioned[number].crop for number in numbers] for numbers in groups.values()]
    with closing(in_parallel(look_at_picture, crops, weigh=_weight)) as results:
        for (item, numbers), found in zip(groups.items(), results, strict=True):
            looks.update(zip(numbers, found, strict=True))
            if on_progress is not None:
                on_progress(len(looks), len(captioned), item.path.name)
    return [looks[number] for number in range(len(captioned))]


def look_at_picture(crops: Sequence[Crop]) -> list[CropLook]:
    """Look at crops that all come from one picture, which is read once.

    Args:
        crops: At least one.

    Raises:
        DatasetError: As `look_at_crops`.
    """
    source = load_same(crops[0].item)
    compression = _find_compression(crops[0].item, source)
    return [_look(crop, source, compression) for crop in crops]


def _weight(crops: Sequence[Crop]) -> int:
    """Pixels in memory: of the picture, and of one crop at a time."""
    item = crops[0].item
    return item.width_px * item.height_px + crops[0].bucket.width_px * crops[0].bucket.height_px


def _find_compression(item: MediaItem, source: Image.Image) -> _Compression:
    tables = read_tables(item.path)
    if tables is not None and quality_of(tables) < _GOOD_QUALITY:
        return _Compression(tables)
    # A good JPEG may hold what a bad one left, as a PNG may.
    # The middle tells enough, and seams cannot be found in what was resized anyway.
    width, height = (min(side, _SEARCHED_PX) for side in source.size)
    left, top = (source.width - width) // 2, (source.height - height) // 2
    middle = source.crop((left, top, left + width, top + height))
    grey = np.asarray(_grey(middle, _WHITE), np.float32)
    step = seam_step(grey)
    if step < SEAM_LEVELS:
        return _Compression(tables)
    return _Compression(tables_like(grey, step), was_jpeg=True)


def _look(crop: Crop, source: Image.Image, compression: _Compression) -> CropLook:
    rendered = render_crop(crop, source)
    part = _grey(source.crop(crop.box.corners), crop.background)
    tables = compression.tables
    damage = 0.0 if tables is None else lasting_damage(part, tables, rendered.size)
    thumbnail = rendered.copy()
    thumbnail.thumbnail(THUMBNAIL_PX, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return CropLook(
        edge_blur(np.asarray(rendered.convert("L"), np.float32)),
        hidden_enlargement(np.asarray(part, np.float32)) or 1.0,
        damage,
        None if tables is None else quality_of(tables),
        compression.was_jpeg,
        perceptual_hash(rendered),
        thumbnail,
    )


def _grey(part: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    """Brightness, with the colour that training puts behind see-through parts."""
    if part.mode == "RGBA":
        part = Image.alpha_composite(Image.new("RGBA", part.size, (*background, 255)), part)
    return part.convert("L")
