"""Caption sheets that the caption editor opens, filled again for everything that is typed."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from ....trainer.data.captions.captioning import (
    DEFAULT_TEMPLATE,
    CaptionFields,
    CaptionSources,
    caption_crops,
)
from ....trainer.data.captions.checks.checking import check_captions
from ....trainer.data.captions.checks.lengths import TokenCounter
from ....trainer.data.captions.checks.view_traits import parse_view_traits
from ....trainer.data.captions.edits import crop_ids, parse_caption_edits
from ....trainer.data.captions.sheet import (
    LIMITS,
    SLOTS,
    count_tokens,
    describe_captions,
    describe_crops,
    describe_fields,
    describe_warnings,
)
from ....trainer.data.crops.planning import CropPlan
from ....trainer.data.dataset.building import caption_bytes
from ....trainer.data.dataset.dataset_files import DatasetFolder
from ....trainer.data.dataset.hand_edits import find_hand_edits
from ....trainer.errors import ConfigError, ConflictError
from ....trainer.files import digest_bytes
from ..folders import datasets_folder
from .pictures import know_pictures
from .shelf import Shelf

_MOST_SHEETS = 12


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the captions of one node are made of."""

    plan: CropPlan
    """The crops."""
    fields: CaptionFields
    """What the captions have in common, as the node ran."""
    view_traits: str
    """Traits that only one view shows, as the node ran."""
    template: str
    """The template, as the node ran."""
    starting: tuple[str, ...]
    """A captioner's texts, one for each crop, or none."""
    counter: TokenCounter | None
    """Counts tokens, when a CLIP was connected."""


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """What the editor wants to see filled in."""

    template: str
    fields: dict[str, str]
    keep_existing: bool
    overrides: str
    edits: str


_sheets: Shelf[Sheet] = Shelf(_MOST_SHEETS, "set of captions")


def keep_sheet(sheet: Sheet) -> str:
    """Keep a sheet for the editor; returns the key under which the page finds it."""
    view = json.dumps([_describe(sheet), sheet.starting])
    key = digest_bytes(view.encode())[:16]
    _sheets.keep(key, sheet)
    know_pictures({crop.item.digest: crop.item for crop in sheet.plan.crops}.values())
    return key


def read_sheet(key: str) -> dict[str, Any]:
    """What the editor opens.

    Raises:
        NotFoundError: The sheet is not kept any more.
    """
    return {"key": key, **_describe(_sheets.find(key))}


def fill_sheet(key: str, request: SheetRequest) -> dict[str, Any]:
    """All captions as they are with the editor's fields, template and edits.

    Raises:
        NotFoundError: The sheet is not kept any more.
        ConfigError: Template, overrides or edits cannot be used.
        DatasetError: A caption file is not UTF-8 text.
    """
    sheet = _sheets.find(key)
    counter = sheet.counter
    fields, view_traits = _read_fields(request.fields)
    edits = parse_caption_edits(request.edits)
    sources = CaptionSources(
        request.template.strip() or DEFAULT_TEMPLATE,
        request.overrides,
        request.keep_existing,
        sheet.starting,
        edits,
    )
    captioned = caption_crops(sheet.plan.crops, fields, sources)
    ids = crop_ids(sheet.plan.crops)
    crops = describe_captions(captioned, edits)
    own = [entry.fields for entry in captioned]
    found = check_captions(captioned, fields, counter, parse_view_traits(view_traits), own)
    single, general = describe_warnings(found, ids)
    built = find_hand_edits(datasets_folder(), dict(zip(ids, sheet.plan.crops, strict=True)))
    for crop_id, values in crops.items():
        values["tokens"] = counter and count_tokens(values["caption"], counter)
        values["warnings"] = single[crop_id]
        edit = built.get(crop_id)
        if values["conflict"] is None and edit is not None and edit.text != values["caption"]:
            values["conflict"] = {
                "kind": "built",
                "mine": values["caption"],
                "theirs": edit.text,
                "where": f"{edit.folder.name}/{edit.name}",
            }
    return {"crops": crops, "general": general}


def settle_by_editor(key: str, crop_id: str, text: str) -> None:
    """Let the editor's caption win over one that was edited in a built dataset's folder.

    What was there is set aside, not deleted.

    Args:
        key: The sheet's key.
        crop_id: The crop.
        text: The editor's caption.

    Raises:
        NotFoundError: The sheet is not kept any more.
        ConflictError: There is no such difference any more.
    """
    crops = _sheets.find(key).plan.crops
    wanted = dict(zip(crop_ids(crops), crops, strict=True))
    wanted = {crop_id: wanted[crop_id]} if crop_id in wanted else {}
    edit = find_hand_edits(datasets_folder(), wanted).get(crop_id)
    if edit is None:
        raise ConflictError("This caption was not edited in the dataset's folder, or not any more.")
    DatasetFolder(edit.folder).overrule(edit.name, caption_bytes(text))


def _describe(sheet: Sheet) -> dict[str, Any]:
    return {
        "template": sheet.template,
        "fields": {**describe_fields(sheet.fields), "view_traits": sheet.view_traits},
        "slots": list(SLOTS),
        "limits": LIMITS,
        "counts_tokens": sheet.counter is not None,
        "crops": describe_crops(sheet.plan.crops),
    }


def _read_fields(values: dict[str, str]) -> tuple[CaptionFields, str]:
    known = {one.name for one in dataclasses.fields(CaptionFields)} | {"view_traits"}
    wrong = [name for name, value in values.items() if name not in known or type(value) is not str]
    if wrong:
        raise ConfigError(f"The field '{wrong[0][:50]}' is unknown or no text.")
    fields = {name: value for name, value in values.items() if name != "view_traits"}
    return CaptionFields(**fields), values.get("view_traits", "")
