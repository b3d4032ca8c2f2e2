"""Caption checks, with a counter that takes every word for a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.data.captions.captioning import Captioned, CaptionFields
from trainer.data.captions.checks.checking import check_captions
from trainer.data.captions.checks.findings import CaptionWarning
from trainer.data.captions.checks.lengths import CLIP_TOKENS, LLAMA_TOKENS
from trainer.data.captions.checks.wording.mentions import mentions
from trainer.data.crops.planning import Crop
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.media import MediaItem

FIELDS = CaptionFields(trigger="alva", omitted_traits="pointed ears, freckles")


class WordCounter:
    """A real counter for a language in which words are tokens."""

    def clip_tokens(self, text: str) -> list[str]:
        return [word + " " for word in text.split()]

    def llama_tokens(self, text: str) -> list[str]:
        return self.clip_tokens(text)


def captioned(text: str) -> list[Captioned]:
    bucket = Bucket(960, 1712)
    item = MediaItem(Path("alva.png"), 1000, 2000, "0" * 32, False, "front")
    crop = Crop(item, Box(0, 0, bucket.width_px, bucket.height_px), "waist_up", "front", bucket)
    return [Captioned(crop, text, "file")]


def kinds(text: str) -> list[str]:
    return [warning.kind for warning in of_crops(text)]


def of_crops(text: str) -> list[CaptionWarning]:
    found = check_captions(captioned(text), FIELDS, WordCounter())
    return [warning for warning in found if warning.crop is not None]


def test_good_caption_gives_no_warning() -> None:
    assert kinds("Anime style. Alva, a woman. The 9:16 image shows her.") == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("a woman", "trigger"),
        ("alvara, a woman", "trigger"),
        ("alva with pointed ears", "omitted_trait"),
        ("alva with a freckled face", "omitted_trait"),
        ("alva, 3:4", "ratio"),
        ("alva, {pose}", "slot"),
        ("alva " * (CLIP_TOKENS + 1), "clip_length"),
    ],
)
def test_bad_caption_gives_one_warning_of_its_kind(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


def test_length_at_the_limit_is_fine_and_beyond_shows_what_falls_off() -> None:
    base = "alva " * (CLIP_TOKENS - 1)
    assert kinds(base + "last") == []
    (warning,) = of_crops(base + "last too much")
    assert "77 CLIP-L tokens; 75 are read" in warning.text
    assert "'too much'" in warning.text
    assert warning.name == "alva.png (waist up)"


def test_length_over_llamas_limit_warns_about_both() -> None:
    assert kinds("alva " * LLAMA_TOKENS) == ["clip_length"]
    assert kinds("alva " * (LLAMA_TOKENS + 1)) == ["clip_length", "llama_length"]


def test_no_counter_checks_no_lengths() -> None:
    assert check_captions(captioned("alva " * 999), FIELDS) == []


@pytest.mark.parametrize("text", ["alva at 10:30", "alva, 9:16", "alva, 12:34:56"])
def test_ratio_other_numbers_are_no_contradiction(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("caption", "trait", "expected"),
    [
        ("a blue, sparkling eye", "blue eyes", True),
        ("eyes closed, a blue dress", "blue eyes", False),
        ("long wavy blonde hair", "long hair", True),
        ("Glasses on her nose", "glasses", True),
        ("a glass of water", "glass", True),
        ("the classroom", "class", False),
        ("wearing horns", "horned", True),
        ("a scarf", "scar", False),
        ("scars on the cheek", "scar", True),
        ("she has knives", "knife", True),
        ("a hat with cat ears", "cat", True),
        ("a category", "cat", False),
        ("青い髪の女", "青い髪", True),
        ("赤い髪の女", "青い髪", False),
        ("anything", "", False),
    ],
)
def test_mentions_words_with_their_endings(caption: str, trait: str, expected: bool) -> None:
    assert mentions(caption, trait) is expected
