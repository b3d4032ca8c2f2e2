"""The trigger itself: it should be one unusual word."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from ...captioning import CaptionFields
from ..findings import Found
from ..lengths import TokenCounter
from ..wording.known_words import known_as
from ..wording.mentions import mentions
from ..wording.scripts import scripts_of

_SHORTEST = 3
# The heading in the list of known words.
_RARE_TOKEN = "a rare token that many LoRAs have used"
_SYLLABLES = (
    "bral dro fen jor kal mur pel quen tir vor zem".split(),
    "a e i o u".split(),
    "ndrix lvos rnith skev thuun xmar zlor".split(),
)


def check_trigger_word(fields: CaptionFields, counter: TokenCounter | None) -> Iterator[Found]:
    """Find what makes a trigger a poor choice.

    Args:
        fields: Trigger, class word and traits; an empty trigger is not checked.
        counter: Tells whether CLIP-L knows the trigger as one word; without one, only a list of
            words is asked.
    """
    trigger = fields.trigger.strip()
    if not trigger:
        return
    for about, text in (*_form_faults(trigger), *_clashes(trigger, fields)):
        yield Found("trigger_word", about, f"The trigger '{trigger}' {text}")
    if trigger.casefold() not in fields.class_word.casefold().split():
        yield from _known(trigger, counter)


def _form_faults(trigger: str) -> Iterator[tuple[str, str]]:
    joined = re.sub(r"[^\w]+", "", trigger)
    is_known = all(known_as(word) for word in trigger.split())
    one_word = _made_up(trigger) if is_known else joined.lower()
    if len(joined) < _SHORTEST:
        yield (
            "short",
            f"has fewer than {_SHORTEST} letters, which also stand in other words. Choose a longer "
            "made-up word.",
        )
    if re.search(r"\s", trigger):
        yield (
            "spaces",
            "is more than one word, each with a meaning of its own. Write it as one made-up word, "
            f"such as '{one_word}'.",
        )
    strange = dict.fromkeys(re.findall(r"[^\w\s'-]", trigger))
    if strange:
        yield (
            "characters",
            f"holds {' '.join(strange)}, which the encoders read as punctuation and prompts may "
            "read as weights. Use letters and digits only.",
        )
    scripts = [scripts for word in trigger.split() if len(scripts := scripts_of(word)) > 1]
    if scripts:
        yield (
            "scripts",
            f"mixes {' and '.join(sorted(scripts[0]))} letters, which is hard to type again. Use "
            "letters of one.",
        )


def _clashes(trigger: str, fields: CaptionFields) -> Iterator[tuple[str, str]]:
    if mentions(fields.class_word, trigger):
        yield (
            "class_word",
            "is also the class word, so the LoRA would change every subject of that class. Choose "
            "a made-up word.",
        )
    for trait in (*fields.named_traits, *fields.omitted_traits):
        if mentions(trait, trigger):
            yield (
                trait,
                f"also stands in the trait '{trait}', so one word would mean two things. Choose "
                "another trigger.",
            )


def _known(trigger: str, counter: TokenCounter | None) -> Iterator[Found]:
    known = known_as(trigger) or known_as(trigger.rstrip("0123456789_-"))
    pieces = [] if counter is None else [piece.strip() for piece in counter.clip_tokens(trigger)]
    if known == _RARE_TOKEN:
        reason = f"is {known}, so two loaded LoRAs would answer to it"
    elif known:
        reason = f"is {known}, of which the model already has a picture"
    elif len(pieces) == 1 and pieces[0].isalpha():
        reason = "is a single CLIP-L token: a common word or a known name, with a meaning already"
    elif len(pieces) > 1 and all(known_as(piece) for piece in pieces):
        words = " + ".join(f"'{piece}'" for piece in pieces)
        reason = f"is read by CLIP-L as {words}, which have a meaning already"
    else:
        return
    yield Found(
        "trigger_word",
        "known",
        f"The trigger '{trigger}' {reason}. Choose a made-up word, such as "
        f"'{_made_up(trigger)}', so that nothing is mixed in.",
    )


def _made_up(trigger: str) -> str:
    """A word that nobody knows, always the same for one trigger."""
    number = zlib.crc32(trigger.encode())
    word = ""
    for syllables in _SYLLABLES:
        number, place = divmod(number, len(syllables))
        word += syllables[place]
    return word
