"""Spaces and punctuation that are doubled or left over."""

from __future__ import annotations

import re

# Three dots in a row are meant; two are not.
_FLAWS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=\S)[ \t\u00a0]{2,}(?=\S)"), " "),
    (re.compile(r"(?<![ \t\u00a0])[ \t\u00a0]+(?=[,.;](?:\s|$))"), ""),
    (re.compile(r"([,;])(?:\s*[,;])+"), r"\1"),
    (re.compile(r"[,;]+\s*(?=[.!?](?:\s|$))"), ""),
    (re.compile(r"(?<=[.!?])\s*[,;]+(?=\s|$)"), ""),
    (re.compile(r"(?<!\.)\.(?:\s*\.)(?![.\w])"), "."),
    (re.compile(r"^\s*(?:[,;]|\.(?![.\w]))\s*"), ""),
)


def tidy(caption: str) -> str:
    """Make spaces and punctuation single; what is fine already stays as it is."""
    while True:
        before = caption
        for flaw, right in _FLAWS:
            caption = flaw.sub(right, caption)
        if caption == before:
            return caption
