"""Named traits that stand in some but not all captions of one view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from ..findings import Found, shown_names
from ..single.draft import Draft
from ..wording.mentions import find_mentions
from ..wording.nouns import framings_without

_VIEW_WORDS = {"front": "front ", "behind": "back ", "side": "side ", "": ""}


def expected_traits(draft: Draft) -> tuple[str, ...]:
    """Named traits that the caption of a crop can be expected to name.

    Left out are those that its view hides, and those that its framing may leave out.
    """
    hidden = {trait.casefold() for trait in draft.wanted.hidden.get(draft.crop.view, ())}
    return tuple(
        trait
        for trait in draft.wanted.fields.named_traits
        if trait.casefold() not in hidden and draft.crop.shot not in framings_without(trait)
    )


def named_traits(draft: Draft) -> frozenset[str]:
    """Expected traits that a caption names."""
    traits = expected_traits(draft)
    return frozenset(trait for trait in traits if find_mentions(draft.words, trait))


def check_uneven_traits(
    drafts: Sequence[Draft], names: Sequence[str]
) -> Iterator[tuple[int | None, Found]]:
    """Find traits that are named here and left out there.

    Args:
        drafts: All captions.
        names: How they are called.

    Yields:
        None and a finding about the whole view; then the index of each caption that lacks the
        trait, with a finding that proposes to add it.
    """
    naming: dict[tuple[str, str], list[int]] = {}
    lacking: dict[tuple[str, str], list[int]] = {}
    for index, draft in enumerate(drafts):
        if draft.words:
            named = named_traits(draft)
            for trait in expected_traits(draft):
                where = naming if trait in named else lacking
                where.setdefault((draft.crop.view, trait), []).append(index)
    for (view, trait), without in lacking.items():
        count = len(naming.get((view, trait), ()))
        if count:
            yield None, _whole_view(view, trait, count, [names[index] for index in without])
            yield from ((index, _lacks(drafts[index], trait)) for index in without)


def _whole_view(view: str, trait: str, count: int, without: list[str]) -> Found:
    return Found(
        "uneven_trait",
        trait,
        f"'{trait}' is named in {count} of {count + len(without)} {_VIEW_WORDS.get(view, '')}"
        f"captions, but not in {shown_names(without)}. Name it in all of them, or in none: where "
        "it is not named it becomes part of the trigger.",
    )


def _lacks(draft: Draft, trait: str) -> Found:
    return Found(
        "uneven_trait",
        trait,
        f"Does not name '{trait}', which other captions of this view name. Add it if it can be "
        "seen.",
        partial(_with_trait, draft.caption, trait, draft.wanted.fields.named_traits),
    )


def _with_trait(caption: str, trait: str, listed: Sequence[str]) -> str | None:
    """Add a trait to the list of traits, before or behind its neighbour in the fields."""
    place = list(listed).index(trait)
    for neighbour in reversed(listed[:place]):
        after = re.search(rf"(?<!\w){re.escape(neighbour)}(?=[,.;](?:\s|$)|$)", caption, re.I)
        if after:
            return f"{caption[: after.end()]}, {trait}{caption[after.end() :]}"
    for neighbour in listed[place + 1 :]:
        before = re.search(
            rf"(?:(?<=\bwith )|(?<=, )){re.escape(neighbour)}(?=[,.;](?:\s|$)|$)", caption, re.I
        )
        if before:
            return f"{caption[: before.start()]}{trait}, {caption[before.start() :]}"
    return None
