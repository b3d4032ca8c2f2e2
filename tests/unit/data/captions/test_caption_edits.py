"""Captions written by hand: how they are stored, what they beat, and conflicts with files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trainer.data.captions.captioning import (
    Captioned,
    CaptionFields,
    CaptionSources,
    caption_crops,
)
from trainer.data.captions.edits import CaptionEdits, crop_ids, parse_caption_edits, text_mark
from trainer.data.captions.sheet import count_tokens, describe_captions, describe_crops
from trainer.data.captions.starting import starting_captions
from trainer.data.crops.planning import Crop, CropPlan
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.media import MediaItem
from trainer.errors import ConfigError, DatasetError

FIELDS = CaptionFields(trigger="alva", class_word="woman", pose="standing")
A, B = "a" * 32, "b" * 32


def make_crop(digest: str = A, shot: str = "torso", path: Path = Path("x.png")) -> Crop:
    item = MediaItem(path, 1000, 1000, digest, False, "front")
    return Crop(item, Box(0, 0, 600, 800), shot, "front", Bucket(768, 1024))


def edits(**parts: Any) -> CaptionEdits:
    return parse_caption_edits(json.dumps({"version": 1, **parts}))


def caption(crops: list[Crop], found: CaptionEdits, **sources: Any) -> list[Captioned]:
    return caption_crops(crops, FIELDS, CaptionSources(edits=found, **sources))


def test_ids_follow_from_content_shot_and_bucket_alone() -> None:
    crops = [make_crop(), make_crop(), make_crop(B), make_crop(shot="detail"), make_crop()]
    base = f"{'a' * 12}/torso/768x1024"
    expected = [base, f"{base}~2", f"{'b' * 12}/torso/768x1024", f"{'a' * 12}/detail/768x1024"]
    assert crop_ids(crops) == [*expected, f"{base}~3"]
    moved = [
        replace(crop, box=Box(9, 9, 60, 80), item=replace(crop.item, path=Path("other/y.jpg")))
        for crop in crops
    ]
    assert crop_ids(moved) == crop_ids(crops)


def test_text_beats_fields_beats_override_beats_file_beats_captioner(tmp_path: Path) -> None:
    crop = make_crop(path=tmp_path / "x.png")
    (crop_id,) = crop_ids([crop])
    (tmp_path / "x.txt").write_text("from a file", encoding="utf-8")
    layers: dict[str, Any] = {"starting": ("from a captioner",), "keep_existing": False}
    found = CaptionEdits()
    assert caption([crop], found, **layers)[0].caption == "from a captioner"
    layers["keep_existing"] = True
    assert caption([crop], found, **layers)[0].origin == "file"
    layers["overrides"] = {"x": {"pose": "lying"}}
    assert "lying" in caption([crop], found, **layers)[0].caption
    found = edits(pictures={"a" * 12: {"fields": {"pose": "sitting"}}})
    (one,) = caption([crop], found, **layers)
    assert (one.origin, "sitting" in one.caption) == ("editor", True)
    fields = {"pose": "jumping"}
    found = edits(
        pictures={"a" * 12: {"fields": {"pose": "no"}}}, crops={crop_id: {"fields": fields}}
    )
    assert "jumping" in caption([crop], found, **layers)[0].caption
    found = edits(crops={crop_id: {"fields": fields, "text": " by hand "}})
    (one,) = caption([crop], found, **layers)
    assert (one.caption, one.origin) == ("by hand", "editor")
    assert "jumping" in one.start


def test_edits_of_crops_that_are_not_here_change_nothing() -> None:
    found = edits(crops={"c" * 12 + "/torso/768x1024": {"text": "x"}})
    assert caption([make_crop()], found) == caption([make_crop()], CaptionEdits())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("[]", "version None"),
        ('{"version": 2}', "version 2"),
        ('{"version": 1, "crops": {"x": {"text": 5}}}', "crop 'x' must be texts"),
        ('{"version": 1, "crops": {"x": {"fields": {"hat": "red"}}}}', "'hat' of crop 'x'"),
        ('{"version": 1, "pictures": {"k": {"fields": {"pose": 5}}}}', "'pose' of picture 'k'"),
    ],
)
def test_wrong_edits_are_named(text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse_caption_edits(text)


def test_empty_text_is_no_edits() -> None:
    assert parse_caption_edits(" \n") == CaptionEdits()


def test_fields_that_hold_for_a_crop_are_those_it_was_filled_from() -> None:
    crops = [make_crop(), make_crop(B)]
    found = edits(pictures={"b" * 12: {"fields": {"pose": "sitting"}}})
    overrides = {"x": {"background": "night"}}
    captioned = caption(crops, found, overrides=overrides, starting=("one", "two"))
    assert [entry.fields.pose for entry in captioned] == ["standing", "sitting"]
    described = list(describe_captions(captioned, found).values())
    assert [one["slots"]["background"] for one in described] == ["night", "night"]
    assert [one["slots"]["caption"] for one in described] == ["one", "two"]


def test_override_with_an_empty_caption_is_an_empty_caption() -> None:
    (one,) = caption([make_crop()], CaptionEdits(), overrides={"x": {"caption": ""}})
    assert (one.caption, one.origin) == ("", "override")


@pytest.mark.parametrize(
    ("mark", "mine", "is_conflict"),
    [
        ("", "mine", True),
        (text_mark("older"), "mine", True),
        (text_mark("theirs"), "mine", False),
        ("", "theirs", False),
    ],
)
def test_file_that_changed_after_the_edit_is_a_conflict(
    tmp_path: Path, mark: str, mine: str, is_conflict: bool
) -> None:
    crop = make_crop(path=tmp_path / "x.png")
    (tmp_path / "x.txt").write_text("theirs\n", encoding="utf-8")
    (crop_id,) = crop_ids([crop])
    found = edits(crops={crop_id: {"text": mine, "file": mark}})
    described = describe_captions(caption([crop], found), found)[crop_id]
    assert (described["conflict"] is not None) == is_conflict
    assert described["caption"] == mine
    assert described["file_mark"] == text_mark("theirs")


def plan_of(crops: list[Crop], digests: tuple[str, ...]) -> CropPlan:
    return CropPlan(tuple(crops), (), proposed={digest: () for digest in digests})


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "2", "3"], ["1", "2", "3"]),
        (["a", "b"], ["a", "a", "b"]),
        (["all"], ["all"] * 3),
        (["1\n2\n\n3"], ["1", "2", "3"]),
        (["a\nb"], ["a", "a", "b"]),
        (["one\nof\nfour\nlines"], ["one\nof\nfour\nlines"] * 3),
        ([], []),
        ([" ", ""], []),
    ],
)
def test_starting_captions_are_laid_on_the_crops(texts: list[str], expected: list[str]) -> None:
    plan = plan_of([make_crop(), make_crop(shot="detail"), make_crop(B)], (A, B))
    assert list(starting_captions(texts, plan)) == expected


def test_starting_captions_count_pictures_without_crops_too() -> None:
    plan = plan_of([make_crop(B)], (A, B))
    assert starting_captions(["a", "b"], plan) == ("b",)


def test_starting_captions_of_another_number_are_refused() -> None:
    plan = plan_of([make_crop(), make_crop(shot="detail"), make_crop(B)], (A, B))
    with pytest.raises(DatasetError, match="5 texts for 3 crops of 2 pictures"):
        starting_captions(list("12345"), plan)


class Words:
    """One token a word; the first encoder writes in lower case, as CLIP-L does."""

    def clip_tokens(self, text: str) -> list[str]:
        return [f"{word.lower()} " for word in text.split()]

    def llama_tokens(self, text: str) -> list[str]:
        return [f" {word}" for word in text.split()]


def test_cut_is_where_the_limit_falls() -> None:
    caption_text = "  ".join(f"Word{n}" for n in range(300))
    counted = count_tokens(caption_text, Words())
    assert (counted["clip"], counted["llama"]) == (300, 300)
    for name, limit in (("clip_cut", 75), ("llama_cut", 256)):
        cut = counted[name]
        assert cut is not None
        assert caption_text[cut:].startswith(f"Word{limit}")
    assert count_tokens("short", Words())["clip_cut"] is None


def test_described_crop_has_its_box_in_shares() -> None:
    (described,) = describe_crops([make_crop()])
    assert described["box"] == [0, 0, 0.6, 0.8]
    assert described["shot_words"] == "torso"
