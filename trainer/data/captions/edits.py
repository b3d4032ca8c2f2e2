"""What the caption editor stores in a workflow: captions written by hand, and fields that differ.

`{"version": 1, "pictures": {"<key>": {"name": "front.png", "fields": {"pose": "sitting"}}},
"crops": {"<key>/<shot>/<bucket>": {"fields": {...}, "text": "...", "file": "<mark>"}}}`. Pictures
are named by their content, so a file that was renamed or moved keeps its captions. "file" tells
which text file lay beside the picture when the caption was written, so that neither overwrites the
other unseen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import ConfigError
from ...files import digest_bytes
from ..crops.by_hand.edits import picture_key
from ..crops.planning import Crop
from .overrides import OWN_FIELDS

_VERSION = 1
_MARK_DIGITS = 8
_ADVICE = "Open the caption editor, or empty 'edited_captions'."


@dataclass(frozen=True, slots=True)
class CropEdit:
    """What was edited of one crop."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Fields that differ from those of its picture."""
    text: str | None = None
    """The whole caption by hand; None when it is filled from the template."""
    file_mark: str = ""
    """Mark of the text file that lay beside the picture when `text` was written."""


@dataclass(frozen=True, slots=True)
class CaptionEdits:
    """All that was edited."""

    pictures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Fields of a picture by its key."""
    crops: Mapping[str, CropEdit] = field(default_factory=dict)
    """Edits of a crop by its id, see `crop_ids`."""

    def fields_for(self, crop: Crop, crop_id: str) -> dict[str, str]:
        """Fields that one crop has for itself; the crop's beat the picture's."""
        picture = self.pictures.get(picture_key(crop.item), {})
        edit = self.crops.get(crop_id)
        return {**picture, **(edit.fields if edit else {})}

    def text_for(self, crop_id: str) -> str | None:
        """The caption that was written for a crop, or None."""
        edit = self.crops.get(crop_id)
        return None if edit is None else edit.text


def crop_ids(crops: Sequence[Crop]) -> list[str]:
    """Names of crops that stay when a box is moved or a file is renamed.

    Picture, shot and bucket; where several crops share them, the later ones get "~2", "~3".
    """
    ids: list[str] = []
    counts: dict[str, int] = {}
    for crop in crops:
        base = f"{picture_key(crop.item)}/{crop.shot}/{crop.bucket}"
        counts[base] = number = counts.get(base, 0) + 1
        ids.append(base if number == 1 else f"{base}~{number}")
    return ids


def text_mark(text: str | None) -> str:
    """A short mark of a text file's content; "" for no file."""
    return "" if text is None else digest_bytes(text.strip().encode())[:_MARK_DIGITS]


def parse_caption_edits(text: str) -> CaptionEdits:
    """Read the edits of a workflow; empty text means none.

    Raises:
        ConfigError: The text is none such; every fault is named.
    """
    if not text.strip():
        return CaptionEdits()
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"'edited_captions' is not JSON ({error}). {_ADVICE}") from error
    if not isinstance(data, dict) or data.get("version") != _VERSION:
        version = data.get("version") if isinstance(data, dict) else None
        raise ConfigError(
            f"'edited_captions' has the version {version!r}, and this pack reads version "
            f"{_VERSION}. Update the pack, or empty 'edited_captions'."
        )
    faults: list[str] = []
    pictures = {
        key: _parse_fields(f"picture '{key}'", _object(entry).get("fields", {}), faults)
        for key, entry in _object(data.get("pictures", {})).items()
    }
    crops = {
        key: _parse_crop(key, entry, faults)
        for key, entry in _object(data.get("crops", {})).items()
    }
    if faults:
        raise ConfigError(f"'edited_captions' has faults: {'; '.join(faults)}. {_ADVICE}")
    return CaptionEdits(pictures, crops)


def _parse_crop(key: str, entry: Any, faults: list[str]) -> CropEdit:
    values = _object(entry)
    fields = _parse_fields(f"crop '{key}'", values.get("fields", {}), faults)
    text, mark = values.get("text"), values.get("file", "")
    if not isinstance(text, str | None) or not isinstance(mark, str):
        faults.append(f"'text' and 'file' of crop '{key}' must be texts")
        return CropEdit(fields)
    return CropEdit(fields, text, mark)


def _parse_fields(what: str, values: Any, faults: list[str]) -> dict[str, str]:
    found = _object(values)
    wrong = [name for name, value in found.items() if not isinstance(value, str)]
    wrong += [name for name in found if name not in OWN_FIELDS]
    faults += [f"the field '{name}' of {what} is unknown or no text" for name in wrong]
    return {name: value for name, value in found.items() if name not in wrong}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
