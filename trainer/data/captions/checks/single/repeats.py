"""Phrases that stand twice in a caption."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from ..findings import Found
from ..wording.cutting import cut_phrase
from ..wording.words import FUNCTION_WORDS, Word, split_words
from .draft import Draft, Wanted

_LEAST = 3
_LEAST_CONTENT = 2
_CUTS = 8
# "a pair of black boots and a pair of black gloves" repeats nothing.
_COUNTING = frozenset("pair piece side bit lot kind front back top bottom left right part".split())
_SENTENCE_END = re.compile(r"[.!?;\n。！？]")


class _Repeat(NamedTuple):
    phrase: str
    start: int
    end: int


def check_repeats(draft: Draft) -> Iterator[Found]:
    """Find phrases of three or more words that stand twice."""
    for phrase in dict.fromkeys(repeat.phrase for repeat in _repeats(draft.words)):
        yield Found(
            "repeat",
            phrase,
            f"Says '{phrase}' twice, which spends tokens and adds nothing. Say it once.",
            partial(_said_once, draft.caption, phrase, draft.wanted),
        )


def _said_once(caption: str, phrase: str, wanted: Wanted) -> str | None:
    for _ in range(_CUTS):
        again = [item for item in _repeats(split_words(caption)) if item.phrase == phrase]
        if not again:
            return caption
        cut = cut_phrase(caption, again[0].start, again[0].end, (), wanted.kept)
        if cut is None:
            return None
        caption = cut
    return None


def _repeats(words: Sequence[Word]) -> Iterator[_Repeat]:
    texts = [word.text for word in words]
    parts = _parts(words)
    first: dict[tuple[str, ...], int] = {}
    place = 0
    while place + _LEAST <= len(texts):
        if parts[place] != parts[place + _LEAST - 1]:
            place += 1
            continue
        start = first.setdefault(tuple(texts[place : place + _LEAST]), place)
        length = _common_length(texts, parts, start, place)
        if length >= _LEAST and _says_something(texts[place : place + length]):
            end = place + length
            yield _Repeat(" ".join(texts[place:end]), words[place].start, words[end - 1].end)
            place = end
        else:
            place += 1


def _parts(words: Sequence[Word]) -> list[int]:
    """Number of the sentence that each word stands in."""
    parts: list[int] = []
    for word in words:
        before = parts[-1] if parts else 0
        parts.append(before + bool(_SENTENCE_END.search(word.gap)))
    return parts


def _common_length(texts: Sequence[str], parts: Sequence[int], first: int, second: int) -> int:
    """Words that two places have in common, within their sentences and without overlap."""
    length = 0
    while (
        first + length < second
        and second + length < len(texts)
        and texts[first + length] == texts[second + length]
        and parts[first + length] == parts[first]
        and parts[second + length] == parts[second]
    ):
        length += 1
    return length


def _says_something(texts: Sequence[str]) -> bool:
    return len(set(texts) - FUNCTION_WORDS - _COUNTING) >= _LEAST_CONTENT
