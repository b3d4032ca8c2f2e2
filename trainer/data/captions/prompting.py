"""Prompts for samples, with the slots that a caption template has."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ConfigError
from ..pictures.buckets import Bucket
from .captioning import CaptionFields
from .template import fill_template, slots_of
from .words import framing_words, pronoun, ratio_words, view_words

SHOT = "full_body"
"""What a prompt shows where its own words do not say it."""


def read_prompts(text: str, fields: CaptionFields, size: Bucket) -> tuple[str, ...]:
    """Split a text into prompts, one a line, and fill their slots.

    The slots that captions take from a crop mean here: {ratio} of the picture's size, {view} from
    the front, {shot} and {framing} of the full body.

    Args:
        text: The prompts; empty lines and repeated prompts are passed over.
        fields: What the captions of the dataset have in common.
        size: Size of the samples in pixels.

    Raises:
        ConfigError: There is no prompt, a slot is unknown, or {trigger} is used without one.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ConfigError("'prompts' is empty. Type at least one prompt, one a line.")
    values = _values(fields, size)
    filled = (_fill(line, number, values) for number, line in enumerate(lines, start=1))
    return tuple(dict.fromkeys(filled))


def _fill(line: str, number: int, values: Mapping[str, str]) -> str:
    what = f"Prompt {number}"
    slots = slots_of(line, what)
    if "trigger" in slots and not values["trigger"]:
        raise ConfigError(
            f"{what} uses {{trigger}}, but there is no trigger word. Type it into 'trigger', or "
            "connect 'fields' from Caption Template."
        )
    # Without slots there is nothing to tidy: the words stay exactly as they were typed.
    plain = line.replace("{{", "{").replace("}}", "}")
    filled = fill_template(line, values, what) if slots else plain
    if not filled:
        raise ConfigError(
            f"{what} is '{line}', and all its slots are empty. Fill them in on Caption Template, "
            "or write the words out."
        )
    return filled


def _values(fields: CaptionFields, size: Bucket) -> dict[str, str]:
    return {
        "style": fields.style,
        "trigger": fields.trigger,
        "class_word": fields.class_word,
        "traits": ", ".join(fields.named_traits),
        "pose": fields.pose,
        "background": fields.background,
        "extra": fields.extra,
        "framing": framing_words(SHOT, fields.class_word),
        "ratio": ratio_words(size),
        "view": view_words("front"),
        "pronoun": pronoun(fields.class_word),
        "shot": SHOT.replace("_", " "),
    }
