"""One caption with its crop, and what the checks ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ....crops.planning import Crop
from ...captioning import CaptionFields
from ..view_traits import ViewTraits
from ..wording.words import Word, split_words

_VIEWS = ("front", "behind", "side")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caption is checked against."""

    fields: CaptionFields
    """Trigger, class word and traits."""
    view_traits: ViewTraits
    """Traits that only some views show."""
    trigger: re.Pattern[str] | None = field(init=False)
    """Finds the trigger; None when there is none."""
    trigger_words: frozenset[str] = field(init=False)
    """Words of the trigger in lower case."""
    kept: frozenset[str] = field(init=False)
    """Words of trigger and class word, which are never cut along with a trait."""
    hidden: Mapping[str, Mapping[str, str]] = field(init=False)
    """By view, the traits that it cannot show, each with a view that does."""

    def __post_init__(self) -> None:
        trigger = self.fields.trigger.strip()
        pattern = whole_word(trigger) if trigger else None
        words = frozenset(word.text for word in split_words(trigger))
        kept = words | {word.text for word in split_words(self.fields.class_word)}
        hidden = {view: self.view_traits.hidden_from(view) for view in _VIEWS}
        for name, value in (
            ("trigger", pattern),
            ("trigger_words", words),
            ("kept", kept),
            ("hidden", hidden),
        ):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Draft:
    """A caption to check."""

    caption: str
    """Its text."""
    crop: Crop
    """The crop it belongs to."""
    wanted: Wanted
    """What it is checked against."""
    words: tuple[Word, ...] = field(init=False)
    """Its words."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(split_words(self.caption)))


def whole_word(text: str) -> re.Pattern[str]:
    """A pattern that finds a text in any case, not inside longer words."""
    start = r"(?<!\w)" if text[0].isascii() else ""
    end = r"(?!\w)" if text[-1].isascii() else ""
    return re.compile(start + re.escape(text) + end, re.IGNORECASE)
