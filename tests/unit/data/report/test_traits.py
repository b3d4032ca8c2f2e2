"""Traits: what captions share, and samples counted one by one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.data.report.made_up_crops import made_up, made_up_crop, made_up_item
from trainer.data.captions.captioning import Captioned, CaptionFields, fill_caption
from trainer.data.pictures.buckets import Bucket
from trainer.data.report.traits import count_traits, find_traits, parse_traits

FIELDS = CaptionFields(
    style="Anime style",
    trigger="alva",
    class_word="woman",
    named_traits="teal hair, wearing a purple dress",
    pose="standing",
    background="White background",
)


def captions(*texts: str) -> list[Captioned]:
    return [
        replace(entry, caption=text)
        for entry, text in zip(made_up(*["768x1024"] * len(texts)), texts, strict=True)
    ]


def test_found_traits_are_the_phrases_and_no_framing_or_ratio() -> None:
    shots = ("full_body", "waist_up", "torso", "headshot", "detail", "picture")
    crops = [made_up_crop(made_up_item(1, "front"), Bucket(960, 1712), shot) for shot in shots]
    filled = [Captioned(crop, fill_caption(crop, FIELDS), "template") for crop in crops]
    assert find_traits(filled) == [
        "anime style",
        "alva",
        "woman",
        "teal hair",
        "purple dress",
        "standing",
        "white background",
    ]


def test_a_phrase_of_one_caption_is_no_trait_of_the_set() -> None:
    assert find_traits(captions("a red hat, blue eyes", "a blue hat, blue eyes")) == ["blue eyes"]
    assert find_traits(captions("a red hat, blue eyes")) == ["red hat", "blue eyes"]


def test_at_most_twelve_are_found_the_most_frequent_first() -> None:
    text = ", ".join(f"trait {chr(97 + n)}" for n in range(20))
    found = find_traits(captions(text, text, "trait t"))
    assert len(found) == 12
    assert found[0] == "trait t"


@pytest.mark.parametrize("text", ["", "   ", ".,;", "\n\n", "写真。青い髪、笑顔", "1:1, 3.5 m"])
def test_any_caption_can_be_read(text: str) -> None:
    assert all(trait.strip() for trait in find_traits(captions(text, text)))


def test_samples_are_counted_with_repeats_by_view_and_shot() -> None:
    front, behind = made_up_item(1, "front"), made_up_item(2, "behind")
    square = Bucket(1024, 1024)
    entries = [
        Captioned(made_up_crop(front, square, "headshot"), "horns, blue eye", "template"),
        Captioned(made_up_crop(front, square, "full_body"), "blue, shining eyes", "template"),
        Captioned(made_up_crop(behind, square, "full_body"), "horned", "template"),
        Captioned(made_up_crop(behind, square, "torso"), "horns", "template"),
    ]
    horns, eyes, wings = count_traits(entries, (3, 1, 4, 0), ("horns", "blue eyes", "wings"))
    assert (horns.samples, horns.share) == (7, 7 / 8)
    assert horns.by_view == {"front": 3, "behind": 4}
    assert horns.by_shot == {"headshot": 3, "full_body": 4}
    assert (eyes.samples, dict(eyes.by_view)) == (4, {"front": 4})
    assert (wings.samples, wings.share, dict(wings.by_shot)) == (0, 0.0, {})


@pytest.mark.parametrize(("mentioned", "is_rare"), [(0, True), (1, True), (2, False), (20, False)])
def test_rare_is_below_a_tenth(mentioned: int, is_rare: bool) -> None:
    texts = ["a lantern"] * mentioned + ["nothing"] * (20 - mentioned)
    (trait,) = count_traits(captions(*texts), [1] * 20, ("lantern",))
    assert trait.is_rare is is_rare


def test_given_traits_keep_their_order_and_found_ones_go_by_samples() -> None:
    entries = captions("hat", "hat", "hat", "scarf", "scarf")
    by_captions, by_samples = [1, 1, 1, 1, 1], [1, 1, 1, 9, 9]
    given = count_traits(entries, by_samples, ("hat", "scarf"))
    assert [one.name for one in given] == ["hat", "scarf"]
    assert [one.name for one in count_traits(entries, by_captions)] == ["hat", "scarf"]
    assert [one.name for one in count_traits(entries, by_samples)] == ["scarf", "hat"]


def test_traits_are_read_from_text() -> None:
    assert parse_traits(" teal hair,horns;\n horns ,, ") == ("teal hair", "horns")
    assert parse_traits("") == ()
