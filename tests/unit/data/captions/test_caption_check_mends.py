"""Mends: each takes its finding away, brings no other, and leaves good English."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.unit.data.captions.caption_check_sets import (
    BUCKETS,
    WordCounter,
    check_one,
    keys,
    make_captioned,
)
from trainer.data.captions.captioning import Captioned, CaptionFields
from trainer.data.captions.checks.checking import check_captions
from trainer.data.captions.checks.findings import CaptionWarning
from trainer.data.captions.checks.view_traits import parse_view_traits
from trainer.data.captions.checks.wording.cutting import cut_phrase
from trainer.data.captions.checks.wording.tidying import tidy

FIELDS = CaptionFields(
    trigger="alvari",
    class_word="woman",
    named_traits="teal hair, silver earrings, wearing a purple dress",
    omitted_traits="pointed ears, freckles, scar on the chin, long tail",
)
VIEW_TRAITS = parse_view_traits("front: hair clip, brooch; behind: backless dress, wing tattoo")
_PARTS = (
    "alvari, alvari a woman, a woman, a young woman with teal hair, with pointed ears, "
    "pointed ears, freckles and a straw hat, teal hair and freckles, large pointed ears, "
    "a scar on her chin, her ears are pointed, with a long tail and green gloves, teal hair, "
    "silver earrings, wearing a purple dress, a brooch, a backless dress, with a wing tattoo, "
    "front view, back view, side view, from behind, in profile, facing the viewer, full body, "
    "her upper body, headshot, a full body shot of her, close-up, from head to toe, 9:16, 1:1, "
    "16:9 image, {pose}, standing {pose}, {{background}}, a red brick wall behind her, "
    "standing in front of a red brick wall, a mаn, кот, 赤い傘, mit der und dem Hut, smiling, "
    "holding a cup,  , eating"
).split(", ")
_STARTS = (
    "alvari, a woman, ",
    "alvari, a woman with ",
    "alvari, a woman with teal hair, wearing a purple dress, ",
    "alvari, ",
    "",
    "A woman with ",
    "An ",
)
_JOINS = (", ", ", ", ", ", ". ", " ", " and ", ",  ", ",, ", "; ")


def _random_caption(choose: random.Random) -> str:
    text = choose.choice(_STARTS)
    for _ in range(choose.randint(1, 7)):
        text += choose.choice(_PARTS) + choose.choice(_JOINS)
    return text.rstrip(" ,;") + choose.choice([".", "", ".", ".."])


def _random_set(choose: random.Random) -> list[Captioned]:
    texts = [_random_caption(choose) for _ in range(3)]
    texts += choose.choices(texts, k=1)
    return [
        make_captioned(text, choose.choice([*BUCKETS]), choose.choice(["front", "behind", "side"]))
        for text in texts
    ]


def _check(captioned: Sequence[Captioned]) -> list[CaptionWarning]:
    return check_captions(captioned, FIELDS, WordCounter(), VIEW_TRAITS)


def _mended(captioned: Sequence[Captioned], warning: CaptionWarning) -> list[Captioned]:
    assert warning.crop is not None
    assert warning.mend is not None
    changed = list(captioned)
    changed[warning.crop] = replace(changed[warning.crop], caption=warning.mend)
    return changed


def test_mend_removes_its_finding_and_brings_no_other() -> None:
    tried: Counter[str] = Counter()
    for seed in range(40):
        captioned = _random_set(random.Random(seed))
        before = _check(captioned)
        for warning in before:
            if warning.mend is not None:
                tried[warning.kind] += 1
                after = keys(_check(_mended(captioned, warning)))
                assert (warning.crop, warning.kind, warning.about) not in after, warning
                assert after <= keys(before), warning
    mendable = {"trigger", "class_word", "omitted_trait", "hidden_trait", "uneven_trait"}
    mendable |= {"framing", "view", "ratio", "slot", "repeat", "spacing", "script"}
    assert {kind for kind, count in tried.items() if count >= 3} == mendable


def test_mends_one_after_another_come_to_an_end() -> None:
    for seed in range(8):
        captioned = _random_set(random.Random(seed))
        count = len(keys(_check(captioned)))
        while warning := next((w for w in _check(captioned) if w.mend is not None), None):
            captioned = _mended(captioned, warning)
            fewer = len(keys(_check(captioned)))
            assert fewer < count
            count = fewer


def test_mend_leaves_no_stray_marks_that_were_not_there() -> None:
    flaws = re.compile(r"  | [,.]|,,|,\.|\.,|^[,;]|\b(?:with|and)[,.]|[,;]$")
    for seed in range(80):
        for entry in _random_set(random.Random(seed)):
            for warning in _check([entry]):
                if warning.mend is not None:
                    there = [flaws.findall(text) for text in (entry.caption, tidy(entry.caption))]
                    found = Counter(flaws.findall(warning.mend))
                    assert found <= Counter(there[0]) | Counter(there[1]), warning


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("alvari, a woman with teal hair, pointed ears, standing.", "with teal hair, standing."),
        ("alvari, a woman with pointed ears, standing.", "alvari, a woman, standing."),
        ("alvari, a woman with pointed ears.", "alvari, a woman."),
        ("alvari, a woman with pointed ears, teal hair, standing.", "a woman with teal hair, stan"),
        ("alvari, a woman with pointed ears and teal hair.", "alvari, a woman with teal hair."),
        ("alvari, a woman with teal hair and pointed ears, standing.", "with teal hair, standing."),
        ("alvari, a woman with large pointed ears, standing.", "alvari, a woman, standing."),
        ("Pointed ears, smiling alvari, a woman.", "Smiling alvari, a woman."),
        ("alvari, a woman. Pointed ears. A forest.", "alvari, a woman. A forest."),
        ("alvari, a woman, her freckles, a hat", "alvari, a woman, a hat"),
    ],
)
def test_omitted_trait_in_a_list_is_cut_cleanly(text: str, mended: str) -> None:
    (warning,) = check_one(text, replace(FIELDS, named_traits="teal hair"))
    assert warning.kind == "omitted_trait"
    assert mended in str(warning.mend)


@pytest.mark.parametrize(
    "text",
    [
        "alvari, a woman with pointed ears and nose, standing.",
        "alvari, a woman with freckles on her cheeks.",
        "alvari, a freckled woman.",
        "alvari, a woman whose pointed ears show under her hat.",
        "alvari, a woman with small and pointed ears.",
        "alvari, a woman has pointed ears.",
        "alvari, a woman with pointed ears, visible under her hat.",
        "alvari, a woman between a wall and freckles.",
        "alvari, a woman with pointed ears and is smiling.",
    ],
)
def test_omitted_trait_woven_into_a_sentence_is_left_to_the_user(text: str) -> None:
    (warning,) = check_one(text, FIELDS)
    assert (warning.kind, warning.mend) == ("omitted_trait", None)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a woman with a hat", "alvari, a woman with a hat"),
        ("Anime style. A woman with a hat.", "Anime style. alvari, a woman with a hat."),
        ("Photo of a tall, young woman in a park.", "Photo of alvari, a tall, young woman in a p"),
        ("A woman stands on a pier.", "alvari. A woman stands on a pier."),
        ("A woman with a hat leans on a wall.", "alvari. A woman with a hat leans on a wall."),
        ("woman, hat, smiling", "alvari, woman, hat, smiling"),
        ("女、woman、帽子", "alvari、女、woman、帽子"),
    ],
)
def test_missing_trigger_is_put_in_front_in_good_english(text: str, mended: str) -> None:
    found = {warning.kind: warning.mend for warning in check_one(text, FIELDS)}
    assert str(found["trigger"]).startswith(mended)


def test_missing_trigger_at_the_token_limit_has_no_mend() -> None:
    text = "woman " + "hat " * 74
    (warning,) = [w for w in _check([make_captioned(text)]) if w.crop is not None]
    assert (warning.kind, warning.mend) == ("trigger", None)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("alvari with a hat", "alvari, a woman with a hat"),
        ("alvari, smiling", "alvari, a woman, smiling"),
        ("photo of alvari", "photo of alvari, a woman"),
        ("alvari's hat", None),
        ("alvari, a girl with a hat", None),
        ("alvari leans on a wall", None),
    ],
)
def test_missing_class_word_is_put_behind_the_trigger(text: str, mended: str | None) -> None:
    (warning,) = check_one(text, FIELDS)
    assert (warning.kind, warning.mend) == ("class_word", mended)


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("a,, b", "a, b"),
        ("a  b ,c , d.", "a b ,c, d."),
        ("a..", "a."),
        ("a, .", "a."),
        ("wait... what?! 3.5 m, 1,000", "wait... what?! 3.5 m, 1,000"),
        ("... and then", "... and then"),
        ("line\n\nline", "line\n\nline"),
        (", a", "a"),
    ],
)
def test_tidy_makes_marks_single_and_stays(text: str, tidied: str) -> None:
    assert tidy(text) == tidied
    assert tidy(tidied) == tidied


def test_cut_phrase_across_a_comma_is_not_clean() -> None:
    text = "a blue, sparkling eye, standing"
    assert cut_phrase(text, 2, 21) is None
