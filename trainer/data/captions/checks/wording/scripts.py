"""Writing systems of letters."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SCRIPTS = {
    "LATIN": "Latin",
    "FULLWIDTH": "Latin",
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "CJK": "Chinese or Japanese",
    "HIRAGANA": "Chinese or Japanese",
    "KATAKANA": "Chinese or Japanese",
    "HALFWIDTH": "Chinese or Japanese",
    "HANGUL": "Korean",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "THAI": "Thai",
    "DEVANAGARI": "Devanagari",
    "ARMENIAN": "Armenian",
    "GEORGIAN": "Georgian",
}
_LOOKS_LIKE_LATIN = str.maketrans(
    "аеорсухіјѕԁһАВЕКМНОРСТХІЅЈαοινρυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhABEKMHOPCTXISJaoivpuABEZHIKMNOPTYX",
)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』")


def without_quotes(text: str) -> str:
    """Leave out what stands between double quotes: writing seen in the picture."""
    return _QUOTED.sub(" ", text)


@lru_cache(maxsize=4096)
def script_of(letter: str) -> str:
    """Name the writing system of a letter; "" for marks, digits and rare systems."""
    if letter.isascii():
        return "Latin" if letter.isalpha() else ""
    if not letter.isalpha():
        return ""
    name = unicodedata.name(letter, "")
    return _SCRIPTS.get(name.split(" ", 1)[0].split("-", 1)[0], "")


def scripts_of(word: str) -> set[str]:
    """Writing systems of a word's letters."""
    return {script_of(letter) for letter in word} - {""}


def as_latin(word: str) -> str | None:
    """Write a word whose letters only look Latin with Latin ones; None where one does not."""
    latin = word.translate(_LOOKS_LIKE_LATIN)
    return latin if scripts_of(latin) == {"Latin"} else None
