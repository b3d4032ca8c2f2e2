"""Fixed phrases in captions, the longest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from ..findings import Found, Kind

_LOOK_BACK = 160
Change = Callable[[str, int, int], str | None]
"""Puts other words into a caption from one index to another; None when it cannot be told which."""


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


def contradictions(
    kind: Kind,
    caption: str,
    truth: str,
    named: Sequence[tuple[int, int, Phrase]],
    say: Callable[[str], str],
    change: Change,
) -> Iterator[Found]:
    """Find phrases that say something else about the crop than what is true.

    Args:
        kind: What is found.
        caption: The caption.
        truth: The crop's own shot or view.
        named: The caption's phrases about that.
        say: The sentence about wrong words.
        change: Mends one of them.
    """
    agrees = any(truth in phrase.fits for _, _, phrase in named)
    for start, end, phrase in named:
        if truth not in phrase.fits:
            words = caption[start:end]
            # Beside a right word there is no telling what the other one is about.
            mend = None if agrees else partial(_changed, caption, words, named, change)
            yield Found(kind, words.lower(), say(words), mend)


def _changed(
    caption: str, words: str, named: Sequence[tuple[int, int, Phrase]], change: Change
) -> str | None:
    """The caption with all places of the same words changed; None when one of them cannot be."""
    # From the end, so that the places before stay where they are.
    for start, end, _ in reversed(named):
        if caption[start:end] == words:
            changed = change(caption, start, end)
            if changed is None:
                return None
            caption = changed
    return caption


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
