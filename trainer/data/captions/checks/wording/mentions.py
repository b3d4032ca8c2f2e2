"""Whether and where a caption mentions a trait."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from .nouns import is_noun
from .words import DETERMINERS, PREPOSITIONS, VERBS, Word, split_words, word_forms

_WORDS_BETWEEN = 2
_ENDS_PHRASE = (PREPOSITIONS | VERBS | {"who", "which", "while"}) - {"out", "up", "down"}
_LINKS = frozenset("is are was were look looks".split())
_SENTENCE_END = re.compile(r"[.!?;:\n。！？；：]")
_COMMA = re.compile(r"[,，、]")


class Mention(NamedTuple):
    """Where a trait is mentioned."""

    start: int
    """Index of the first letter."""
    end: int
    """Index after the last letter."""


def mentions(caption: str, trait: str) -> bool:
    """Tell whether a caption mentions a trait.

    Words are compared without plural and verb endings; up to two other words may stand between
    those of the trait, so "blue eyes" is found in "a blue, sparkling eye", but not in "a blue
    dress and eyes": there a noun takes the word before it. "Her eyes are blue" counts as well.
    """
    return bool(find_mentions(split_words(caption), trait))


def find_mentions(words: Sequence[Word], trait: str) -> list[Mention]:
    """Find all mentions of a trait among the words of a caption, in order and without overlap."""
    wanted = _wanted(trait)
    found: list[Mention] = []
    position = 0
    while wanted and position < len(words):
        last = _match(words, position, wanted)
        if last is None:
            position += 1
        else:
            found.append(Mention(words[position].start, words[last].end))
            position = last + 1
    return found


@lru_cache(maxsize=4096)
def _wanted(trait: str) -> tuple[frozenset[str], ...]:
    words = [word.text for word in split_words(trait)]
    return tuple(word_forms(word) for word in words if word not in DETERMINERS or len(words) == 1)


def _match(words: Sequence[Word], start: int, wanted: tuple[frozenset[str], ...]) -> int | None:
    """Index of the last word of a mention that begins at `start`."""
    forms = word_forms(words[start].text)
    if not wanted[0].isdisjoint(forms):
        return _follow(words, start, wanted[1:])
    if len(wanted) > 1 and not wanted[-1].isdisjoint(forms):
        return _follow_link(words, start, wanted[:-1])
    return None


def _follow(words: Sequence[Word], last: int, wanted: Sequence[frozenset[str]]) -> int | None:
    for number, forms in enumerate(wanted, start=1):
        between = 0
        place = last
        while True:
            if place + 1 >= len(words) or _is_cut_off(words, place, is_matched=place == last):
                return None
            place += 1
            if not forms.isdisjoint(word_forms(words[place].text)):
                # "elf, ears": no adjective has a comma right before its noun.
                if number == len(wanted) and between == 0 and _COMMA.search(words[place].gap):
                    return None
                break
            if words[place].text in DETERMINERS:
                continue
            between += 1
            # "black dress and hair": the noun between takes the adjective.
            takes = words[place].text in _ENDS_PHRASE or is_noun(words[place].text)
            if between > _WORDS_BETWEEN or takes:
                return None
        last = place
    return last


def _is_cut_off(words: Sequence[Word], place: int, is_matched: bool) -> bool:
    """Whether what follows a word belongs to something else.

    A comma may stand between adjectives ("a blue, sparkling eye"), not behind a noun and not
    before "the" and its like.
    """
    following = words[place + 1]
    if not following.gap or following.gap == " ":
        return False
    if _SENTENCE_END.search(following.gap):
        return True
    may_go_on = is_matched and not is_noun(words[place].text) and following.text not in DETERMINERS
    return bool(_COMMA.search(following.gap)) and not may_go_on


def _follow_link(words: Sequence[Word], last: int, wanted: Sequence[frozenset[str]]) -> int | None:
    """Match "eyes are blue" and "her ears pointed,": what stands before the noun otherwise."""
    link = last
    if link + 1 < len(words) and words[link + 1].text in _LINKS and words[link + 1].gap == " ":
        link += 1
    for offset, forms in enumerate(wanted, start=1):
        if link + offset >= len(words) or words[link + offset].gap != " ":
            return None
        if forms.isdisjoint(word_forms(words[link + offset].text)):
            return None
    end = link + len(wanted)
    # "Ears pointed at her": without a link only where nothing follows that it could describe.
    return end if link > last or _ends_there(words, end) else None


def _ends_there(words: Sequence[Word], place: int) -> bool:
    return place + 1 >= len(words) or bool(re.search(r"[^\w\s-]", words[place + 1].gap))
