"""Captions in another language than most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..findings import Found
from ..single.draft import Draft, Wanted
from ..single.mixed_languages import caption_language


def check_languages(drafts: Sequence[Draft], wanted: Wanted) -> Iterator[tuple[int | None, Found]]:
    """Find captions in another language than most of the others.

    Yields:
        The index of each such caption with its finding; where no language has more captions than
        the next, None and one finding.
    """
    languages = [caption_language(draft, wanted) for draft in drafts]
    counts = Counter(language for language in languages if language).most_common()
    if len(counts) < 2:
        return
    (most, number), (_, second) = counts[:2]
    if number == second:
        shares = ", ".join(f"{count} in {language}" for language, count in counts)
        yield (
            None,
            Found(
                "language",
                "",
                f"Captions are in several languages ({shares}), which splits what is learnt "
                "between them. Write all in one.",
            ),
        )
        return
    for index, language in enumerate(languages):
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
