"""Captions with crops, for the caption checks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trainer.data.captions.captioning import Captioned, CaptionFields
from trainer.data.captions.checks.checking import check_captions
from trainer.data.captions.checks.findings import CaptionWarning
from trainer.data.captions.checks.view_traits import ViewTraits
from trainer.data.crops.planning import Crop
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.media import MediaItem

BUCKETS = {
    "full_body": Bucket(960, 1712),
    "waist_up": Bucket(768, 1024),
    "torso": Bucket(1024, 768),
    "headshot": Bucket(1024, 1024),
    "detail": Bucket(768, 1024),
    "picture": Bucket(1024, 768),
}
"""A usual bucket for each shot: 9:16, 3:4, 4:3, 1:1, 3:4, 4:3."""


class WordCounter:
    """A real counter for a language in which words are tokens."""

    def clip_tokens(self, text: str) -> list[str]:
        return [word + " " for word in text.split()]

    def llama_tokens(self, text: str) -> list[str]:
        return self.clip_tokens(text)


def make_captioned(
    text: str, shot: str = "waist_up", view: str = "front", name: str = "alva.png"
) -> Captioned:
    bucket = BUCKETS[shot]
    item = MediaItem(Path(name), 1000, 2000, "0" * 32, False, view)
    crop = Crop(item, Box(0, 0, bucket.width_px, bucket.height_px), shot, view, bucket)
    return Captioned(crop, text, "file")


def check_one(
    text: str,
    fields: CaptionFields,
    shot: str = "waist_up",
    view: str = "front",
    view_traits: ViewTraits | None = None,
) -> list[CaptionWarning]:
    """Findings about one caption, without those about the whole set."""
    entry = make_captioned(text, shot, view)
    found = check_captions([entry], fields, None, view_traits or ViewTraits())
    return [warning for warning in found if warning.crop is not None]


def keys(found: Iterable[CaptionWarning]) -> set[tuple[int | None, str, str]]:
    return {(warning.crop, warning.kind, warning.about) for warning in found}
