"""Routes of the crop editor and the caption editor."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ....trainer.errors import ConfigError
from ....trainer.training.library.contents import PICTURE_TYPES
from ..editing import caption_sheets, crop_plans, pictures
from .serving import in_thread, json_answer, read_fields, short_text, whole_number_of

_ROOT = "/hunyuan_lora"
_SHEET = f"{_ROOT}/caption_sheets/{{key}}"
# 2,000 captions of 500 letters, written by hand, with room to spare.
_MOST_BYTES = 8 * 1024 * 1024
_MOST_LETTERS = 6_000_000
_FILL_FIELDS = ("template", "fields", "keep_existing", "overrides", "edits")
_FOR_EVER = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=31536000, immutable",
}


async def _crop_plan(request: web.Request) -> web.Response:
    return json_answer(await in_thread(crop_plans.read_plan, request.match_info["key"]))


async def _picture(request: web.Request) -> web.Response:
    """A thumbnail; what its address names never changes, so a browser may keep it."""
    key, box = request.match_info["key"], request.query.get("box", "")
    side = whole_number_of(request.query.get("side", "256"), "side", 1, 10_000)
    path = await in_thread(pictures.thumbnail_file, key, side, box)
    body = await in_thread(path.read_bytes)
    return web.Response(
        body=body, content_type=PICTURE_TYPES[path.suffix.lower()], headers=_FOR_EVER
    )


async def _caption_sheet(request: web.Request) -> web.Response:
    return json_answer(await in_thread(caption_sheets.read_sheet, request.match_info["key"]))


async def _fill(request: web.Request) -> web.Response:
    fields = await read_fields(request, _FILL_FIELDS, most_bytes=_MOST_BYTES)
    key = request.match_info["key"]
    return json_answer(await in_thread(caption_sheets.fill_sheet, key, _sheet_request(fields)))


async def _settle(request: web.Request) -> web.Response:
    fields = await read_fields(request, ("id", "text"))
    crop_id, text = short_text(fields["id"], "id"), short_text(fields["text"], "text", 20_000)
    await in_thread(caption_sheets.settle_by_editor, request.match_info["key"], crop_id, text)
    return json_answer({"settled": crop_id})


def _sheet_request(fields: dict[str, Any]) -> caption_sheets.SheetRequest:
    keep_existing = fields["keep_existing"]
    if not isinstance(keep_existing, bool):
        raise ConfigError("'keep_existing' must be true or false.")
    if not isinstance(fields["fields"], dict):
        raise ConfigError("'fields' must be an object of texts.")
    texts = {
        name: short_text(fields[name], name, _MOST_LETTERS)
        for name in ("template", "overrides", "edits")
    }
    return caption_sheets.SheetRequest(
        fields=fields["fields"], keep_existing=keep_existing, **texts
    )


EDITING_ROUTES = (
    ("GET", f"{_ROOT}/crop_plans/{{key}}", _crop_plan),
    ("GET", f"{_ROOT}/pictures/{{key}}", _picture),
    ("GET", _SHEET, _caption_sheet),
    ("POST", f"{_SHEET}/fill", _fill),
    ("POST", f"{_SHEET}/settle", _settle),
)
"""Method, path and handler of each route."""
