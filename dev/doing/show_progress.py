"""The progress of a queued workflow on the terminal."""

from __future__ import annotations

import time
from typing import Any

from ..comfyui.api import Event
from ..terminal import Ticker, say


class ProgressLines:
    """Turns the server's events into lines, and keeps how long each node took."""

    def __init__(self, prompt: dict[str, Any], *, is_quiet: bool = False) -> None:
        self._prompt = prompt
        self._is_quiet = is_quiet
        self._ticker = Ticker()
        self._running: str | None = None
        self._node_started = time.monotonic()
        self._bar: tuple[float, float] = (0.0, 0.0)
        self._bar_started: tuple[float, float] = (0.0, 0.0)
        self._text = ""
        self.seconds: dict[str, float] = {}
        """Seconds by node id, in the order in which the nodes ran."""

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if event.type == "executing":
            self._change_node(event.data.get("node"), event.seconds)
        elif event.type == "progress" and str(event.data.get("node")) == self._running:
            self._move_bar(float(event.data["value"]), float(event.data["max"]), event.seconds)
        elif event.type == "progress_text" and event.data.get("node") == self._running:
            self._text = event.data["text"].replace("\n", " ")
            self._draw(event.seconds)

    def _change_node(self, node: object, now: float) -> None:
        """One node is over, perhaps another begins."""
        self._ticker.close()
        if self._running is not None:
            took = now - self._node_started
            self.seconds[self._running] = self.seconds.get(self._running, 0.0) + took
            if took >= 0.5 and not self._is_quiet:
                say(f"    {took:.1f} s")
        self._running = None if node is None else str(node)
        self._node_started = now
        self._bar, self._text = (0.0, 0.0), ""
        if self._running is not None and not self._is_quiet:
            place = f"[{len(self.seconds) + 1}/{len(self._prompt)}]"
            say(f"  {place} {self._title(self._running)}")

    def _title(self, node: str) -> str:
        """A node's title in the graph."""
        entry = self._prompt.get(node, {})
        return str(entry.get("_meta", {}).get("title") or entry.get("class_type", node))

    def _move_bar(self, value: float, total: float, now: float) -> None:
        """The node's progress bar moved; a new total is a new phase and starts a new clock."""
        if total != self._bar[1] or value < self._bar[0]:
            self._bar_started = (value, now)
        self._bar = (value, total)
        self._draw(now)

    def _draw(self, now: float) -> None:
        """Show the line as it stands."""
        if self._is_quiet:
            return
        value, total = self._bar
        parts = [self._text] if self._text else []
        if total > 1 and " of " not in self._text:
            parts.insert(0, f"{value:.0f} of {total:.0f}")
        done = value - self._bar_started[0]
        if done > 0 and total > 1 and " left" not in self._text:
            each = (now - self._bar_started[1]) / done
            parts += [f"{each:.2f} s each", f"{each * (total - value):.0f} s left"]
        self._ticker.show("    " + ", ".join(parts))
