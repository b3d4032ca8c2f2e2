"""Changes to captions of single pictures, written as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import ConfigError
from ..crops.planning import Crop
from ..crops.shots import PICTURE_SHOT, SHOTS
from ..pictures.media import MediaItem

Overrides = Mapping[str, Mapping[str, Any]]
"""Fields to change by file name or stem, as `parse_overrides` gives them."""

_SHOT_NAMES = (*SHOTS, PICTURE_SHOT)
OWN_FIELDS = (
    "style",
    "trigger",
    "class_word",
    "named_traits",
    "pose",
    "background",
    "extra",
)
"""Fields of a template that one picture or one crop may have for itself."""


def parse_overrides(text: str) -> dict[str, dict[str, Any]]:
    """Read per-picture overrides from JSON text.

    The form is `{"file name or stem": {"pose": "sitting", "headshot": {"caption": "..."}}}`:
    fields of CaptionFields, "caption" for the whole caption (slots allowed), and names of shots
    with their own fields inside. Empty text means none.

    Raises:
        ConfigError: The text is not such JSON, or a field is unknown; all faults are listed.
    """
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"'overrides' is not valid JSON: {error.msg} in line {error.lineno}, column "
            f'{error.colno}. The form is {{"picture name": {{"pose": "sitting"}}}}.'
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(
            'The JSON in \'overrides\' must be an object like {"picture name": {"pose": "sitting"}}'
            f", but is {type(found).__name__}."
        )
    check_overrides(found)
    return found


def check_overrides(overrides: Overrides) -> None:
    """Raise for overrides with unknown fields or values that are not text.

    Raises:
        ConfigError: Lists all faults and the valid fields.
    """
    faults = [fault for name, entry in overrides.items() for fault in _override_faults(name, entry)]
    if faults:
        valid = ", ".join((*OWN_FIELDS, "caption", *_SHOT_NAMES))
        raise ConfigError(f"'overrides' cannot be used: {'; '.join(faults)}. Valid are: {valid}.")


def changes_for(crop: Crop, overrides: Overrides) -> dict[str, Any]:
    """Collect the changes for one crop; empty when there are none."""
    changes: dict[str, Any] = {}
    path = crop.item.path
    # The file name is more exact than the stem, and the shot more exact than both.
    for name in dict.fromkeys((path.stem, path.name)):
        changes |= {k: v for k, v in overrides.get(name, {}).items() if k not in _SHOT_NAMES}
    for name in dict.fromkeys((path.stem, path.name)):
        changes |= overrides.get(name, {}).get(crop.shot, {})
    return changes


def _override_faults(name: str, entry: object, inside_shot: bool = False) -> Iterable[str]:
    if not isinstance(entry, dict):
        yield f"'{name}' must be an object with fields, but is {type(entry).__name__}"
        return
    for field, value in entry.items():
        if field in _SHOT_NAMES and not inside_shot:
            yield from _override_faults(f"{name}/{field}", value, inside_shot=True)
        elif field not in (*OWN_FIELDS, "caption"):
            yield f"'{name}' has the unknown field '{field}'"
        elif not isinstance(value, str) and not _is_trait_list(field, value):
            yield f"'{field}' of '{name}' must be text, but is {type(value).__name__}"


def _is_trait_list(field: str, value: object) -> bool:
    is_list = isinstance(value, list) and all(isinstance(part, str) for part in value)
    return field == "named_traits" and is_list


def refuse_unknown_pictures(overrides: Overrides, items: Sequence[MediaItem]) -> None:
    """Raise for overrides that name none of the pictures.

    Raises:
        ConfigError: Lists the names, and what there is.
    """
    names = {name for item in items for name in (item.path.name, item.path.stem)}
    unknown = [f"'{name}'" for name in overrides if name not in names]
    if unknown:
        there = sorted({item.path.name for item in items})
        shown = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
        raise ConfigError(
            f"'overrides' names {', '.join(unknown)}, but there is no picture of that name. "
            f"The pictures are: {shown}."
        )
