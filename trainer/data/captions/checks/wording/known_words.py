"""Words that the text encoders already know: common words, names, brands, places."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("known_words.txt")


def known_as(word: str) -> str:
    """Tell what a word is known as: "a first name", "a place"; "" when it is on no list."""
    return _known_words().get(word.casefold(), "")


@cache
def _known_words() -> Mapping[str, str]:
    words: dict[str, str] = {}
    heading = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            heading = line[1:-1]
        elif not line.startswith("#"):
            for word in line.split():
                words.setdefault(word.casefold(), heading)
    return words
