"""Crops with captions that no picture stands behind, for what only counts them."""

from __future__ import annotations

from pathlib import Path

from trainer.data.captions.captioning import Captioned
from trainer.data.crops.planning import Crop
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket, parse_buckets
from trainer.data.pictures.media import MediaItem


def made_up_item(number: int, view: str = "", look: int | None = None) -> MediaItem:
    """A picture by number."""
    digest = f"{number + 1:032x}"
    return MediaItem(Path(f"p{number}.png"), 4000, 4000, digest, False, view, look)


def made_up_crop(item: MediaItem, bucket: Bucket, shot: str = "headshot") -> Crop:
    """A crop of it that is neither enlarged nor made smaller."""
    box = Box(0, 0, bucket.width_px, bucket.height_px)
    return Crop(item, box, shot, item.view, bucket)


def made_up(*sizes: str, caption: str = "a woman") -> list[Captioned]:
    """A crop for each size, each of a picture of its own."""
    return [
        Captioned(made_up_crop(made_up_item(number), parse_buckets(size)[0]), caption, "template")
        for number, size in enumerate(sizes)
    ]
