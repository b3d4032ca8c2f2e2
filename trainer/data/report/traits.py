"""How often an epoch shows each trait, by what the captions say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..captions.captioning import Captioned
from ..captions.checks.wording.mentions import find_mentions
from ..captions.checks.wording.words import Word, split_words
from ..captions.words import framing_words

RARE_SHARE = 0.1
"""A trait in fewer samples than this share is pointed out."""
MOST_FOUND = 12
"""Most traits that are taken from the captions themselves."""

_CLAUSE = re.compile(
    r"[.,;:!?()\n。，、；：！？]+(?!\d)|\b(?:with|wearing|holding|and)\b", re.IGNORECASE
)
_ARTICLE = re.compile(r"^(?:an?|the|her|his|their|its|some)\s+", re.IGNORECASE)
_RATIO = re.compile(r"\d\s*:\s*\d")
_LONGEST_WORDS = 5
_CLASS_WORDS = ("woman", "man", "person", "")


@dataclass(frozen=True, slots=True)
class TraitCount:
    """One trait in an epoch."""

    name: str
    """As given, or as the captions say it."""
    samples: int
    """Samples of an epoch whose caption mentions it."""
    share: float
    """Of all samples of the crops, 0..1."""
    by_view: Mapping[str, int]
    """Samples by view; "" where it is not known. Views without any are missing."""
    by_shot: Mapping[str, int]
    """Samples by shot."""

    @property
    def is_rare(self) -> bool:
        """Whether it is in fewer than a tenth of the samples."""
        return self.share < RARE_SHARE


def count_traits(
    captioned: Sequence[Captioned], repeats: Sequence[int], traits: Sequence[str] = ()
) -> list[TraitCount]:
    """Count the samples of an epoch that mention each trait.

    Args:
        captioned: Crops with captions.
        repeats: Times each comes in an epoch.
        traits: What to count; empty takes what most captions share, at most 12.

    Returns:
        In the order of `traits`, or the most frequent first.
    """
    words = [split_words(entry.caption) for entry in captioned]
    names = traits or find_traits(captioned)
    counts = [_count(captioned, words, repeats, name) for name in names]
    return counts if traits else sorted(counts, key=lambda one: -one.samples)


def find_traits(captioned: Sequence[Captioned]) -> list[str]:
    """Phrases that captions share, those of most captions first; at most 12.

    A phrase is what stands between punctuation marks and words such as "with", without articles
    and of at most five words. Ratios and the wording of framings say nothing of the subject. A
    phrase of one caption alone counts only where there is one caption.
    """
    found: dict[str, int] = {}
    for entry in captioned:
        for phrase in dict.fromkeys(_phrases(entry)):
            found[phrase] = found.get(phrase, 0) + 1
    fewest = min(2, len(captioned))
    shared = [phrase for phrase, count in found.items() if count >= fewest]
    return sorted(shared, key=lambda phrase: -found[phrase])[:MOST_FOUND]


def parse_traits(text: str) -> tuple[str, ...]:
    """Read traits parted by commas, semicolons or lines, each once."""
    parts = (part.strip() for part in re.split(r"[,;\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def _count(
    captioned: Sequence[Captioned],
    words: Sequence[Sequence[Word]],
    repeats: Sequence[int],
    name: str,
) -> TraitCount:
    samples, by_view, by_shot = 0, dict[str, int](), dict[str, int]()
    for entry, said, times in zip(captioned, words, repeats, strict=True):
        if times and find_mentions(said, name):
            samples += times
            by_view[entry.crop.view] = by_view.get(entry.crop.view, 0) + times
            by_shot[entry.crop.shot] = by_shot.get(entry.crop.shot, 0) + times
    total = sum(repeats)
    return TraitCount(name, samples, samples / total if total else 0.0, by_view, by_shot)


def _phrases(entry: Captioned) -> list[str]:
    framings = [framing_words(entry.crop.shot, word).lower() for word in _CLASS_WORDS]
    phrases = []
    for part in _CLAUSE.split(entry.caption):
        phrase = _ARTICLE.sub("", part.strip()).lower()
        is_framing = any(phrase in framing for framing in framings)
        if phrase and not is_framing and not _RATIO.search(phrase):
            if len(phrase.split()) <= _LONGEST_WORDS:
                phrases.append(phrase)
    return phrases
