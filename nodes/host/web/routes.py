"""The routes below /hunyuan_lora, which ComfyUI also serves below /api."""

from __future__ import annotations

import re

from aiohttp import web
from server import PromptServer

from ....trainer.errors import ConfigError
from ....trainer.training.library.contents import PICTURE_TYPES, find_picture
from . import library
from .editing import EDITING_ROUTES
from .serving import answering, in_thread, json_answer, read_fields, short_text, whole_number_of

_ROOT = "/hunyuan_lora"
_RUN = f"{_ROOT}/runs/{{name}}"
_MOST_BYTES = 2**53
_MOST_STEPS = 10_000_000
_registered: set[int] = set()


def register_routes() -> None:
    """Add the routes to ComfyUI's server; has to happen before it begins to listen."""
    server = PromptServer.instance
    # ComfyUI may load a pack again, and a route cannot be added twice.
    if server is None or id(server) in _registered:
        return
    _registered.add(id(server))
    for method, path, handler in (*_ROUTES, *EDITING_ROUTES):
        server.routes.route(method, path)(answering(handler))


async def _list_runs(_: web.Request) -> web.Response:
    return json_answer(await in_thread(library.list_runs))


async def _list_recycled(_: web.Request) -> web.Response:
    return json_answer(await in_thread(library.list_recycled))


async def _history(request: web.Request) -> web.Response:
    return json_answer(await in_thread(library.read_history, _name(request)))


async def _events(request: web.Request) -> web.Response:
    after = whole_number_of(request.query.get("after", "0"), "after", 0, _MOST_BYTES)
    log_id = request.query.get("id", "")
    return json_answer(await in_thread(library.read_events, _name(request), after, log_id))


async def _verdict(request: web.Request) -> web.Response:
    window = whole_number_of(request.query.get("window", "70"), "window", 1, _MOST_STEPS)
    return json_answer(await in_thread(library.read_verdict, _name(request), window))


async def _file(request: web.Request) -> web.StreamResponse:
    """A picture, read whole: aiohttp's own file answer would also try a ".gz" beside it."""
    folder = (await in_thread(library.library().view, _name(request))).folder
    path = await in_thread(find_picture, folder, request.query.get("path", ""))
    status = await in_thread(path.stat)
    tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
    headers = {"X-Content-Type-Options": "nosniff", "ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    content_type = PICTURE_TYPES[path.suffix.lower()]
    body = await in_thread(path.read_bytes)
    return web.Response(body=body, content_type=content_type, headers=headers)


async def _graph(request: web.Request) -> web.Response:
    return json_answer(await in_thread(library.read_run_graph, _name(request)))


async def _control(request: web.Request) -> web.Response:
    fields = await read_fields(request, ["action"], ["value", "by"])
    action = short_text(fields["action"], "action")
    by = _plain(short_text(fields.get("by", ""), "by")) or _plain(request.remote or "")
    value = fields.get("value")
    return json_answer(await in_thread(library.ask_run, _name(request), action, value, by))


async def _resume(request: web.Request) -> web.Response:
    await read_fields(request, [])
    return json_answer(await in_thread(library.resume_run, _name(request)))


async def _use(request: web.Request) -> web.Response:
    fields = await read_fields(request, ["step"], ["lora_name"])
    step = whole_number_of(fields["step"], "step", 0, _MOST_STEPS)
    lora_name = short_text(fields.get("lora_name", ""), "lora_name")
    return json_answer(await in_thread(library.use_checkpoint, _name(request), step, lora_name))


async def _delete(request: web.Request) -> web.Response:
    fields = await read_fields(request, ["confirm"])
    name = _name(request)
    if fields["confirm"] != name:
        raise ConfigError("'confirm' must be the name of the run that you want to delete.")
    return json_answer(await in_thread(library.delete_run, name))


async def _restore(request: web.Request) -> web.Response:
    await read_fields(request, [])
    return json_answer(await in_thread(library.restore_run, _name(request)))


def _name(request: web.Request) -> str:
    return request.match_info["name"]


def _plain(text: str) -> str:
    """A name for the log: one line, without control characters."""
    return re.sub(r"[^\w.:@()+'-]+", " ", text).strip()[:60]


_ROUTES = (
    ("GET", f"{_ROOT}/runs", _list_runs),
    ("GET", f"{_ROOT}/recycled", _list_recycled),
    ("GET", f"{_RUN}/history", _history),
    ("GET", f"{_RUN}/events", _events),
    ("GET", f"{_RUN}/verdict", _verdict),
    ("GET", f"{_RUN}/file", _file),
    ("GET", f"{_RUN}/graph", _graph),
    ("POST", f"{_RUN}/control", _control),
    ("POST", f"{_RUN}/resume", _resume),
    ("POST", f"{_RUN}/use", _use),
    ("POST", f"{_RUN}/delete", _delete),
    ("POST", f"{_ROOT}/recycled/{{name}}/restore", _restore),
)
