"""How requests are read and answered: JSON only, off the event loop, errors as one sentence."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

from aiohttp import web

from ....trainer.errors import ConfigError, NotFoundError, TrainerError

_log = logging.getLogger(__name__)
_BODY_BYTES = 64 * 1024
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Result = TypeVar("Result")


async def in_thread(work: Callable[..., Result], *values: Any) -> Result:
    """Do work that reads or writes files, while ComfyUI's event loop goes on."""
    return await asyncio.to_thread(work, *values)


def json_answer(value: Any, status: int = 200) -> web.Response:
    """A JSON answer; a text is JSON already."""
    text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    return web.Response(text=text, status=status, content_type="application/json", headers=_HEADERS)


def answering(handler: Handler) -> Handler:
    """Turn the pack's errors into answers of one sentence."""

    @functools.wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except NotFoundError as error:
            return json_answer({"error": str(error)}, 404)
        except ConfigError as error:
            return json_answer({"error": str(error)}, 400)
        except TrainerError as error:
            return json_answer({"error": str(error)}, 409)
        except OSError as error:
            _log.warning("%s %s failed", request.method, request.path, exc_info=True)
            reason = error.strerror or type(error).__name__
            return json_answer({"error": f"A file cannot be read or written: {reason}."}, 409)

    return answer


async def read_fields(
    request: web.Request,
    required: Collection[str],
    optional: Collection[str] = (),
    most_bytes: int = _BODY_BYTES,
) -> dict[str, Any]:
    """The fields of a JSON body.

    Args:
        request: The request.
        required: Fields that must be there.
        optional: Fields that may be there.
        most_bytes: Largest body.

    Raises:
        ConfigError: It is no JSON object, is too large, or has other fields than these.
    """
    # Pages of other sites can post forms and plain text, but not JSON, without being asked first.
    if request.content_type != "application/json":
        raise ConfigError(
            f"The body is '{request.content_type}', but must be JSON with the header "
            "'Content-Type: application/json'."
        )
    fields = _parse(await _read_body(request, most_bytes))
    allowed = [*required, *optional]
    unknown = sorted(set(fields) - set(allowed))
    missing = [name for name in required if name not in fields]
    if unknown or missing:
        wrong = [f"'{name[:50]}' is unknown" for name in unknown]
        wrong += [f"'{name}' is missing" for name in missing]
        raise ConfigError(f"{', '.join(wrong)}. The fields are {', '.join(allowed)}.")
    return fields


async def _read_body(request: web.Request, most_bytes: int) -> bytes:
    body = bytearray()
    async for piece in request.content.iter_chunked(8192):
        body += piece
        if len(body) > most_bytes:
            raise ConfigError(f"The body is larger than {most_bytes // 1024} KiB. Send less.")
    return bytes(body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError("The body is not JSON. Send one JSON object.") from error
    if not isinstance(value, dict):
        raise ConfigError(f"The body is a {type(value).__name__}, but must be one JSON object.")
    return value


def whole_number_of(text: object, field: str, least: int, most: int) -> int:
    """A whole number out of a query or a body.

    Raises:
        ConfigError: It is none, or out of range.
    """
    number = None
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20:
        number = int(text)
    elif isinstance(text, int) and not isinstance(text, bool):
        number = text
    if number is None or not least <= number <= most:
        raise ConfigError(
            f"'{field}' is {str(text)[:50]!r}, but must be a whole number from {least} to {most}."
        )
    return number


def short_text(value: object, field: str, most: int = 200) -> str:
    """A text of a body.

    Raises:
        ConfigError: It is no text, or too long.
    """
    if not isinstance(value, str) or len(value) > most:
        raise ConfigError(f"'{field}' must be a text of at most {most} characters.")
    return value
