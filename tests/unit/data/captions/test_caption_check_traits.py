"""Traits of single views, and where a trait counts as mentioned."""

from __future__ import annotations

import pytest

from tests.unit.data.captions.caption_check_sets import check_one
from trainer.data.captions.captioning import CaptionFields
from trainer.data.captions.checks.view_traits import ViewTraits, parse_view_traits
from trainer.data.captions.checks.wording.mentions import mentions
from trainer.errors import ConfigError

TEXT = "front: face, eyes; behind: backless dress, hair bow; side: face"


def test_view_traits_are_read_by_view() -> None:
    assert parse_view_traits(TEXT) == ViewTraits(
        front=("face", "eyes"), behind=("backless dress", "hair bow"), side=("face",)
    )
    assert parse_view_traits("Back: a\nfront: b,c ,; back: d, a ;") == ViewTraits(
        front=("b", "c"), behind=("a", "d")
    )
    assert parse_view_traits(" \n") == ViewTraits()


def test_view_traits_hidden_are_those_of_other_views_only() -> None:
    traits = parse_view_traits(TEXT)
    assert traits.hidden_from("front") == {"backless dress": "behind", "hair bow": "behind"}
    assert traits.hidden_from("behind") == {"face": "front", "eyes": "front"}
    assert traits.hidden_from("side") == {
        "eyes": "front",
        "backless dress": "behind",
        "hair bow": "behind",
    }
    assert traits.hidden_from("") == traits.hidden_from("other") == {}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("face, eyes", r"'face, eyes' names no view\. The form is 'front:"),
        ("top: hat", r"'top' is no view \(front, behind or side\)"),
        ("front: ,", "'front' has no traits"),
        ("front: a; x; up: b", "'x' names no view; 'up' is no view"),
        (": hat", "'' is no view"),
    ],
)
def test_view_traits_wrong_text_is_explained(text: str, match: str) -> None:
    with pytest.raises(ConfigError, match=rf"^'view_traits' cannot be used: .*{match}"):
        parse_view_traits(text)


@pytest.mark.parametrize(
    ("view", "expected"),
    [("front", ["hidden_trait"]), ("behind", []), ("side", ["hidden_trait"]), ("", [])],
)
def test_hidden_trait_is_found_in_the_views_that_cannot_show_it(
    view: str, expected: list[str]
) -> None:
    fields = CaptionFields(trigger="alvari", class_word="girl")
    text = "alvari, a girl with teal hair, hair bow, smiling"
    found = check_one(text, fields, "waist_up", view, parse_view_traits(TEXT))
    assert [warning.kind for warning in found] == expected
    assert all(w.mend == "alvari, a girl with teal hair, smiling" for w in found)


@pytest.mark.parametrize(
    ("caption", "trait", "expected"),
    [
        ("a black dress and hair", "black hair", False),
        ("a black dress, hair tied back", "black hair", False),
        ("black and white hair", "black hair", True),
        ("her eyes are blue", "blue eyes", True),
        ("her eyes are closed, a blue hat", "blue eyes", False),
        ("long hair, bow in hand", "hair bow", False),
        ("a large hair bow", "hair bow", True),
        ("the scar on her left cheek", "a scar on the cheek", True),
        ("a scar. On the cheek", "scar on cheek", False),
        ("scared by a dog", "scar", False),
        ("a cape", "cap", False),
        ("a robed figure", "robe", True),
        ("1girl", "girl", True),
        ("an elf, ears covered", "elf ears", False),
        ("long, wavy hair", "long hair", True),
        ("a field of green grass, eyes half closed", "green eyes", False),
        ("a glowing forge, his eyes narrow", "glowing eyes", False),
        ("its ear torn, its tail up", "torn ear", True),
        ("the ear torn page", "torn ear", False),
        ("hair_ornament, close-up", "hair ornament", True),
        ("pale skin of the moon, blue light", "pale blue", False),
    ],
)
def test_mentions_a_noun_takes_the_words_before_it(
    caption: str, trait: str, expected: bool
) -> None:
    assert mentions(caption, trait) is expected
