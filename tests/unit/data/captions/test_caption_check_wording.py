"""Framing, view, ratio, slots, repeats, scripts: what counts and what is a false alarm."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.unit.data.captions.caption_check_sets import BUCKETS, check_one, make_captioned
from trainer.data.captions.captioning import CaptionFields, fill_caption
from trainer.data.captions.checks.wording.scripts import as_latin, script_of

FIELDS = CaptionFields(trigger="alvari", class_word="woman")
START = "alvari, a woman, "


def found(text: str, shot: str = "waist_up", view: str = "front") -> list[tuple[str, str | None]]:
    return [(w.kind, w.mend) for w in check_one(START + text, FIELDS, shot, view)]


@pytest.mark.parametrize("shot", [*BUCKETS])
@pytest.mark.parametrize("view", ["front", "behind", "side", ""])
def test_template_captions_have_no_fault(shot: str, view: str) -> None:
    choose = random.Random(f"{shot}{view}")
    for word in ("woman", "man", "person", "dragon", "old robot", "dress"):
        fields = CaptionFields(
            style=choose.choice(["", "Anime style", "Oil painting"]),
            trigger="alvari",
            class_word=word,
            named_traits=choose.choice(["", "teal hair, wearing a purple dress", "a red hat"]),
            omitted_traits="pointed ears, freckles",
            pose=choose.choice(["", "standing", "sitting on the side of a bed"]),
            background=choose.choice(["", "White background", "A forest behind"]),
        )
        caption = fill_caption(make_captioned("", shot, view).crop, fields)
        assert check_one(caption, fields, shot, view) == []


@pytest.mark.parametrize(
    ("shot", "text", "mended"),
    [
        ("headshot", "full body", "headshot"),
        ("headshot", "a full body shot, smiling", "a headshot, smiling"),
        ("headshot", "an upper body portrait", "a head and shoulders portrait"),
        ("waist_up", "a close-up of her", "a waist-up shot of her"),
        ("waist_up", "in a long shot on a hill", "in a waist-up shot on a hill"),
        ("full_body", "headshot", "full body"),
        ("full_body", "upper_body, smiling", "full_body, smiling"),
        ("full_body", "medium close-up", "full body"),
        ("torso", "head and shoulders", "torso"),
        ("detail", "from the waist up", "close-up"),
        (
            "full_body",
            "the image shows her head and shoulders",
            "the image shows her full body",
        ),
        (
            "detail",
            "the image shows her full body, from head to toe",
            "the image shows a close-up",
        ),
        ("waist_up", "shown from head to toe in a garden", None),
    ],
)
def test_framing_that_contradicts_the_crop_is_replaced(
    shot: str, text: str, mended: str | None
) -> None:
    ((kind, mend),) = found(text, shot)
    assert kind == "framing"
    assert mend is None if mended is None else str(mend).startswith(START + mended)


@pytest.mark.parametrize(
    ("shot", "text"),
    [
        ("waist_up", "wearing a full-body suit"),
        ("waist_up", "in a full-length gown"),
        ("waist_up", "a full-length mirror beside her"),
        ("headshot", "her upper body armour shining"),
        ("headshot", "dressed in black from head to toe"),
        ("full_body", "her torso and legs wet"),
        ("full_body", "a scarf over her head and shoulders"),
        ("full_body", "her upper body leaning forward"),
        ("picture", "headshot"),
        ("detail", "close-up"),
        ("torso", "upper body"),
        ("waist_up", "a portrait on the wall"),
        ("headshot", "medium close-up"),
    ],
)
def test_framing_words_said_of_other_things_are_no_fault(shot: str, text: str) -> None:
    assert found(text, shot) == []


@pytest.mark.parametrize(
    ("view", "text", "mended"),
    [
        ("behind", "front view", "back view"),
        ("side", "a back view", "a side view"),
        ("front", "in profile", "from the front"),
        ("front", "from_behind", "from_the_front"),
        (
            "front",
            "her hair tied back, seen from behind",
            "her hair tied back, seen from the front",
        ),
        ("front", "seen from the side", "seen from the front"),
        ("front", "rear view of her", "front view of her"),
        ("behind", "facing the camera", "facing away from the camera"),
        ("front", "facing away from the viewer", "facing the viewer"),
        ("side", "facing the viewer", None),
        ("front", "her back to the camera", None),
        ("behind", "front view and back view", None),
        ("front", "shown from behind, smiling", "shown from the front, smiling"),
    ],
)
def test_view_that_contradicts_the_crop_is_replaced(
    view: str, text: str, mended: str | None
) -> None:
    ((kind, mend),) = found(text, "waist_up", view)
    assert (kind, mend) == ("view", None if mended is None else START + mended)


@pytest.mark.parametrize(
    ("view", "text"),
    [
        ("behind", "standing in front of a house"),
        ("front", "a car on the side of the road behind her"),
        ("front", "lit from behind"),
        ("front", "light falls from the side"),
        ("front", "peeking from behind a curtain"),
        ("front", "hugged from behind by her son"),
        ("behind", "the dress opens from the front"),
        ("front", "a ribbon hanging from the back"),
        ("front", "a rear view mirror"),
        ("front", "ambushed from behind"),
        ("front", "overtaken from behind by a bus"),
        ("front", "a bag at her side"),
        ("", "from behind"),
        ("front", "three-quarter view"),
        ("side", "three-quarter view"),
        ("front", "facing away from the window"),
        ("behind", "looking back at the viewer"),
        ("front", "her profile picture on a screen"),
    ],
)
def test_view_words_said_of_other_things_are_no_fault(view: str, text: str) -> None:
    assert found(text, "waist_up", view) == []


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("16:9 image", "3:4 image"),
        ("16:9 image, 16:9", "3:4 image, 3:4"),
    ],
)
def test_ratio_that_is_not_the_crops_is_replaced(text: str, mended: str) -> None:
    assert found(text) == [("ratio", START + mended)]


@pytest.mark.parametrize(
    "text", ["at 10:30", "a clock showing 9:16", "9:16 pm", "a score of 2:1", "12:34:56"]
)
def test_ratio_lookalikes_are_no_fault(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("{pose}, smiling", "smiling"),
        ("smiling, {{extra}}", "smiling"),
        ("[pose], smiling", "smiling"),
        ("standing {pose}", None),
    ],
)
def test_slot_is_removed_only_where_it_stands_alone(text: str, mended: str | None) -> None:
    assert found(text) == [("slot", None if mended is None else START + mended)]


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a red brick wall, smiling, a red brick wall", "a red brick wall, smiling"),
        ("red brick wall, red brick wall, red brick wall", "red brick wall"),
        ("beside a red brick wall, she leans on a red brick wall", None),
    ],
)
def test_repeat_is_said_once(text: str, mended: str | None) -> None:
    assert found(text) == [("repeat", None if mended is None else START + mended)]


@pytest.mark.parametrize(
    "text",
    [
        "a pair of black boots and a pair of black gloves",
        "on the left side of the bed and on the left side of the room",
        "a tall blue. Glass tower, a tall. Blue glass tower",
        "very very very very very very big",
    ],
)
def test_repeat_of_small_words_is_no_fault(text: str) -> None:
    assert found(text) == []


def test_script_lookalike_letters_are_mended_and_quotes_are_exempt() -> None:
    assert found("a rеd hat") == [("script", START + "a red hat")]
    assert found('a sign "東京" and „Москва“ on it') == []
    assert [kind for kind, _ in found("красная hat")] == ["script"]
    japanese = replace(FIELDS, trigger="ミラ", class_word="")
    assert check_one("ミラ、白いTシャツ、3D", japanese) == []
    assert check_one("alvari, 女の子", replace(japanese, trigger="alvari")) == []


def test_scripts_of_letters() -> None:
    assert [script_of(letter) for letter in "aéжαあア漢한1-"] == [
        "Latin",
        "Latin",
        "Cyrillic",
        "Greek",
        "Chinese or Japanese",
        "Chinese or Japanese",
        "Chinese or Japanese",
        "Korean",
        "",
        "",
    ]
    assert as_latin("mаn") == "man"
    assert as_latin("жan") is None


def test_any_text_is_checked_without_an_error() -> None:
    choose = random.Random(1)
    alphabet = " ,.;:{}[]()<>\"'!?\n\t-0123456789abcdefgh九あк“”\u00a0\u200b\ud83d\ude00"
    for _ in range(300):
        text = "".join(choose.choices(alphabet, k=choose.randint(0, 60)))
        view = choose.choice(["front", "behind", "side", "", "other"])
        check_one(text, FIELDS, choose.choice([*BUCKETS]), view)
        odd = CaptionFields(trigger=text, class_word=text, omitted_traits=text, named_traits=text)
        check_one(text + " full body, " + text, odd)
