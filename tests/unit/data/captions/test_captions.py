"""Captions: the template's English, slots, overrides and existing files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trainer.data.captions.captioning import (
    DEFAULT_TEMPLATE,
    CaptionFields,
    CaptionSources,
    caption_crops,
    fill_caption,
)
from trainer.data.captions.template import SLOTS, fill_template
from trainer.data.captions.words import framing_words, pronoun, ratio_words
from trainer.data.crops.planning import Crop
from trainer.data.crops.shots import PICTURE_SHOT, SHOTS
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import GUIDE_BUCKETS, Bucket
from trainer.data.pictures.media import MediaItem
from trainer.errors import ConfigError, DatasetError

ALVA = CaptionFields(
    style="Anime style",
    trigger="alva",
    class_word="woman",
    named_traits="teal hair, wearing a purple dress",
    pose="standing",
    background="White background",
)
LAST = "The 9:16 front view image shows her full body, from head to toe."


def make_crop(
    shot: str = "full_body",
    view: str = "front",
    bucket: Bucket = GUIDE_BUCKETS[0],
    path: Path = Path("alva.png"),
) -> Crop:
    item = MediaItem(path, 1000, 2000, "0" * 32, False, view)
    return Crop(item, Box(0, 0, bucket.width_px, bucket.height_px), shot, view, bucket)


def test_default_template_all_fields_gives_guides_caption() -> None:
    assert fill_caption(make_crop(), ALVA) == (
        "Anime style. alva, a woman with teal hair, wearing a purple dress, standing. "
        "White background. " + LAST
    )


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"style": ""}, "alva, a woman with teal hair, wearing a purple dress, standing. White"),
        ({"trigger": ""}, "Anime style. A woman with teal hair, wearing"),
        ({"named_traits": ""}, "Anime style. alva, a woman, standing. White background. The"),
        ({"pose": ""}, "Anime style. alva, a woman with teal hair, wearing a purple dress. White"),
        ({"background": ""}, "Anime style. alva, a woman with teal hair, wearing a purple dress, "),
        ({"background": "white background."}, "Anime style. alva, a woman with teal hair, wearing"),
        ({"named_traits": ("wearing a hat",)}, "Anime style. alva, a woman wearing a hat, stand"),
        ({"class_word": "old woman"}, "Anime style. alva, an old woman with teal hair"),
        ({"class_word": "a unicorn girl"}, "Anime style. alva, a unicorn girl with teal hair"),
        ({"extra": "She smiles."}, "Anime style. alva, a woman with teal hair, wearing a purple"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_default_template_changed_field_stays_good_english(
    changes: dict[str, str], start: str
) -> None:
    caption = fill_caption(make_crop(), replace(ALVA, **changes))  # type: ignore[arg-type]
    assert caption.startswith(start)
    assert caption.endswith(LAST)
    for flaw in ("  ", " .", " ,", "..", ",,", ",.", ".,", "with,", "with.", "{", "}"):
        assert flaw not in caption


def test_default_template_no_fields_leaves_framing_sentence() -> None:
    assert fill_caption(make_crop("picture", ""), CaptionFields()) == (
        "The 9:16 image shows the whole scene."
    )


def test_template_every_combination_of_empty_slots_leaves_no_stray_marks() -> None:
    names = [name for name in SLOTS if "{" + name + "}" in DEFAULT_TEMPLATE]
    for bits in range(2 ** len(names)):
        values = {name: "word" for place, name in enumerate(names) if bits >> place & 1}
        text = fill_template(DEFAULT_TEMPLATE, values)
        assert not any(flaw in text for flaw in ("  ", " .", " ,", "..", ",,", ",.", ".,"))
        assert text == text.strip()
        assert not text.startswith((".", ","))


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("{{x}} {trigger}", {"trigger": "alva"}, "{x} alva"),
        ("{trigger} in 3.5 metres, {pose}", {"trigger": "alva"}, "alva in 3.5 metres"),
        ("{traits} and {pose}", {"pose": "sitting"}, "Sitting"),
        ("{trigger}\n{pose}", {"trigger": "alva", "pose": "sitting"}, "alva sitting"),
        (
            "photo of {trigger}, {pose}, {shot}",
            {"trigger": "alva", "shot": "x"},
            "photo of alva, x",
        ),
        ("{trigger}, {traits}.", {"trigger": "阿尔瓦", "traits": "青い髪"}, "阿尔瓦, 青い髪."),
        ("a {class_word}", {"class_word": "hour"}, "an hour"),
    ],
)
def test_template_free_text_is_filled(template: str, values: dict[str, str], text: str) -> None:
    assert fill_template(template, values) == text


def test_template_unknown_slot_names_it_and_lists_the_valid_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"'\{triger\}'.*\{trigger\}.*pronoun, shot, caption\."
    ) as caught:
        fill_template("{triger} stands", {})
    assert all(slot in str(caught.value) for slot in SLOTS)


@pytest.mark.parametrize("template", ["{trigger", "a {trigger {pose}", "trigger}", "{"])
def test_template_unbalanced_brace_says_so(template: str) -> None:
    with pytest.raises(ConfigError, match=r"without a '[{}]'"):
        fill_template(template, {})


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((960, 1712), "9:16"),
        ((768, 1024), "3:4"),
        ((1024, 1024), "1:1"),
        ((1024, 768), "4:3"),
        ((960, 544), "16:9"),
        ((896, 1152), "3:4"),
        ((832, 1216), "2:3"),
        ((1024, 512), "2:1"),
        ((1344, 576), "21:9"),
    ],
)
def test_ratio_words_bucket_is_nearest_simple(size: tuple[int, int], words: str) -> None:
    assert ratio_words(Bucket(*size)) == words
    width, height = map(int, words.split(":"))
    assert ratio_words(Bucket(size[1], size[0])) == f"{height}:{width}"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("woman", "her"),
        ("anime Girl", "her"),
        ("old man", "his"),
        ("boy", "his"),
        ("person", "their"),
        ("", "its"),
        ("dragon", "its"),
        ("woman-like robot boy", "his"),
    ],
)
def test_pronoun_class_word_decides(word: str, expected: str) -> None:
    assert pronoun(word) == expected


@pytest.mark.parametrize("shot", [*SHOTS, PICTURE_SHOT])
@pytest.mark.parametrize("word", ["woman", "man", "person", "dragon"])
def test_framing_words_every_shot_has_its_own_wording(shot: str, word: str) -> None:
    text = framing_words(shot, word)
    assert text
    assert text != shot.replace("_", " ")
    assert "{" not in text


@pytest.mark.parametrize(
    ("view", "part"),
    [("front", "front view image"), ("behind", "back view image"), ("side", "side view image")],
)
def test_caption_view_is_named(view: str, part: str) -> None:
    assert f"The 9:16 {part} shows" in fill_caption(make_crop(view=view), ALVA)


def test_overrides_stem_name_and_shot_the_more_exact_wins() -> None:
    overrides = """{"alva": {"pose": "sitting", "extra": "Night."},
        "alva.png": {"pose": "lying", "headshot": {"pose": "smiling"}}}"""
    crops = [make_crop(), make_crop("headshot", bucket=Bucket(768, 1024))]
    body, head = caption_crops(crops, ALVA, CaptionSources(overrides=overrides))
    assert "dress, lying. White background. Night. The 9:16" in body.caption
    assert "dress, smiling. White background. Night. The 3:4" in head.caption
    assert body.origin == head.origin == "override"


def test_overrides_whole_caption_may_use_slots() -> None:
    overrides = {"alva": {"caption": "alva, {framing}"}}
    (captioned,) = caption_crops([make_crop()], ALVA, CaptionSources(overrides=overrides))
    assert captioned.caption == "alva, her full body, from head to toe"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "not valid JSON.*line 1"),
        ("[]", "must be an object.*list"),
        ('{"alva": {"posture": "x"}}', "'alva' has the unknown field 'posture'.*pose"),
        ('{"alva": {"headshot": {"nose": "x"}}}', "'alva/headshot' has the unknown field 'nose'"),
        ('{"alva": {"pose": 3}}', "'pose' of 'alva' must be text, but is int"),
        ('{"alva": "sitting"}', "'alva' must be an object with fields, but is str"),
        ('{"bob": {"pose": "x"}}', "names 'bob'.*alva.png"),
    ],
)
def test_overrides_wrong_text_is_explained(text: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        caption_crops([make_crop()], ALVA, CaptionSources(overrides=text))


def test_overrides_given_as_a_mapping_are_checked_too() -> None:
    with pytest.raises(ConfigError, match="unknown field 'posture'"):
        caption_crops([make_crop()], ALVA, CaptionSources(overrides={"alva": {"posture": "x"}}))


def test_existing_file_is_kept_word_for_word_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "alva.png"
    path.with_suffix(".txt").write_text("\ufeff My own  words {x}.\n", encoding="utf-8")
    crops = [make_crop(path=path), make_crop("headshot", path=path)]
    kept = caption_crops(crops, ALVA)
    assert [(entry.caption, entry.origin) for entry in kept] == [("My own  words {x}.", "file")] * 2
    made = caption_crops(crops, ALVA, CaptionSources(keep_existing=False))
    assert [entry.origin for entry in made] == ["template"] * 2
    (changed, _) = caption_crops(
        crops, ALVA, CaptionSources(overrides={"alva": {"pose": "sitting"}})
    )
    assert (changed.origin, "sitting" in changed.caption) == ("override", True)


def test_existing_file_empty_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "alva.png"
    path.with_suffix(".txt").write_text(" \n", encoding="utf-8")
    (captioned,) = caption_crops([make_crop(path=path)], ALVA)
    assert captioned.origin == "template"


def test_existing_file_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "alva.png"
    path.with_suffix(".txt").write_bytes(b"caf\xe9")
    with pytest.raises(DatasetError, match=r"alva\.txt' is not UTF-8"):
        caption_crops([make_crop(path=path)], ALVA)


def test_caption_crops_bad_template_fails_even_without_crops() -> None:
    with pytest.raises(ConfigError, match="unknown slot"):
        caption_crops([], ALVA, CaptionSources(template="{nope}"))
