"""Captions in another language than most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..findings import Found
from ..single.draft import Draft
from ..single.mixed_languages import caption_language


class Languages:
    """The languages of all captions."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.each = [caption_language(draft) for draft in drafts]
        """Language of each caption, "" where it cannot be told."""
        self.counts = Counter(language for language in self.each if language)
        """Captions in each language."""

    def allow(self, before: Draft, after: Draft) -> bool:
        """Whether a changed caption leaves all others as right or wrong as they were."""
        old, new = (caption_language(draft) for draft in (before, after))
        if old == new:
            return True
        changed = Counter(self.counts)
        changed[old] -= 1
        changed[new] += 1
        del changed[""]
        changed = +changed
        if len(changed) < 2:
            return True
        most = _most(changed)
        return most != "" and most == _most(self.counts) and new in ("", most)


def check_languages(languages: Languages) -> Iterator[tuple[int | None, Found]]:
    """Find captions in another language than most of the others.

    Yields:
        The index of each such caption with its finding; where no language has more captions than
        the next, None and one finding.
    """
    counts = languages.counts.most_common()
    if len(counts) < 2:
        return
    most = _most(languages.counts)
    if not most:
        yield None, _several(counts)
        return
    for index, language in enumerate(languages.each):
        if language and language != most:
            yield (
                index,
                Found(
                    "language",
                    "",
                    f"Is in {language}, while most captions are in {most}. Write all in one "
                    "language.",
                ),
            )


def _most(counts: Counter[str]) -> str:
    """The language with the most captions; "" when two have as many."""
    (most, number), *others = counts.most_common(2) or [("", 0)]
    return "" if others and others[0][1] == number else most


def _several(counts: Sequence[tuple[str, int]]) -> Found:
    shares = ", ".join(f"{count} in {language}" for language, count in counts)
    return Found(
        "language",
        "",
        f"Captions are in several languages ({shares}), which splits what is learnt between them. "
        "Write all in one.",
    )
