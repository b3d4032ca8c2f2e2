"""Taking a phrase out of a caption so that the rest stays good English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .nouns import is_noun
from .tidying import tidy
from .words import DETERMINERS, FUNCTION_WORDS, Word, split_words

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n|[。！？]")
_ELEMENT_END = re.compile(r"[,;](?=\s|$)|[，、；]")
_NONE: frozenset[str] = frozenset()
_ADJECTIVES = 2
_POSTURES = frozenset(
    "standing sitting lying kneeling walking running jumping dancing leaning smiling laughing "
    "wearing holding carrying looking posing sleeping riding reading facing".split()
)
# An element that begins so describes the one before it.
_DESCRIBING = frozenset(
    "visible partly partially both each one all hidden which that who whose with tipped".split()
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A phrase within its list element, and the element within its sentence."""

    text: str
    start: int
    end: int
    element_start: int
    element_end: int
    opens_sentence: bool
    closes_sentence: bool
    following: str
    """The next element of the sentence, "" at its end."""

    @property
    def before(self) -> list[Word]:
        """Words of the element before the phrase, without "the" and its like."""
        words = split_words(self.text[self.element_start : self.start])
        return [word for word in words if word.text not in DETERMINERS]

    @property
    def after(self) -> list[Word]:
        """Words of the element after the phrase."""
        return split_words(self.text[self.end : self.element_end])


def cut_phrase(
    caption: str,
    start: int,
    end: int,
    listed: Sequence[str] = (),
    kept: frozenset[str] = frozenset(),
) -> str | None:
    """Take out a phrase that is a list element, follows "with", or is joined by "and".

    Args:
        caption: The caption.
        start: Index of the phrase's first letter.
        end: Index after its last letter.
        listed: Traits; before one of them a "with" may stay.
        kept: Words that are never taken along as adjectives: the trigger, the class word.

    Returns:
        The caption without the phrase, or None where it cannot be cut cleanly.
    """
    place = _locate(caption, start, end)
    if place is None:
        return None
    words = [word.text for word in place.before]
    adjectives = _count_adjectives(words, kept)
    if not place.after:
        return _cut_at_end(place, words, adjectives, listed)
    return _cut_before_and(place, words[: len(words) - adjectives], listed)


def _locate(caption: str, start: int, end: int) -> _Place | None:
    if _SENTENCE_END.search(caption, start, end) or _ELEMENT_END.search(caption, start, end):
        return None
    sentence_start, sentence_end = _bounds(_SENTENCE_END, caption, start, end, 0, len(caption))
    left, right = _bounds(_ELEMENT_END, caption, start, end, sentence_start, sentence_end)
    following = ""
    if right < sentence_end:
        next_end = _ELEMENT_END.search(caption, right + 1, sentence_end)
        following = caption[right + 1 : next_end.start() if next_end else sentence_end].strip()
    return _Place(
        text=caption,
        start=start,
        end=end,
        element_start=left,
        element_end=right,
        opens_sentence=left == sentence_start,
        closes_sentence=right == sentence_end,
        following=following,
    )


def _bounds(
    pattern: re.Pattern[str], text: str, start: int, end: int, first: int, last: int
) -> tuple[int, int]:
    left = first
    for match in pattern.finditer(text, first, start):
        left = match.end()
    # The mark itself must be seen with what follows it, so the search goes on to the text's end.
    found = pattern.search(text, end)
    right = found.start() if found and found.start() < last else last
    return left, right


def _count_adjectives(words: Sequence[str], kept: frozenset[str]) -> int:
    """How many words before the phrase are adjectives that go with it."""
    count = 0
    for word in reversed(words):
        is_adjective = not (
            word in FUNCTION_WORDS or word in kept or word.endswith("ing") or is_noun(word)
        )
        if not is_adjective or count == _ADJECTIVES:
            break
        count += 1
    return count


def _cut_at_end(
    place: _Place, words: list[str], adjectives: int, listed: Sequence[str]
) -> str | None:
    rest = words[: len(words) - adjectives]
    if rest in ([], ["and"]):
        return _remove_element(place) if _may_follow_nothing(place) else None
    if rest == ["with"]:
        return _remove_with_element(place, listed)
    if rest[-1] == "with":
        if _starts_with_any(place.following, listed):
            return _remove(place, _end_of_kept(place, len(rest)), _after_mark(place))
        goes_on = place.closes_sentence or _is_posture(place.following)
        is_clean = goes_on and rest[-2] not in FUNCTION_WORDS
        return _remove(place, _end_of_kept(place, len(rest) - 1), place.end, is_clean)
    if rest[-1] == "and" and len(rest) > 1 and not {"between", "both"} & set(rest):
        is_clean = is_noun(rest[-2]) and _may_follow_nothing(place)
        return _remove(place, _end_of_kept(place, len(rest) - 1), place.end, is_clean)
    return None


def _remove_with_element(place: _Place, listed: Sequence[str]) -> str | None:
    if _starts_with_any(place.following, listed):
        return _remove(place, _end_of_kept(place, 1), _after_mark(place))
    is_clean = place.closes_sentence or _is_posture(place.following)
    return _remove_element(place) if is_clean else None


def _cut_before_and(place: _Place, rest: list[str], listed: Sequence[str]) -> str | None:
    joined = re.match(r"\s+(?:and|or)\s+", place.text[place.end : place.element_end])
    if not joined or (rest and rest[-1] not in ("with", "has", "having")):
        return None
    others = [word.text for word in place.after[1:]]
    # "pointed ears and nose": one bare word may share the adjective.
    shares = len(others) < 2 and not _starts_with_any(" ".join(others), listed)
    if shares or others[0].endswith("ing") or others[0] in FUNCTION_WORDS - DETERMINERS:
        return None
    return _remove(place, _end_of_kept(place, len(rest)), place.end + joined.end())


def _end_of_kept(place: _Place, count: int) -> int:
    """Where the cut begins when so many words of the element stay before the phrase."""
    return place.element_start + (place.before[count - 1].end if count else 0)


def _may_follow_nothing(place: _Place) -> bool:
    """Whether the next element stands for itself."""
    words = split_words(place.following)
    if not words:
        return True
    first = words[0].text
    is_participle = len(first) > 4 and first.endswith(("ing", "ed")) and not is_noun(first)
    describes = first in _DESCRIBING or (is_participle and first not in _POSTURES)
    return not describes


def _is_posture(element: str) -> bool:
    words = split_words(element)
    return bool(words) and words[0].text in _POSTURES


def _starts_with_any(text: str, listed: Sequence[str]) -> bool:
    return bool(text) and any(
        re.match(rf"{re.escape(trait)}(?!\w)", text, re.IGNORECASE) for trait in listed
    )


def _after_mark(place: _Place) -> int:
    return place.element_end + 1


def _remove_element(place: _Place) -> str:
    if place.opens_sentence and not place.closes_sentence:
        return _remove(place, place.element_start, place.element_end + 1) or ""
    if not place.opens_sentence:
        return _remove(place, place.element_start - 1, place.element_end) or ""
    mark = _SENTENCE_END.match(place.text, place.element_end)
    return _remove(place, place.element_start, mark.end() if mark else place.element_end) or ""


def _remove(place: _Place, start: int, end: int, is_clean: bool = True) -> str | None:
    if not is_clean:
        return None
    text = place.text
    first = text[place.element_start :].lstrip()[:1]
    left, right = text[:start].rstrip(" "), text[end:].lstrip(" ")
    starts_sentence = not left or left[-1] in ".!?"
    if starts_sentence and first.isupper() and right[:1].islower():
        right = right[0].upper() + right[1:]
    space = " " if left and right and right[0] not in ",.;!?" and text[start:end] else ""
    # Between Chinese or Japanese letters and marks stands no space.
    if space and not re.search(r"\s", text[max(0, start - 1) : end + 1]):
        space = ""
    return tidy(left + space + right).strip().rstrip(",;")
