"""Captions: one sentence or a few for each crop, from a template, a file or an override."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from ...errors import DatasetError
from ..crops.planning import Crop
from ..pictures.media import MediaItem, caption_path
from .edits import CaptionEdits, crop_ids
from .overrides import (
    Overrides,
    changes_for,
    check_overrides,
    parse_overrides,
    refuse_unknown_pictures,
)
from .starting import spread_captions
from .template import check_template, fill_template, slots_of
from .words import framing_words, pronoun, ratio_words, view_words

DEFAULT_TEMPLATE = (
    "{style}. {trigger}, a {class_word} with {traits}, {pose}. {background}. {extra}. "
    "The {ratio} {view} image shows {framing}."
)
"""Gives, say: "Anime style. alva, a woman with teal hair, wearing a purple dress, standing.
White background. The 9:16 front view image shows her full body, from head to toe." """

Origin = Literal["template", "captioner", "file", "override", "editor"]
"""Where a caption came from: the template, a captioner in the graph, a text file beside the
picture, an override, the caption editor. Later ones beat earlier ones."""


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
class CaptionSources:
    """Where captions come from, besides the fields."""

    template: str = DEFAULT_TEMPLATE
    """Free text with slots."""
    overrides: str | Overrides = ""
    """JSON text for `parse_overrides`, or what it returns."""
    keep_existing: bool = True
    """Whether text files beside the pictures are used."""
    starting: tuple[str, ...] = ()
    """Captions of a captioner, one for each crop, or none. With the slot {caption} in the
    template they fill it, else each is a whole caption."""
    edits: CaptionEdits = field(default_factory=CaptionEdits)
    """What was edited by hand."""


@dataclass(frozen=True, slots=True)
class Captioned:
    """A crop with its caption."""

    crop: Crop
    """The crop."""
    caption: str
    """Its caption; may be empty."""
    origin: Origin
    """Where the caption came from."""
    start: str = ""
    """The caption as it would be without the text that was written by hand."""
    start_origin: Origin = "template"
    """Where that would come from."""
    file_text: str | None = None
    """The text file beside the picture, when it is used; None when there is none."""
    fields: CaptionFields = field(default_factory=CaptionFields)
    """The fields that hold for this crop: those of all, with what it or its picture has itself."""
    starting: str = ""
    """What a captioner wrote for it."""


def slot_values(crop: Crop, fields: CaptionFields, starting: str = "") -> dict[str, str]:
    """The text of every slot for one crop.

    Args:
        crop: Its shot, view and bucket give the wording of framing, view and ratio.
        fields: The texts for the other slots.
        starting: What a captioner wrote, for the slot {caption}.
    """
    return {
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
        "caption": starting,
    }


def fill_caption(
    crop: Crop, fields: CaptionFields, template: str = DEFAULT_TEMPLATE, starting: str = ""
) -> str:
    """Write the caption of one crop from a template.

    Args:
        crop: Its shot, view and bucket give the wording of framing, view and ratio.
        fields: The texts for the other slots.
        template: Free text with slots.
        starting: What a captioner wrote, for the slot {caption}.

    Raises:
        ConfigError: The template has an unknown slot or an unbalanced brace.
    """
    return fill_template(template, slot_values(crop, fields, starting))


def caption_crops(
    crops: Sequence[Crop], fields: CaptionFields, sources: CaptionSources | None = None
) -> list[Captioned]:
    """Give every crop a caption.

    What was written in the editor comes first, then fields that the picture or the crop has for
    itself, then an override; then, with `keep_existing`, a text file of the same name beside the
    picture, word for word for all its crops (an empty file does not count); then a captioner's
    text; else the template.

    Args:
        crops: The crops.
        fields: What the captions have in common.
        sources: Where captions come from; None takes the built-in template and the text files.

    Raises:
        ConfigError: Template or overrides are wrong, or an override names no picture.
        DatasetError: A caption file is not UTF-8 text.
    """
    sources = sources or CaptionSources()
    check_template(sources.template)
    overrides = sources.overrides
    found = parse_overrides(overrides) if isinstance(overrides, str) else overrides
    check_overrides(found)
    refuse_unknown_pictures(found, [crop.item for crop in crops])
    sources = replace(sources, overrides=found)
    files = _existing_captions(crops) if sources.keep_existing else {}
    starting = spread_captions(sources.starting, len(crops))
    return [
        _caption_one(crop, crop_id, fields, sources, _Found(files.get(crop.item.path), text))
        for crop, crop_id, text in zip(crops, crop_ids(crops), starting, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Found:
    """Texts that are there before anything is filled in."""

    file: str | None
    starting: str


def _caption_one(
    crop: Crop, crop_id: str, fields: CaptionFields, sources: CaptionSources, found: _Found
) -> Captioned:
    edited = sources.edits.fields_for(crop, crop_id)
    assert not isinstance(sources.overrides, str)  # parsed by caption_crops
    changes = {**changes_for(crop, sources.overrides), **edited}
    whole = changes.pop("caption", None)
    own = replace(fields, **changes)
    origin: Origin
    if changes or whole is not None:
        origin = "editor" if edited else "override"
        start = fill_caption(
            crop, own, sources.template if whole is None else whole, found.starting
        )
    elif found.file:
        start, origin = found.file, "file"
    elif found.starting and "caption" not in slots_of(sources.template):
        start, origin = found.starting, "captioner"
    else:
        start, origin = fill_caption(crop, own, sources.template, found.starting), "template"
    text = sources.edits.text_for(crop_id)
    caption, last = (start, origin) if text is None else (text.strip(), "editor")
    return Captioned(crop, caption, last, start, origin, found.file, own, found.starting)


def _existing_captions(crops: Sequence[Crop]) -> dict[Path, str | None]:
    items = {crop.item.path: crop.item for crop in crops}
    return {path: _existing_caption(item) for path, item in items.items()}


def _existing_caption(item: MediaItem) -> str | None:
    path = caption_path(item)
    if not path.is_file():
        return None
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
