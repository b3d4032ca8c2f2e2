"""Findings about the whole set: the trigger, uneven traits, same captions, languages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.unit.data.captions.caption_check_sets import WordCounter, make_captioned
from trainer.data.captions.captioning import CaptionFields
from trainer.data.captions.checks.checking import check_captions
from trainer.data.captions.checks.findings import ALL_CAPTIONS, CaptionWarning, finding_lines
from trainer.data.captions.checks.lengths import TokenCounter
from trainer.data.captions.checks.view_traits import parse_view_traits
from trainer.data.captions.checks.wording.known_words import known_as

ROBOT = CaptionFields(trigger="korvaxi", named_traits="orange armour, dented helmet, steel boots")


class PieceCounter:
    """Splits words at given places, as a vocabulary of these pieces would."""

    def __init__(self, **pieces: Sequence[str]) -> None:
        self._pieces = pieces

    def clip_tokens(self, text: str) -> list[str]:
        return [piece for word in text.split() for piece in self._pieces.get(word, (word,))]

    def llama_tokens(self, text: str) -> list[str]:
        return self.clip_tokens(text)


def trigger_faults(
    trigger: str, counter: TokenCounter | None = None, **fields: str
) -> list[tuple[str, str]]:
    found = check_captions([], CaptionFields(trigger=trigger, **fields), counter)
    assert all((w.kind, w.crop, w.name) == ("trigger_word", None, ALL_CAPTIONS) for w in found)
    return [(warning.about, warning.text) for warning in found]


@pytest.mark.parametrize(
    ("trigger", "fields", "about"),
    [
        ("av", {}, ["short"]),
        ("alva rin", {}, ["spaces"]),
        ("alvari:2", {}, ["characters"]),
        ("аlvari", {}, ["scripts"]),
        ("robot", {"class_word": "robot"}, ["class_word"]),
        ("robots", {"class_word": "old robot"}, ["class_word"]),
        ("zephra", {"named_traits": "zephra hat"}, ["zephra hat"]),
        ("zephra", {"omitted_traits": "a zephra"}, ["a zephra"]),
        ("emma", {}, ["known"]),
        ("Emma_2", {}, ["known"]),
        ("dragon", {}, ["known"]),
        ("sks", {}, ["known"]),
        ("", {"class_word": "woman"}, []),
        ("alvari", {"class_word": "woman", "named_traits": "hat"}, []),
        ("ミラリン", {}, []),
        ("kor_vax-7", {}, []),
    ],
)
def test_trigger_faults(trigger: str, fields: dict[str, str], about: list[str]) -> None:
    assert [name for name, _ in trigger_faults(trigger, **fields)] == about


def test_trigger_known_word_says_what_it_is() -> None:
    ((_, text),) = trigger_faults("paris")
    assert "'paris' is a place" in text
    assert "two loaded LoRAs" in trigger_faults("sks")[0][1]
    assert known_as("PARIS") == "a place"
    assert known_as("alvari") == ""


def test_trigger_of_one_clip_token_is_known_to_the_model() -> None:
    ((about, text),) = trigger_faults("vorple", WordCounter())
    assert about == "known"
    assert "single CLIP-L token" in text
    assert trigger_faults("vorple", PieceCounter(vorple=("vor", "ple "))) == []


def test_trigger_of_known_pieces_says_how_it_is_read() -> None:
    ((_, text),) = trigger_faults("redstar", PieceCounter(redstar=("red", "star ")))
    assert "read by CLIP-L as 'red' + 'star'" in text


def check_robot(
    rows: Sequence[tuple[str, str, str]], view_traits: str = ""
) -> list[CaptionWarning]:
    captioned = [
        make_captioned(f"korvaxi, a robot with {text}", shot, view, f"{index}.png")
        for index, (shot, view, text) in enumerate(rows)
    ]
    return check_captions(captioned, ROBOT, None, parse_view_traits(view_traits))


def test_uneven_trait_names_what_lacks_it_and_adds_it_in_its_place() -> None:
    found = check_robot(
        [
            ("full_body", "front", "orange armour, dented helmet, steel boots, standing."),
            ("full_body", "front", "orange armour, steel boots, standing."),
            ("full_body", "front", "dented helmet, steel boots, standing."),
            ("full_body", "front", "a cable. Orange armour and a dented helmet, steel boots."),
        ]
    )
    assert [(w.crop, w.kind, w.about) for w in found] == [
        (None, "uneven_trait", "dented helmet"),
        (None, "uneven_trait", "orange armour"),
        (1, "uneven_trait", "dented helmet"),
        (2, "uneven_trait", "orange armour"),
    ]
    assert "named in 3 of 4 front captions, but not in 1.png (full body)" in found[0].text
    assert found[2].mend == (
        "korvaxi, a robot with orange armour, dented helmet, steel boots, standing."
    )
    assert found[3].mend == (
        "korvaxi, a robot with orange armour, dented helmet, steel boots, standing."
    )
    assert [line.split(" (")[0] for line in finding_lines(found)] == [
        "All captions: 'dented helmet' is named in 3 of 4 front captions, but not in 1.png",
        "All captions: 'orange armour' is named in 3 of 4 front captions, but not in 2.png",
    ]


def test_uneven_trait_no_list_in_the_caption_has_no_mend() -> None:
    found = check_robot(
        [
            ("full_body", "front", "orange armour, dented helmet, steel boots."),
            ("full_body", "front", "steel boots. Its dented helmet has a hole."),
        ]
    )
    assert [(w.crop, w.mend) for w in found if w.crop is not None] == [
        (1, "korvaxi, a robot with orange armour, steel boots. Its dented helmet has a hole.")
    ]
    found = check_robot(
        [
            ("full_body", "front", "orange armour, dented helmet, steel boots."),
            ("full_body", "front", "big steel boots below a helmet that is dented."),
        ]
    )
    assert {(w.crop, w.mend) for w in found if w.crop is not None} == {(1, None)}


@pytest.mark.parametrize(
    ("rows", "view_traits"),
    [
        pytest.param(
            [
                ("full_body", "front", "orange armour, dented helmet, steel boots"),
                ("headshot", "front", "orange armour, dented helmet"),
                ("detail", "front", "orange armour, steel boots"),
            ],
            "",
            id="framings that cannot show it",
        ),
        pytest.param(
            [
                ("full_body", "front", "orange armour, dented helmet, steel boots"),
                ("full_body", "behind", "orange armour, steel boots"),
            ],
            "",
            id="another view",
        ),
        pytest.param(
            [
                ("full_body", "behind", "orange armour, steel boots"),
                ("full_body", "behind", "orange armour, steel boots, standing"),
            ],
            "front: dented helmet",
            id="hidden from the view",
        ),
        pytest.param(
            [("full_body", "front", "a cable"), ("full_body", "front", "a lamp")], "", id="in none"
        ),
    ],
)
def test_uneven_trait_with_a_reason_is_no_fault(
    rows: list[tuple[str, str, str]], view_traits: str
) -> None:
    assert check_robot(rows, view_traits) == []


def test_same_caption_counts_only_between_framings() -> None:
    fields = CaptionFields(trigger="alvari")
    shots = ["full_body", "headshot", "headshot", "waist_up"]
    texts = ["alvari in a park", "Alvari  in a park", "alvari in a park", "alvari at home"]
    captioned = [
        make_captioned(t, s, name=f"{i}.png")
        for i, (s, t) in enumerate(zip(shots, texts, strict=True))
    ]
    found = [w for w in check_captions(captioned, fields) if w.kind == "same_caption"]
    assert [w.crop for w in found] == [None]
    assert "3 captions" in found[0].text
    assert "0.png (full body), 1.png (headshot), 2.png (headshot)" in found[0].text
    same_shot = [make_captioned("alvari in a park", "headshot") for _ in range(3)]
    assert check_captions(same_shot, fields) == []


ENGLISH = "alvari is standing in the park with her dog and the sun is behind her"
GERMAN = "alvari steht mit dem Hund im Park und die Sonne ist vor dem Haus"
SPANISH = "alvari está de pie con una mujer sobre el fondo blanco del parque"


def languages(*texts: str) -> list[tuple[int | None, str]]:
    captioned = [make_captioned(text) for text in texts]
    found = check_captions(captioned, CaptionFields(trigger="alvari"))
    assert {warning.kind for warning in found} <= {"language"}
    return [(warning.crop, warning.text) for warning in found]


def test_language_other_than_most_is_found() -> None:
    ((crop, text),) = languages(ENGLISH, ENGLISH, GERMAN)
    assert (crop, text.split(". ")[0]) == (2, "Is in German, while most captions are in English")
    assert [crop for crop, _ in languages(SPANISH, SPANISH, ENGLISH)] == [2]
    assert languages(GERMAN, GERMAN) == []


def test_language_without_a_majority_is_one_finding() -> None:
    ((crop, text),) = languages(ENGLISH, GERMAN)
    assert crop is None
    assert "1 in English, 1 in German" in text


def test_language_mixed_within_a_caption_is_found() -> None:
    ((crop, text),) = languages(f"{ENGLISH}. {GERMAN}")
    assert crop == 0
    assert text.startswith("Mixes English and German")


def test_language_trigger_and_quotes_are_exempt() -> None:
    fields = CaptionFields(trigger="la mujer del pelo")
    text = "la mujer del pelo is standing in the park with her dog"
    quoted = text + ' and a sign "el pelo de la mujer está con una chica"'
    found = check_captions([make_captioned(text), make_captioned(quoted)], fields)
    assert [warning.about for warning in found] == ["spaces"]


def test_own_fields_are_what_their_caption_is_checked_against() -> None:
    other = CaptionFields(
        trigger="emma", class_word="cat", named_traits="bell", omitted_traits="hat"
    )
    texts = [
        "korvaxi with orange armour, dented helmet, steel boots, hat",
        "emma, a cat with a hat",
    ]
    captioned = [make_captioned(text, "full_body", name=f"{text[:4]}.png") for text in texts]
    found = check_captions(captioned, ROBOT, own_fields=[ROBOT, other])
    assert [(w.crop, w.kind, w.about) for w in found] == [
        (None, "trigger_word", "known"),
        (1, "omitted_trait", "hat"),
    ]
    with pytest.raises(ValueError, match="shorter"):
        check_captions(captioned, ROBOT, own_fields=[ROBOT])
