"""Checks of captions: what would teach the wrong thing, and what the text encoders cut off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .captioning import Captioned, CaptionFields
from .words import COMMON_RATIOS, OTHER_RATIOS, ratio_words

CLIP_TOKENS = 75
"""Tokens that CLIP-L takes: 77 with its begin and end marks."""
LLAMA_TOKENS = 256
"""Tokens of caption that HunyuanVideo was trained with.

Source: HunyuanVideo's published text encoder set-up, as used by musubi-tuner 0.3.4.
"""

_KNOWN_RATIOS = frozenset(f"{w}:{h}" for w, h in (*COMMON_RATIOS, *OTHER_RATIOS))
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_WORDS_BETWEEN = 2
_IRREGULAR = {"feet": "foot", "teeth": "tooth", "wore": "wear", "worn": "wear", "knives": "knife"}


class TokenCounter(Protocol):
    """Splits text as the two text encoders do; the pieces carry no begin or end marks."""

    def clip_tokens(self, text: str) -> list[str]:
        """CLIP-L's tokens as pieces of text."""
        ...

    def llama_tokens(self, text: str) -> list[str]:
        """Llama's tokens as pieces of text, without the prompt template."""
        ...


@dataclass(frozen=True, slots=True)
class CaptionWarning:
    """Something about one caption that the user should know; nothing is stopped by it."""

    name: str
    """Picture and shot: "alva_front.png (headshot)"."""
    kind: str
    """empty, trigger, omitted_trait, clip_length, llama_length, ratio or slot."""
    text: str
    """What is wrong and what to do."""
    crop: int | None = None
    """Which of the captions; None when it is about all of them."""
    mend: str | None = None
    """The caption as it should be, where that is certain."""


def check_captions(
    captioned: Sequence[Captioned], fields: CaptionFields, counter: TokenCounter | None = None
) -> list[CaptionWarning]:
    """Check all captions.

    Args:
        captioned: Crops with captions.
        fields: Trigger and omitted traits to check against; an empty trigger is not checked.
        counter: Without one, lengths are not checked.
    """
    warnings: list[CaptionWarning] = []
    for number, entry in enumerate(captioned):
        name = f"{entry.crop.item.path.name} ({entry.crop.shot.replace('_', ' ')})"
        found = _check_content(entry, fields)
        if counter is not None:
            found += _check_length(entry.caption, counter)
        warnings += [CaptionWarning(name, kind, text, number) for kind, text in found]
    return warnings


def mentions(caption: str, trait: str) -> bool:
    """Tell whether a caption mentions a trait.

    Words are compared without plural and verb endings; up to two other words may stand between
    those of the trait, so "blue eyes" is found in "a blue, sparkling eye".
    """
    wanted = [_stem(word) for word in _WORD.findall(trait.lower())]
    words = [_stem(word) for word in _WORD.findall(caption.lower())]
    if not wanted:
        return False
    return any(
        word == wanted[0] and _follow(words[start + 1 :], wanted[1:])
        for start, word in enumerate(words)
    )


def _follow(words: Sequence[str], wanted: Sequence[str]) -> bool:
    position = 0
    for word in wanted:
        near = words[position : position + 1 + _WORDS_BETWEEN]
        if word not in near:
            return False
        position += list(near).index(word) + 1
    return True


def _stem(word: str) -> str:
    word = _IRREGULAR.get(word, word)
    for ending, rest in (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + rest
            break
    # "wearing", "bobbed": the doubled letter belongs to the ending.
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] in "bdgmnprt" else word


def _check_content(entry: Captioned, fields: CaptionFields) -> list[tuple[str, str]]:
    caption = entry.caption
    if not caption.strip():
        return [("empty", "The caption is empty. Fill in fields, or write one for this picture.")]
    found: list[tuple[str, str]] = []
    trigger = fields.trigger.strip()
    if trigger and not re.search(rf"(?<!\w){re.escape(trigger)}(?!\w)", caption, re.IGNORECASE):
        found.append(
            ("trigger", f"The trigger '{trigger}' is missing. Put it into the caption or template.")
        )
    found += [
        (
            "omitted_trait",
            f"Mentions '{trait}', which belongs to the character and should not be named. "
            "Take it out, or move it to the named traits.",
        )
        for trait in fields.omitted_traits
        if mentions(caption, trait)
    ]
    return found + _check_ratio(entry) + _check_slots(caption)


def _check_ratio(entry: Captioned) -> list[tuple[str, str]]:
    right = ratio_words(entry.crop.bucket)
    named = dict.fromkeys(re.findall(r"(?<![\d:])\d{1,2}:\d{1,2}(?![\d:])", entry.caption))
    return [
        ("ratio", f"Says {ratio}, but the crop is {entry.crop.bucket} ({right}). Write {right}.")
        for ratio in named
        if ratio in _KNOWN_RATIOS and ratio != right
    ]


def _check_slots(caption: str) -> list[tuple[str, str]]:
    slots = dict.fromkeys(re.findall(r"\{[^{}]*\}", caption))
    return [
        ("slot", f"Still has the slot '{slot}', which is only filled in templates. Replace it.")
        for slot in slots
    ]


def _check_length(caption: str, counter: TokenCounter) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    pieces = counter.clip_tokens(caption)
    if len(pieces) > CLIP_TOKENS:
        lost = "".join(pieces[CLIP_TOKENS:]).strip()
        found.append(
            (
                "clip_length",
                f"Has {len(pieces)} CLIP-L tokens; {CLIP_TOKENS} are read. CLIP-L does not see: "
                f"'{lost}'. Llama still reads it; put what matters most first.",
            )
        )
    pieces = counter.llama_tokens(caption)
    if len(pieces) > LLAMA_TOKENS:
        lost = "".join(pieces[LLAMA_TOKENS:]).strip()
        found.append(
            (
                "llama_length",
                f"Has {len(pieces)} Llama tokens; HunyuanVideo was trained with up to "
                f"{LLAMA_TOKENS}. Beyond that: '{lost}'. Shorten the caption.",
            )
        )
    return found
