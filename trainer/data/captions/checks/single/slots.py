"""Slots of a template, doubled spaces and punctuation, and empty captions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ...template import SLOTS
from ..findings import Found
from ..wording.cutting import cut_phrase
from ..wording.tidying import tidy
from .draft import Draft, Wanted

_SLOT = re.compile(rf"\{{+[^{{}}]*\}}+|\[(?:{'|'.join(SLOTS)})\]|<(?:{'|'.join(SLOTS)})>")


def check_empty(draft: Draft) -> Iterator[Found]:
    """Find a caption without words."""
    if not draft.words:
        text = "The caption is empty. Fill in fields, or write one for this picture."
        yield Found("empty", "", text)


def check_slots(draft: Draft) -> Iterator[Found]:
    """Find slots that were not filled."""
    for slot in dict.fromkeys(_SLOT.findall(draft.caption)):
        yield Found(
            "slot",
            slot,
            f"Still has the slot '{slot}', which is only filled in templates. Replace it.",
            partial(_without, draft.caption, slot, draft.wanted),
        )


def check_spacing(draft: Draft) -> Iterator[Found]:
    """Find double spaces and doubled punctuation."""
    tidied = tidy(draft.caption)
    if tidied != draft.caption:
        yield Found(
            "spacing",
            "",
            "Has double spaces or doubled punctuation, which are tokens of their own. Remove them.",
            lambda: tidied,
        )


def _without(caption: str, slot: str, wanted: Wanted) -> str | None:
    while slot in caption:
        start = caption.index(slot)
        cut = cut_phrase(caption, start, start + len(slot), (), wanted.kept)
        if cut is None or cut.count(slot) >= caption.count(slot):
            return None
        caption = cut
    return caption
