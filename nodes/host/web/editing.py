"""Routes of the crop editor and the caption editor."""

from __future__ import annotations

from aiohttp import web

from ....trainer.training.library.contents import PICTURE_TYPES
from ..editing import crop_plans, pictures
from .serving import in_thread, json_answer, whole_number_of

_ROOT = "/hunyuan_lora"
_FOR_EVER = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=31536000, immutable"}


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


EDITING_ROUTES = (
    ("GET", f"{_ROOT}/crop_plans/{{key}}", _crop_plan),
    ("GET", f"{_ROOT}/pictures/{{key}}", _picture),
)
"""Method, path and handler of each route."""
