"""What a caption check can find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

ALL_CAPTIONS = "All captions"
"""Name of findings about the whole set."""

Kind = Literal[
    "empty",
    "trigger",
    "trigger_word",
    "class_word",
    "omitted_trait",
    "hidden_trait",
    "uneven_trait",
    "framing",
    "view",
    "ratio",
    "slot",
    "repeat",
    "same_caption",
    "spacing",
    "script",
    "language",
    "clip_length",
    "llama_length",
]
"""Stable word for what was found; `KINDS` explains each."""

KINDS: Mapping[Kind, str] = {
    "empty": "The caption has no words.",
    "trigger": "The trigger is missing from a caption.",
    "trigger_word": "The trigger itself is a poor choice: known, short, or more than one word.",
    "class_word": "The class word is missing from a caption.",
    "omitted_trait": "A caption mentions a trait that belongs to the character.",
    "hidden_trait": "A caption names a trait that its view cannot show.",
    "uneven_trait": "A named trait stands in some but not all captions of one view.",
    "framing": "A caption names a framing that is not its crop's.",
    "view": "A caption names a view that is not its crop's.",
    "ratio": "A caption names an aspect ratio that is not its crop's.",
    "slot": "A slot of the template was left in a caption.",
    "repeat": "A phrase of three or more words stands twice in a caption.",
    "same_caption": "Crops of different framings have the same caption word for word.",
    "spacing": "A caption has double spaces or doubled punctuation.",
    "script": "A caption mixes writing systems, or letters of two in one word.",
    "language": "A caption mixes languages, or is in another one than most.",
    "clip_length": "A caption is longer than CLIP-L reads.",
    "llama_length": "A caption is longer than HunyuanVideo's captions were.",
}
"""All kinds of finding, each with its meaning."""

_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CaptionWarning:
    """Something about one caption or the whole set; nothing is stopped by it."""

    name: str
    """Picture and shot: "alva_front.png (headshot)", or `ALL_CAPTIONS`."""
    kind: Kind
    """What it is, one of `KINDS`."""
    text: str
    """What is wrong, why, and what to do."""
    crop: int | None = None
    """Index of the caption among those that were checked; None for the whole set."""
    mend: str | None = None
    """The whole caption without this fault, when there is one certain way to mend it."""
    about: str = ""
    """The trait, slot or phrase in question, which tells findings of one kind apart."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding before its mend is made and tried."""

    kind: Kind
    """What it is."""
    about: str
    """The trait, slot or phrase in question."""
    text: str
    """What is wrong, why, and what to do."""
    mend: Callable[[], str | None] | None = None
    """Proposes a whole new caption, or None where nothing is certain."""

    @property
    def key(self) -> tuple[Kind, str]:
        """Equal for the same fault before and after a change; the text may count differently."""
        return self.kind, self.about


def finding_lines(findings: Iterable[CaptionWarning]) -> list[str]:
    """Write findings as lines, the same text only once.

    A line is "front.png (headshot): text", or "front.png (headshot), back.png (torso) and 4 more:
    text"; findings about the whole set come first. A trait that captions lack is told by the line
    of the whole set, which names them.
    """
    names: dict[str, list[str]] = {}
    for found in sorted(findings, key=lambda found: found.crop is not None):
        if found.crop is None or found.kind != "uneven_trait":
            names.setdefault(found.text, []).append(found.name)
    return [f"{shown_names(found)}: {text}" for text, found in names.items()]


def shown_names(names: list[str]) -> str:
    """Join names, the first few of many."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
