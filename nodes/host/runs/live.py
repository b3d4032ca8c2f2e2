"""Runs that train now: what they tell the browser, and how the browser reaches them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from server import PromptServer

from ....trainer.training.control import RunControl
from ....trainer.training.library.bundling import EventBundler

EVENT = "hunyuan_lora.event"
RUNS_CHANGED = "hunyuan_lora.runs"

_running: dict[str, LiveRun] = {}
_lock = threading.Lock()


class LiveRun:
    """One run while it trains.

    control: takes the commands of any browser. on_event: the training's hook; events reach every
    browser that is connected. is_over: no command is taken any more, but files may still be open.
    """

    def __init__(self, name: str, folder: Path, node_id: object) -> None:
        """Name the run; used through `live_run`."""
        self.name = name
        self.folder = folder
        self.node_id = str(node_id)
        self.control = RunControl()
        self.is_over = False
        self._is_paused = False
        self._bundler = EventBundler(self._send)

    @property
    def state(self) -> str:
        """What the list of runs says: "running" or "paused"."""
        return "paused" if self._is_paused else "running"

    def on_event(self, record: Mapping[str, Any]) -> None:
        """Take an event of the training; safe in every thread, raises nothing."""
        kind, action = record.get("type"), record.get("action")
        if kind == "control" and action in ("pause", "resume", "rewind", "stop"):
            self._is_paused = action == "pause"
        elif kind in ("step", "stop"):
            self._is_paused = False
            self.is_over = kind == "stop"
        self._bundler.add(record)
        if kind in ("start", "stop"):
            tell_runs_changed()

    def close(self) -> None:
        """Send what is left."""
        self._bundler.close()

    def _send(self, events: list[dict[str, Any]]) -> None:
        _send(EVENT, {"run": self.name, "node": self.node_id, "events": events})


@contextlib.contextmanager
def live_run(name: str, folder: Path, node_id: object) -> Iterator[LiveRun]:
    """Make a run known to the browser while it trains.

    Args:
        name: The run's name, which is its folder's.
        folder: The run folder; it need not exist yet.
        node_id: The node that trains.
    """
    live = LiveRun(name, folder, node_id)
    with _lock:
        _running[name] = live
    tell_runs_changed()
    try:
        yield live
    finally:
        live.close()
        with _lock:
            if _running.get(name) is live:
                del _running[name]
        tell_runs_changed()


def running_runs() -> dict[str, LiveRun]:
    """The runs that train now, by name."""
    with _lock:
        return dict(_running)


def find_running(folder: Path) -> LiveRun | None:
    """The run that trains in a folder now, however the system spells its name."""
    for live in running_runs().values():
        if live.name == folder.name:
            return live
        with contextlib.suppress(OSError):
            if folder.samefile(live.folder):
                return live
    return None


def tell_runs_changed() -> None:
    """Have every browser read the list of runs again."""
    _send(RUNS_CHANGED, {})


def _send(event: str, data: dict[str, Any]) -> None:
    server = PromptServer.instance
    if server is not None:
        with contextlib.suppress(RuntimeError):  # the server is shutting down
            server.send_sync(event, data)
