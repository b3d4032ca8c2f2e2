"""Raw HTTP requests, for what a well-behaved client would not send."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.host.server import HostServer

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The sentence of a refusal."""
        return str(self.json["error"])


def ask(
    server: HostServer,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Send a path as it is, nothing tidied."""
    connection = http.client.HTTPConnection("127.0.0.1", server.client.port, timeout=60)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())
    finally:
        connection.close()


def post(server: HostServer, path: str, value: object) -> Answer:
    """Send JSON."""
    return ask(server, "POST", path, json.dumps(value).encode(), JSON)


def run_path(name: str, rest: str) -> str:
    """Path of one of a run's routes."""
    return f"/hunyuan_lora/runs/{quote(name, safe='')}/{rest}"
