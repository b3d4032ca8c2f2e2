"""All captions of a dataset as the caption editor shows them: plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..crops.by_hand.edits import picture_key
from ..crops.plan_view import shares_of
from ..crops.planning import Crop
from ..pictures.media import caption_path
from .captioning import Captioned, CaptionFields, slot_values
from .checks.findings import CaptionWarning
from .checks.lengths import CLIP_TOKENS, LLAMA_TOKENS, TokenCounter
from .edits import CaptionEdits, crop_ids, text_mark
from .template import SLOTS

LIMITS = {"clip": CLIP_TOKENS, "llama": LLAMA_TOKENS}
"""Tokens that each text encoder reads of a caption."""


def describe_crops(crops: Sequence[Crop]) -> list[dict[str, Any]]:
    """What does not change while captions are edited: ids, pictures, boxes, framings."""
    return [
        {
            "id": crop_id,
            "picture": picture_key(crop.item),
            "name": crop.item.path.name,
            "box": shares_of(crop.box, crop.item),
            "width": crop.item.width_px,
            "height": crop.item.height_px,
            "shot": crop.shot,
            "shot_words": crop.shot.replace("_", " "),
            "view": crop.view,
            "bucket": str(crop.bucket),
        }
        for crop, crop_id in zip(crops, crop_ids(crops), strict=True)
    ]


def describe_fields(fields: CaptionFields) -> dict[str, str]:
    """The fields as the node's inputs hold them."""
    return {
        "style": fields.style,
        "trigger": fields.trigger,
        "class_word": fields.class_word,
        "named_traits": ", ".join(fields.named_traits),
        "omitted_traits": ", ".join(fields.omitted_traits),
        "pose": fields.pose,
        "background": fields.background,
        "extra": fields.extra,
    }


def describe_captions(
    captioned: Sequence[Captioned], edits: CaptionEdits
) -> dict[str, dict[str, Any]]:
    """What each crop's caption is and where it comes from, by the crop's id.

    Args:
        captioned: The captions.
        edits: What was edited by hand.
    """
    ids = crop_ids([entry.crop for entry in captioned])
    return {
        crop_id: {
            "caption": entry.caption,
            "origin": entry.origin,
            "start": entry.start,
            "start_origin": entry.start_origin,
            "slots": slot_values(entry.crop, entry.fields, entry.starting),
            "file": entry.file_text,
            "file_mark": text_mark(entry.file_text),
            "conflict": _file_conflict(entry, crop_id, edits),
        }
        for crop_id, entry in zip(ids, captioned, strict=True)
    }


def count_tokens(caption: str, counter: TokenCounter) -> dict[str, int | None]:
    """Count a caption's tokens, and find where each encoder stops reading.

    Returns:
        "clip" and "llama": numbers of tokens; "clip_cut" and "llama_cut": index of the caption's
        first letter beyond the limit, or None.
    """
    counted: dict[str, int | None] = {}
    for name, pieces in (
        ("clip", counter.clip_tokens(caption)),
        ("llama", counter.llama_tokens(caption)),
    ):
        counted[name] = len(pieces)
        is_over = len(pieces) > LIMITS[name]
        counted[f"{name}_cut"] = _cut(caption, pieces[: LIMITS[name]]) if is_over else None
    return counted


def describe_warnings(
    warnings: Sequence[CaptionWarning], ids: Sequence[str]
) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """Sort findings: those of one caption by the crop's id, and those of the whole set.

    Args:
        warnings: The findings.
        ids: Ids of the crops, in the order of the captions that were checked.
    """
    single: dict[str, list[dict[str, Any]]] = {crop_id: [] for crop_id in ids}
    general: list[dict[str, Any]] = []
    for found in warnings:
        values = {"kind": found.kind, "text": found.text, "about": found.about}
        if found.crop is None:
            general.append(values)
        else:
            single[ids[found.crop]].append({**values, "mend": found.mend})
    return single, general


def _file_conflict(entry: Captioned, crop_id: str, edits: CaptionEdits) -> dict[str, str] | None:
    """A text file that came or changed after the caption was written by hand."""
    edit = edits.crops.get(crop_id)
    if edit is None or edit.text is None or not entry.file_text:
        return None
    if edit.file_mark == text_mark(entry.file_text) or edit.text.strip() == entry.file_text:
        return None
    where = caption_path(entry.crop.item).name
    return {"kind": "file", "mine": entry.caption, "theirs": entry.file_text, "where": where}


def _cut(caption: str, pieces: Sequence[str]) -> int:
    # Tokenizers change letter case and spaces, so only other characters are counted.
    read = sum(not letter.isspace() for piece in pieces for letter in piece)
    for place, letter in enumerate(caption):
        if not letter.isspace():
            read -= 1
        if read < 0:
            return place
    return len(caption)


__all__ = [
    "LIMITS",
    "SLOTS",
    "count_tokens",
    "describe_captions",
    "describe_crops",
    "describe_fields",
    "describe_warnings",
]
