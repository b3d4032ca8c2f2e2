"""Keeps the graph that made a run beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ....trainer.training.library.graph_file import write_graph


def save_graph(folder: Path, prompt: object, extra_pnginfo: object) -> bool:
    """Write graph.json into a run folder, without secrets; False when that is not possible.

    Args:
        folder: The run folder; made when it is missing.
        prompt: A node's hidden input PROMPT.
        extra_pnginfo: Its hidden input EXTRA_PNGINFO, {"workflow": ...}; None from scripts.
    """
    workflow = extra_pnginfo.get("workflow") if isinstance(extra_pnginfo, Mapping) else None
    return write_graph(folder, prompt, workflow)
