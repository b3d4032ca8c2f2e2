"""What the names of picture files tell: their order, and the side of the subject they show."""

from __future__ import annotations

import re
from pathlib import Path

_VIEW_WORDS = {
    "front": "front",
    "behind": "behind",
    "back": "behind",
    "rear": "behind",
    "side": "side",
    "profile": "side",
}


def guess_view(name: str) -> str:
    """Guess from a file name which side the subject shows.

    Whole words count, also inside "frontView" or "back_view"; "background" is not "back".

    Args:
        name: File name without its extension.

    Returns:
        "front", "behind" or "side"; "" when no word or words for different sides are found.
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = [word.lower() for word in re.findall(r"[^\W\d_]+", apart)]
    views = {_VIEW_WORDS.get(word.removesuffix("view"), "") for word in words} - {""}
    return views.pop() if len(views) == 1 else ""


def natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key by which "picture 2" comes before "picture 10", upper and lower case together."""
    parts = re.split(r"([0-9]+)", path.name.casefold())
    key = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
    return key, path.name
