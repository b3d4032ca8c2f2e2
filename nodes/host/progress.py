"""Progress bar, live text and cancel, as ComfyUI shows and means them."""

from __future__ import annotations

import comfy.model_management
import comfy.utils
from comfy_execution.utils import get_executing_context
from server import PromptServer


class Progress:
    """One node's progress bar and the line of text above it."""

    def __init__(self, node_id: object, total: int) -> None:
        self._node_id = str(node_id)
        self._bar = comfy.utils.ProgressBar(max(1, total), node_id=self._node_id)

    def show(self, done: int, total: int, text: str = "") -> None:
        """Move the bar to `done` of `total` and show `text` on the node."""
        self._bar.update_absolute(done, max(1, total))
        if text:
            show_text(self._node_id, text)


def show_text(node_id: object, text: str) -> None:
    """Show a line of text on a node while it runs."""
    server = PromptServer.instance
    if server is not None:
        server.send_progress_text(text, str(node_id))


def running_node() -> str:
    """Id of the node that ComfyUI executes at present; empty outside of any."""
    context = get_executing_context()
    return "" if context is None else str(context.node_id)


def is_cancelled() -> bool:
    """Has the user pressed Cancel?"""
    return bool(comfy.model_management.processing_interrupted())


def raise_if_cancelled() -> None:
    """End the node the way ComfyUI ends a cancelled one."""
    comfy.model_management.throw_exception_if_processing_interrupted()


def readable_seconds(seconds: float) -> str:
    """A duration as a person says it: "42 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
