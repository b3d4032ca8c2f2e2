"""Fixed phrases in captions, the longest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_LOOK_BACK = 160


class Phrase(NamedTuple):
    """A fixed phrase that says something about the crop."""

    pattern: re.Pattern[str]
    """Finds it."""
    loose: bool
    """Whether it often means something else, and so needs a sentence that speaks of the picture."""
    fits: tuple[str, ...]
    """Shots or views that it suits."""


def stands_before(pattern: re.Pattern[str], text: str, end: int) -> bool:
    """Whether a pattern that ends in "$" matches right before an index; looks back a little way."""
    return bool(pattern.search(text, max(0, end - _LOOK_BACK), end))


def find_phrases(text: str, phrases: Sequence[Phrase]) -> Iterator[tuple[int, int, Phrase]]:
    """Find phrases in order; of those that overlap the first and longest counts.

    Underscores count as spaces, as in the tags "from_behind, upper_body".

    Yields:
        Index of the first letter, index after the last letter, the phrase.
    """
    spaced = text.replace("_", " ")
    found = [
        (match.start(), match.end(), phrase)
        for phrase in phrases
        for match in phrase.pattern.finditer(spaced)
    ]
    last = 0
    for start, end, phrase in sorted(found, key=lambda item: (item[0], -item[1])):
        if start >= last:
            yield start, end, phrase
            last = end


def put_words(caption: str, start: int, end: int, right: str) -> str:
    """Put words in, with a capital where one was, and "a" for "an"."""
    if caption[start].isupper():
        right = right[0].upper() + right[1:]
    if "_" in caption[start:end]:
        right = right.replace(" ", "_")
    before = caption[:start]
    vowel = right[0].lower() in "aeiou"
    before = re.sub(r"\b([Aa])n?(\s+)$", r"\1n\2" if vowel else r"\1\2", before)
    return before + right + caption[end:]
