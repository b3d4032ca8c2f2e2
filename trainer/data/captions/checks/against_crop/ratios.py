"""Aspect ratios in captions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ...words import COMMON_RATIOS, OTHER_RATIOS, ratio_words
from ..findings import Found
from ..single.draft import Draft
from .phrases import stands_before

_KNOWN_RATIOS = frozenset(f"{w}:{h}" for w, h in (*COMMON_RATIOS, *OTHER_RATIOS))
# Times of day, scores and verses look the same.
_NO_RATIO_BEFORE = re.compile(
    r"\b(?:clock|watch|time|display|at|until|by|score|won|lost|verse|chapter|scale)\W+"
    r"(?:(?:that|which|shows?|showing|reads?|reading|is|of|to|says?)\W+){0,3}$",
    re.IGNORECASE,
)
_NO_RATIO_AFTER = re.compile(r"\s*(?:[ap]\.?m\b|o'?clock|scores?\b|lead\b|scale\b)", re.IGNORECASE)
_RATIO = re.compile(r"(?<![\d:])\d{1,2}:\d{1,2}(?![\d:])")


def check_ratio(draft: Draft) -> Iterator[Found]:
    """Find ratios that are not the crop's."""
    right = ratio_words(draft.crop.bucket)
    for ratio in dict.fromkeys(draft.caption[s:e] for s, e in _named(draft.caption)):
        if ratio != right:
            yield Found(
                "ratio",
                ratio,
                f"Says {ratio}, but the crop is {draft.crop.bucket} ({right}). Write {right}.",
                partial(_replaced, draft.caption, ratio, right),
            )


def _named(caption: str) -> list[tuple[int, int]]:
    return [
        match.span()
        for match in _RATIO.finditer(caption)
        if match[0] in _KNOWN_RATIOS
        and not stands_before(_NO_RATIO_BEFORE, caption, match.start())
        and not _NO_RATIO_AFTER.match(caption, match.end())
    ]


def _replaced(caption: str, ratio: str, right: str) -> str:
    for start, end in reversed(_named(caption)):
        if caption[start:end] == ratio:
            caption = caption[:start] + right + caption[end:]
    return caption
