"""ComfyUI's HTTP and WebSocket interface, as scripts and tests use it."""

from __future__ import annotations

import json
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import TaskError
from .websocket import WebSocket

# Binary messages start with a big-endian kind; 3 is text for a node.
# Source: ComfyUI, protocol.py and server.py (send_progress_text).
_BINARY_TEXT = 3


class PromptRefusedError(TaskError):
    """ComfyUI did not take the prompt; `details` is its answer."""

    def __init__(self, details: dict[str, Any]) -> None:
        super().__init__(f"ComfyUI refused the workflow: {_describe_refusal(details)}")
        self.details = details


@dataclass(frozen=True)
class Event:
    """One message of the server: its type, its data and when it came."""

    type: str
    data: dict[str, Any]
    seconds: float


@dataclass
class Result:
    """What a queued prompt led to."""

    prompt_id: str
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each node showed (its `ui` part), by node id."""
    events: list[Event] = field(default_factory=list)
    error: dict[str, Any] | None = None
    """The server's `execution_error`, when a node failed."""
    is_interrupted: bool = False

    @property
    def types(self) -> list[str]:
        """The event types in order."""
        return [event.type for event in self.events]


class Client:
    """Talks to the server on 127.0.0.1:`port`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        # A proxy set for the outside world must not see requests to this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get_bytes(self, path: str) -> bytes:
        """The body of a GET."""
        with self._opener.open(self.address + path, timeout=60) as answer:
            return bytes(answer.read())

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return json.loads(self.get_bytes(path))

    def post(self, path: str, payload: object) -> Any:
        """The JSON answer to a POST of JSON; None for an empty answer."""
        body = json.dumps(payload).encode("utf-8")
        return self._send(path, body, "application/json")

    def _send(self, path: str, body: bytes, content_type: str) -> Any:
        request = urllib.request.Request(
            self.address + path, data=body, headers={"Content-Type": content_type}, method="POST"
        )
        with self._opener.open(request, timeout=60) as answer:
            data = answer.read()
        return json.loads(data) if data else None

    def object_info(self) -> dict[str, Any]:
        """The schema of every node the server knows."""
        return dict(self.get("/object_info"))

    def interrupt(self) -> None:
        """Cancel what is running, as the page's Cancel button does."""
        self._send("/interrupt", b"", "application/json")

    def upload(self, path: Path, subfolder: str = "") -> dict[str, Any]:
        """Put a picture into the server's input folder."""
        mark = uuid.uuid4().hex
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="subfolder"\r\n\r\n{subfolder}\r\n'
            f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="{path.name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode("utf-8") + path.read_bytes() + f"\r\n--{mark}--\r\n".encode("ascii")
        return dict(self._send("/upload/image", body, f"multipart/form-data; boundary={mark}"))

    def view(self, image: dict[str, Any]) -> bytes:
        """A picture that a node showed, given its entry in `ui`'s "images"."""
        return self.get_bytes("/view?" + urllib.parse.urlencode(image))

    def queue(
        self,
        prompt: dict[str, Any],
        on_event: Callable[[Event], None] | None = None,
        timeout_seconds: float = 3600.0,
    ) -> Result:
        """Queue an API-format prompt and follow it to its end.

        Raises:
            PromptRefusedError: The server found a fault in the prompt.
            TaskError: Nothing more was heard of it within `timeout_seconds`.
        """
        client_id = uuid.uuid4().hex
        with WebSocket(self.port, f"/ws?clientId={client_id}") as connection:
            connection.send_text(
                json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
            )
            result = Result(prompt_id=self._post_prompt(prompt, client_id))
            self._follow(connection, result, on_event, time.monotonic() + timeout_seconds)
        history = self.get(f"/history/{result.prompt_id}")
        result.outputs = dict(history.get(result.prompt_id, {}).get("outputs", {}))
        return result

    def _post_prompt(self, prompt: dict[str, Any], client_id: str) -> str:
        try:
            answer = self.post("/prompt", {"prompt": prompt, "client_id": client_id})
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
            try:
                details = json.loads(body)
            except ValueError:
                details = {"error": {"message": f"HTTP {error.code}"}}
            raise PromptRefusedError(details) from error
        if answer.get("node_errors"):
            raise PromptRefusedError(answer)
        return str(answer["prompt_id"])

    def _follow(
        self,
        connection: WebSocket,
        result: Result,
        on_event: Callable[[Event], None] | None,
        end: float,
    ) -> None:
        """Collect events until the server says that this prompt is over."""
        while True:
            try:
                message = connection.receive(max(0.01, end - time.monotonic()))
            except TimeoutError as error:
                raise TaskError("The workflow did not end in the time given to it.") from error
            event = _read_event(message)
            if event is None or event.data.get("prompt_id", result.prompt_id) != result.prompt_id:
                continue
            result.events.append(event)
            if on_event is not None:
                on_event(event)
            if event.type == "execution_error":
                result.error = event.data
            elif event.type == "execution_interrupted":
                result.is_interrupted = True
            elif event.type == "executing" and event.data.get("node") is None:
                return


def _read_event(message: str | bytes) -> Event | None:
    """A message as an Event; pictures and unknown kinds give None."""
    now = time.monotonic()
    if isinstance(message, str):
        content = json.loads(message)
        data = content.get("data")
        return Event(str(content["type"]), data if isinstance(data, dict) else {}, now)
    if len(message) < 8 or struct.unpack_from(">I", message)[0] != _BINARY_TEXT:
        return None
    (size,) = struct.unpack_from(">I", message, 4)
    node = message[8 : 8 + size].decode("utf-8", "replace")
    text = message[8 + size :].decode("utf-8", "replace")
    return Event("progress_text", {"node": node, "text": text}, now)


def _describe_refusal(details: dict[str, Any]) -> str:
    """The faults in a refusal, one sentence each."""
    lines = []
    for node_id, report in (details.get("node_errors") or {}).items():
        for error in report.get("errors", []):
            name = f"{report.get('class_type', 'node')} (node {node_id})"
            lines.append(f"{name}: {error.get('message', '')} {error.get('details', '')}".strip())
    return "; ".join(lines) or str((details.get("error") or {}).get("message", "no reason given"))
