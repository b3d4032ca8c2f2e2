"""Keeps the graph that made a run beside it, without the secrets that may stand in it."""

from __future__ import annotations

import copy
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...files import write_text
from .contents import own_file
from .log_file import finite

_log = logging.getLogger(__name__)
GRAPH_FILE = "graph.json"
_SECRET_WORDS = {
    "key", "keys", "apikey", "token", "secret", "password", "passwd", "passphrase", "pwd",
    "credential", "credentials", "auth", "authorization", "bearer",
}  # fmt: skip


def write_graph(folder: Path, prompt: object, workflow: object) -> bool:
    """Write graph.json into a run folder: the prompt that runs, and the workflow it came from.

    Texts in inputs that look like secrets ("api_key", "token") are left out of both. A graph that
    cannot be saved is no reason not to train: it is logged, and the answer is False.

    Args:
        folder: The run folder; made when it is missing.
        prompt: Nodes by id, {"class_type": ..., "inputs": {...}} each.
        workflow: The graph as the page draws it; None where there is none, as from scripts.
    """
    try:
        clean_prompt, secrets = _clean_prompt(prompt if isinstance(prompt, Mapping) else {})
        clean_workflow = _clean_workflow(workflow, secrets)
        graph = {"prompt": clean_prompt, "workflow": clean_workflow}
        write_text(folder / GRAPH_FILE, json.dumps(graph, allow_nan=False))
    except (OSError, TypeError, ValueError, RecursionError) as error:
        _log.warning("The graph could not be saved in '%s': %s", folder, error)
        return False
    return True


def read_graph(folder: Path) -> dict[str, Any] | None:
    """The graph that was saved with a run, or None when there is none that can be read."""
    path = own_file(folder, GRAPH_FILE)
    if path is None:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            return None
        return {name: finite(content.get(name)) for name in ("prompt", "workflow")}
    except (OSError, ValueError, RecursionError):
        return None


def is_secret_name(name: str) -> bool:
    """Whether an input of this name may hold a secret: "api_key", "hfToken", "wandb-password"."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return any(word in _SECRET_WORDS for word in re.split(r"[^a-z0-9]+", words.lower()))


def _clean_prompt(prompt: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The prompt without secrets, and the secrets that stood in it."""
    clean: dict[str, Any] = copy.deepcopy(dict(prompt))
    secrets: set[str] = set()
    for node in list(clean.values()):
        inputs = _inputs_of(node)
        for name, value in inputs.items():
            if not is_secret_name(str(name)):
                continue
            if isinstance(value, str):
                secrets.add(value)
                inputs[name] = ""
            elif isinstance(value, list) and len(value) == 2:
                # The text comes over a wire, from a node that does nothing but hold it.
                secrets |= _blank_texts(_inputs_of(clean.get(str(value[0]))))
    return clean, secrets - {""}


def _inputs_of(node: object) -> dict[str, Any]:
    inputs = node.get("inputs") if isinstance(node, dict) else None
    return inputs if isinstance(inputs, dict) else {}


def _blank_texts(inputs: dict[str, Any]) -> set[str]:
    found = {value for value in inputs.values() if isinstance(value, str)}
    inputs.update({name: "" for name, value in inputs.items() if isinstance(value, str)})
    return found


def _clean_workflow(value: Any, secrets: set[str], *, in_widgets: bool = False) -> Any:
    """The workflow without secrets. Its widgets have values without names, so values decide."""
    if isinstance(value, dict):
        return {
            name: ""
            if isinstance(inner, str) and is_secret_name(str(name))
            else _clean_workflow(inner, secrets, in_widgets=in_widgets or name == "widgets_values")
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_clean_workflow(inner, secrets, in_widgets=in_widgets) for inner in value]
    return "" if in_widgets and isinstance(value, str) and value in secrets else value
