"""Two languages within one caption."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Found
from ..wording.languages import families_of, language_of
from ..wording.scripts import without_quotes
from ..wording.words import split_words
from .draft import Draft


def check_mixed_languages(draft: Draft) -> Iterator[Found]:
    """Find captions that go on in another language; trigger and quotes may be any."""
    families = families_of(language_words(draft))
    if len(families) > 1:
        names = " and ".join(families)
        yield Found(
            "language",
            "mixed",
            f"Mixes {names}, which splits what is learnt between two languages. Write the caption "
            "in one.",
        )


def language_words(draft: Draft) -> set[str]:
    """Words by which the language of a caption is told."""
    if '"' in draft.caption or not draft.caption.isascii():
        words = {word.text for word in split_words(without_quotes(draft.caption))}
    else:
        words = {word.text for word in draft.words}
    return words - draft.wanted.trigger_words


def caption_language(draft: Draft) -> str:
    """Name the language of a caption; "" when it cannot be told."""
    return language_of(language_words(draft))
