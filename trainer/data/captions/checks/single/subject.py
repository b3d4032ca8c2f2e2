"""Trigger and class word: both should stand in every caption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ..findings import Found
from ..wording.mentions import mentions
from ..wording.nouns import is_noun
from ..wording.words import FUNCTION_WORDS
from .draft import Draft
from .mixed_languages import caption_language

_ADJECTIVE = rf"(?!(?:{'|'.join(sorted(FUNCTION_WORDS))})\b)[A-Za-z-]+,?\s+"
# What may follow a noun in apposition without another comma: "alva, a woman with ...".
_GOES_ON = r"(?=\s*(?:[,.;]|$)|\s+(?:with|in|on|at|under|wearing|holding|standing|sitting|seen)\b)"
_AFTER_TRIGGER = r"(?=\s*(?:[,.;](?:\s|$)|$)|\s+(?:with|in|wearing|holding|standing|sitting)\b)"
# Another apposition stands there already.
_ARTICLE_AFTER = re.compile(r"\s*,\s*(?:an?|the|this|her|his)\b", re.IGNORECASE)
_VERB = re.compile(
    r"\b(is|are|was|were|has|had|wears|holds|shows|stands|sits|looks)\b|\b([a-z]{2,}[a-rt-z]s)"
    r"(?=\s+(?:an?|the|her|his|on|in|at|to|up|out|down|against|over|through|into|by|beside)\b)",
    re.IGNORECASE,
)
_VOWEL = re.compile(r"(?i)(?!uni|use|uk|eu|one\b|once)[aeiou]|hour|heir|honest")


def check_trigger(draft: Draft) -> Iterator[Found]:
    """Find a missing trigger."""
    trigger = draft.wanted.fields.trigger.strip()
    if draft.wanted.trigger is not None and not draft.wanted.trigger.search(draft.caption):
        yield Found(
            "trigger",
            trigger,
            f"The trigger '{trigger}' is missing. Put it into the caption or template.",
            partial(_with_trigger, draft.caption, trigger, draft.wanted.fields.class_word.strip()),
        )


def check_class_word(draft: Draft) -> Iterator[Found]:
    """Find a missing class word."""
    word = draft.wanted.fields.class_word.strip()
    noun = re.sub(r"^(?:an?|the)\s+", "", word, flags=re.IGNORECASE)
    if noun and not mentions(draft.caption, noun.split()[-1]):
        yield Found(
            "class_word",
            word,
            f"The class word '{noun}' is missing, so nothing tells what the trigger is. "
            f"Write it behind the trigger: '{_apposition(noun)}'.",
            partial(_with_class_word, draft, noun),
        )


def _with_trigger(caption: str, trigger: str, class_word: str) -> str:
    noun = re.escape(class_word.split()[-1]) if class_word else ""
    subject = re.compile(rf"\b[Aa]n?\s+(?:{_ADJECTIVE}){{0,3}}{noun}\b{_GOES_ON}")
    match = subject.search(caption) if noun else None
    if match and not _has_verb(caption, match.start(), match.end()):
        article = match[0][0].lower() + match[0][1:]
        return caption[: match.start()] + f"{trigger}, {article}" + caption[match.end() :]
    text = caption.strip()
    mark = "、" if "、" in text else ", "
    # A sentence stays a sentence; a list of words gets one more.
    return f"{trigger}. {text}" if text[:1].isupper() else f"{trigger}{mark}{text}"


def _has_verb(caption: str, start: int, end: int) -> bool:
    """Whether a subject at the start of a sentence seems to do something: "a girl ... leans on"."""
    if caption[:start].rstrip()[-1:] not in ("", ".", "!", "?"):
        return False
    sentence = re.split(r"[.!?](?:\s|$)", caption[end:], maxsplit=1)[0]
    return any(match[1] or not is_noun(match[2].lower()) for match in _VERB.finditer(sentence))


def _with_class_word(draft: Draft, noun: str) -> str | None:
    is_english = noun.isascii() and caption_language(draft) in ("", "English")
    trigger = draft.wanted.trigger
    if trigger is None or not is_english:
        return None
    caption = draft.caption
    found = re.search(trigger.pattern + _AFTER_TRIGGER, caption, re.IGNORECASE)
    if not found or _ARTICLE_AFTER.match(caption, found.end()):
        return None
    after = caption[found.end() :]
    return f"{caption[: found.end()]}, {_apposition(noun)}{after}"


def _apposition(noun: str) -> str:
    if noun[0].isdigit():
        return noun  # "1girl", as tags have it
    return f"{'an' if _VOWEL.match(noun) else 'a'} {noun}"
