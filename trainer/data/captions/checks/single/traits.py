"""Traits that a caption must not mention, or that its view cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..findings import Found
from ..wording.cutting import cut_phrase
from ..wording.mentions import find_mentions
from ..wording.words import split_words
from .draft import Draft, Wanted

_VIEW_NAMES = {"front": "the front", "behind": "behind", "side": "the side"}
_CUTS = 8


def check_omitted_traits(draft: Draft) -> Iterator[Found]:
    """Find traits that belong to the character."""
    for trait in draft.wanted.fields.omitted_traits:
        if find_mentions(draft.words, trait):
            yield Found(
                "omitted_trait",
                trait,
                f"Mentions '{trait}', which belongs to the character and should not be named. "
                "Take it out, or move it to the named traits.",
                partial(without_trait, draft.caption, trait, draft.wanted),
            )


def check_hidden_traits(draft: Draft) -> Iterator[Found]:
    """Find traits that only another view shows."""
    for trait, view in draft.wanted.hidden.get(draft.crop.view, {}).items():
        if find_mentions(draft.words, trait):
            yield Found(
                "hidden_trait",
                trait,
                f"Names '{trait}', which is only seen from {_VIEW_NAMES[view]}, but the crop shows "
                f"{_VIEW_NAMES[draft.crop.view]}. Take it out, or correct the view.",
                partial(without_trait, draft.caption, trait, draft.wanted),
            )


def without_trait(caption: str, trait: str, wanted: Wanted) -> str | None:
    """Take every mention of a trait out; None where one of them cannot be cut cleanly."""
    listed = [*wanted.fields.named_traits, *wanted.fields.omitted_traits]
    for _ in range(_CUTS):
        found = find_mentions(split_words(caption), trait)
        if not found:
            return caption
        cut = cut_phrase(caption, found[0].start, found[0].end, listed, wanted.kept)
        if cut is None:
            return None
        caption = cut
    return None
