"""A real ComfyUI server for the tests, with its client and its log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dev.comfyui.api import Client, Event, Result
from dev.comfyui.server import Server
from dev.comfyui.workflow import prompt_from_workflow
from dev.layout import PACK_NAME, ROOT, Host

__all__ = ["PACK_NAME", "HostServer"]


class HostServer:
    """The running server: `client` for everything, and short words for what tests do often."""

    def __init__(self, host: Host, base: Path) -> None:
        self.base = base
        self._server = Server(host, base)
        self._log_start = 0

    def __enter__(self) -> HostServer:
        self._server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._server.__exit__(*error)

    @property
    def client(self) -> Client:
        """HTTP and WebSocket access."""
        return self._server.client

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._server.pid

    def object_info(self) -> dict[str, Any]:
        """The schema of every node."""
        return self.client.object_info()

    def queue(
        self,
        prompt: dict[str, Any],
        on_event: Callable[[Event], None] | None = None,
        timeout_seconds: float = 300.0,
    ) -> Result:
        """Run an API-format prompt to its end."""
        return self.client.queue(prompt, on_event, timeout_seconds)

    def interrupt(self) -> None:
        """Cancel what runs."""
        self.client.interrupt()

    def upload(self, path: Path, subfolder: str = "") -> dict[str, Any]:
        """Put a picture into the input folder."""
        return self.client.upload(path, subfolder)

    def example(self, name: str) -> dict[str, Any]:
        """An example workflow of the pack as an API-format prompt."""
        path = ROOT / "example_workflows" / f"{name}.json"
        workflow = json.loads(path.read_text(encoding="utf-8"))
        return prompt_from_workflow(workflow, self.object_info())

    def mark_log(self) -> None:
        """From here on, `new_log` is what the present test caused."""
        self._log_start = len(self._read_log())

    def new_log(self) -> str:
        """What the server wrote since `mark_log`."""
        return self._read_log()[self._log_start :]

    def _read_log(self) -> str:
        return self._server.log_path.read_text(encoding="utf-8", errors="replace")
