"""Words for the view of a crop: front view, from behind, in profile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...words import view_words
from ..findings import Found
from ..single.draft import Draft, Wanted
from .phrases import Phrase, contradictions, find_phrases, put_words, stands_before

_VIEWERS = r"(?:the )?(?:viewer|camera|us\b|spectator|lens)"
_WORDS: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    (r"(?:three[- ]quarters?|3/4) (?:back|rear) view", False, ("behind", "side")),
    (r"(?:three[- ]quarters?|3/4) (?:front )?view", False, ("front", "side")),
    (r"(?:back|rear) view", False, ("behind",)),
    (r"front(?:al)? view", False, ("front",)),
    (r"side view", False, ("side",)),
    (r"from behind", True, ("behind",)),
    (r"from the (?:back|rear)", True, ("behind",)),
    (r"from the front", True, ("front",)),
    (r"from (?:the )?side", True, ("side",)),
    (r"side profile|in profile|profile (?:view|shot|portrait)", False, ("side",)),
    (rf"facing away from {_VIEWERS}", False, ("behind",)),
    (rf"back (?:turned )?(?:to|towards?) {_VIEWERS}", False, ("behind",)),
    (rf"facing {_VIEWERS}", False, ("front",)),
)
_PHRASES = tuple(
    Phrase(re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE), loose, views)
    for words, loose, views in _WORDS
)
# Light and touch come from somewhere, and things open or hang there.
_SAID_OF_OTHERS = re.compile(
    r"\b(?:lit|light|lights|lighting|backlit|sunlight|moonlight|sun|lamp|glow\w*|illuminated|"
    r"shin\w+|wind|breeze|rays?|hug\w*|grab\w*|embrac\w+|attack\w*|approach\w*|pushed|held|tied|"
    r"laced|buttoned|open\w*|hang\w*|slit|cut\w*|swept|fall\w*|com\w+|grow\w*|stick\w*|peek\w*|"
    r"peer\w*|emerg\w*|appear\w*|step\w*|jump\w*|look\w* out|surprised|followed|chased)\b"
    r"[^.!?;,\n]*$",
    re.IGNORECASE,
)
# "from behind a tree" is a place, "from behind by a dog" a deed.
_PLACE_AFTER = re.compile(
    r"\s+(?:by|an?|the|her|his|their|its|some|two|one|another|dark|glass|bars|trees|bushes|clouds|"
    r"curtains|window\w*|of)\b",
    re.IGNORECASE,
)
_MIRROR_AFTER = re.compile(r"[- ](?:mirrors?|camera|window)\b", re.IGNORECASE)
_SEEN_BEFORE = re.compile(
    r"\b(?:seen|viewed|shown|photographed|shot|captured|pictured|drawn|filmed|depicted|painted|"
    r"view|image|photo|photograph|picture|portrait)\s*$",
    re.IGNORECASE,
)
_DONE_BEFORE = re.compile(r"\b\w{2,}ed\s*$", re.IGNORECASE)
_STANDS_ALONE = re.compile(r"(?:\b(?:her|him|them|it)|(?:^|[.,;!?\n]))\s*$", re.IGNORECASE)
_LAST_WORD = re.compile(r"\w+(?=\s*$)")
_RIGHT = {
    "front": ("front view", "from the front", "facing the {}"),
    "behind": ("back view", "from behind", "facing away from the {}"),
    "side": ("side view", "from the side", ""),
}


def check_view(draft: Draft) -> Iterator[Found]:
    """Find view words that contradict the crop; an unknown view is not checked."""
    view = draft.crop.view
    if view not in _RIGHT:
        return
    right = view_words(view)
    yield from contradictions(
        "view",
        draft.caption,
        view,
        list(_named(draft.caption, draft.wanted)),
        lambda words: (
            f"Says '{words}', but the crop is a {right}. Write '{right}', or correct "
            "the view of the picture."
        ),
        lambda caption, start, end: _replace_one(caption, start, end, view),
    )


def _named(caption: str, wanted: Wanted) -> Iterator[tuple[int, int, Phrase]]:
    for start, end, phrase in find_phrases(caption, _PHRASES):
        if _MIRROR_AFTER.match(caption, end):
            continue
        if not phrase.loose or _is_view(caption, start, end, wanted):
            yield start, end, phrase


def _is_view(caption: str, start: int, end: int, wanted: Wanted) -> bool:
    if _PLACE_AFTER.match(caption, end):
        return False
    if stands_before(_SEEN_BEFORE, caption, start):
        return True
    if stands_before(_SAID_OF_OTHERS, caption, start):
        return False
    if caption[start:end].lower().replace("_", " ") == "from behind":
        return not stands_before(_DONE_BEFORE, caption, start)
    last = _LAST_WORD.search(caption, max(0, start - 40), start)
    follows_subject = last is not None and last[0].lower() in wanted.kept
    return follows_subject or stands_before(_STANDS_ALONE, caption, start)


def _replace_one(caption: str, start: int, end: int, view: str) -> str | None:
    right = _right_words(caption[start:end], view)
    return None if right is None else put_words(caption, start, end, right)


def _right_words(words: str, view: str) -> str | None:
    """The same kind of wording for another view."""
    as_view, as_from, as_facing = _RIGHT[view]
    text = words.lower().replace("_", " ")
    if text.startswith("facing"):
        return as_facing.format(re.split(r"\W+", text)[-1]) if as_facing else None
    if text.startswith("from") or text == "in profile":
        return as_from
    if text.startswith("back") and not text.endswith("view"):
        return None
    return as_view
