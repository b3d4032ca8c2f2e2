"""Words of a text, and the forms under which two words count as the same."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_IRREGULAR = {
    "feet": "foot",
    "teeth": "tooth",
    "wore": "wear",
    "worn": "wear",
    "knives": "knife",
    "glasses": "glasses",
    "scared": "scare",
}

DETERMINERS = frozenset("a an the her his their its my your this that these those".split())
"""Words before a noun that say nothing about it."""
PREPOSITIONS = frozenset(
    "with without in inside into on onto at of off by near from to for against before behind "
    "under over above below beside between through across along around as like over down up "
    "out within toward towards".split()
)
"""Small words that begin a phrase."""
JOINERS = frozenset("and or but nor then while when where which who whose as".split())
"""Words that join two parts."""
VERBS = frozenset(
    "is are was were be being been has have having had wears wear wearing holds hold holding "
    "shows show showing stands sits looks".split()
)
"""Common verbs of captions, which end a noun phrase."""
FUNCTION_WORDS = DETERMINERS | PREPOSITIONS | JOINERS | VERBS
"""Words that carry no picture of their own."""


class Word(NamedTuple):
    """One word and where it stands."""

    text: str
    """In lower case."""
    start: int
    """Index of its first letter."""
    end: int
    """Index after its last letter."""
    gap: str
    """What stands between the word before and this one."""


def split_words(text: str) -> list[Word]:
    """Split a text into words; Chinese, Japanese and Korean letters are words of their own."""
    words: list[Word] = []
    last = 0
    for match in _WORD.finditer(text):
        words.append(Word(match[0].lower(), match.start(), match.end(), text[last : match.start()]))
        last = match.end()
    return words


@lru_cache(maxsize=16384)
def word_forms(word: str) -> frozenset[str]:
    """Forms of a word in lower case without plural and verb endings; equal words share one."""
    if word in _IRREGULAR:
        return frozenset({_IRREGULAR[word]})
    forms = {word}
    if word[0].isdigit():
        # "1girl", as tags have it.
        forms.add(word.lstrip("0123456789") or word)
    if word.endswith("ies") and len(word) > 5:
        forms.add(word[:-3] + "y")
    elif word.endswith("es") and len(word) > 4:
        forms |= {word[:-2], word[:-1]}
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        forms.add(word[:-1])
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3:
            # "bobbed" from bob, "robed" from robe.
            doubled = len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] in "bdgmnprt"
            forms |= {stem, stem + "e"} | ({stem[:-1]} if doubled else set())
    return frozenset(forms)
