"""Captions: one sentence or a few for each crop, from a template, a file or an override."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...errors import DatasetError
from ..crops.planning import Crop
from ..pictures.media import MediaItem, caption_path
from .overrides import (
    Overrides,
    changes_for,
    check_overrides,
    parse_overrides,
    refuse_unknown_pictures,
)
from .template import check_template, fill_template
from .words import framing_words, pronoun, ratio_words, view_words

DEFAULT_TEMPLATE = (
    "{style}. {trigger}, a {class_word} with {traits}, {pose}. {background}. {extra}. "
    "The {ratio} {view} image shows {framing}."
)
"""Gives, say: "Anime style. alva, a woman with teal hair, wearing a purple dress, standing.
White background. The 9:16 front view image shows her full body, from head to toe." """

Origin = Literal["template", "file", "override"]


@dataclass(frozen=True, slots=True)
class CaptionFields:
    """What the captions of one dataset have in common.

    The two trait fields take a tuple, or one text whose parts are separated by commas or lines.
    """

    style: str = ""
    """Look of the pictures as a short phrase: "Anime style"."""
    trigger: str = ""
    """Name that calls the character up later: "alva". Kept exactly as written."""
    class_word: str = ""
    """What the subject is: "woman", "robot". Also decides between her, his, their and its."""
    named_traits: tuple[str, ...] | str = ()
    """Traits to mention, because they should stay changeable: hair colour, outfit."""
    omitted_traits: tuple[str, ...] | str = ()
    """Traits that belong to the character; no caption should mention them."""
    pose: str = ""
    """What the subject does: "standing"."""
    background: str = ""
    """What is behind: "White background"."""
    extra: str = ""
    """Anything else, as a sentence."""

    def __post_init__(self) -> None:
        for name in ("named_traits", "omitted_traits"):
            object.__setattr__(self, name, _split_traits(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Captioned:
    """A crop with its caption."""

    crop: Crop
    """The crop."""
    caption: str
    """Its caption; may be empty."""
    origin: Origin
    """Where the caption came from: the template, a text file beside the picture, an override."""


def fill_caption(crop: Crop, fields: CaptionFields, template: str = DEFAULT_TEMPLATE) -> str:
    """Write the caption of one crop from a template.

    Args:
        crop: Its shot, view and bucket give the wording of framing, view and ratio.
        fields: The texts for the other slots.
        template: Free text with slots.

    Raises:
        ConfigError: The template has an unknown slot or an unbalanced brace.
    """
    values = {
        "style": fields.style,
        "trigger": fields.trigger,
        "class_word": fields.class_word,
        "traits": ", ".join(fields.named_traits),
        "pose": fields.pose,
        "background": fields.background,
        "extra": fields.extra,
        "framing": framing_words(crop.shot, fields.class_word),
        "ratio": ratio_words(crop.bucket),
        "view": view_words(crop.view),
        "pronoun": pronoun(fields.class_word),
        "shot": crop.shot.replace("_", " "),
    }
    return fill_template(template, values)


def caption_crops(
    crops: Sequence[Crop],
    fields: CaptionFields,
    *,
    template: str = DEFAULT_TEMPLATE,
    overrides: str | Overrides = "",
    keep_existing: bool = True,
) -> list[Captioned]:
    """Give every crop a caption.

    An override comes first; then, with `keep_existing`, a text file of the same name beside the
    picture, word for word for all its crops (an empty file does not count); else the template.

    Args:
        crops: The crops.
        fields: What the captions have in common.
        template: Free text with slots.
        overrides: JSON text for `parse_overrides`, or what it returns.
        keep_existing: Whether text files beside the pictures are used.

    Raises:
        ConfigError: Template or overrides are wrong, or an override names no picture.
        DatasetError: A caption file is not UTF-8 text.
    """
    check_template(template)
    found = parse_overrides(overrides) if isinstance(overrides, str) else overrides
    check_overrides(found)
    refuse_unknown_pictures(found, [crop.item for crop in crops])
    files: dict[str, str] = {}
    if keep_existing:
        for crop in crops:
            if str(crop.item.path) not in files:
                files[str(crop.item.path)] = _existing_caption(crop.item)
    return [
        _caption_one(crop, fields, template, found, files.get(str(crop.item.path), ""))
        for crop in crops
    ]


def _caption_one(
    crop: Crop,
    fields: CaptionFields,
    template: str,
    overrides: Overrides,
    existing: str,
) -> Captioned:
    changes = changes_for(crop, overrides)
    if changes:
        whole = changes.pop("caption", None)
        text = fill_caption(crop, replace(fields, **changes), template if whole is None else whole)
        return Captioned(crop, text, "override")
    if existing:
        return Captioned(crop, existing, "file")
    return Captioned(crop, fill_caption(crop, fields, template), "template")


def _existing_caption(item: MediaItem) -> str:
    path = caption_path(item)
    if not path.is_file():
        return ""
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"The caption file '{path}' is not UTF-8 text (byte {error.start}). Save it as UTF-8, "
            "or turn 'keep_existing' off."
        ) from error


def _split_traits(traits: Sequence[str] | str) -> tuple[str, ...]:
    parts = re.split(r"[,\n;]", traits) if isinstance(traits, str) else traits
    return tuple(part.strip() for part in parts if part.strip())
