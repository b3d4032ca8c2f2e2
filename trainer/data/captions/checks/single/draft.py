"""One caption with its crop, and what the checks ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ....crops.planning import Crop
from ...captioning import CaptionFields
from ..view_traits import ViewTraits
from ..wording.words import Word, split_words


@dataclass(frozen=True, slots=True)
class Draft:
    """A caption to check."""

    caption: str
    """Its text."""
    crop: Crop
    """The crop it belongs to."""
    words: tuple[Word, ...] = field(init=False)
    """Its words."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(split_words(self.caption)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What captions are checked against."""

    fields: CaptionFields
    """Trigger, class word and traits."""
    view_traits: ViewTraits
    """Traits that only some views show."""
    trigger: re.Pattern[str] | None = field(init=False)
    """Finds the trigger; None when there is none."""

    def __post_init__(self) -> None:
        trigger = self.fields.trigger.strip()
        pattern = whole_word(trigger) if trigger else None
        object.__setattr__(self, "trigger", pattern)

    @property
    def kept(self) -> tuple[str, ...]:
        """Words that belong to the subject and are never cut along with a trait."""
        text = f"{self.fields.trigger} {self.fields.class_word}"
        return tuple(word.text for word in split_words(text))


def whole_word(text: str) -> re.Pattern[str]:
    """A pattern that finds a text in any case, not inside longer words."""
    start = r"(?<!\w)" if text[0].isascii() else ""
    end = r"(?!\w)" if text[-1].isascii() else ""
    return re.compile(start + re.escape(text) + end, re.IGNORECASE)
