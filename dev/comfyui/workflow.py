"""Turns a workflow as the page saves it into the prompt that ComfyUI's HTTP interface takes.

The page does this in `graphToPrompt`; a script that runs a saved workflow needs the same. Source:
behaviour of ComfyUI_frontend 1.32.9 (graphToPrompt and ExecutableNodeDTO); the code is our own,
and a browser test compares the two on every example workflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import TaskError

_MUTED, _BYPASSED = 2, 4
_WIDGET_TYPES = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
_SEEDS = {"seed", "noise_seed"}
_UPLOADS = ("image_upload", "video_upload", "audio_upload", "animated_image_upload")
# Nodes that live in the page alone.
_PAGE_ONLY = {"Note", "MarkdownNote", "Reroute", "PrimitiveNode"}


@dataclass(frozen=True)
class _Link:
    source: int
    slot: int
    type: str


def prompt_from_workflow(
    workflow: dict[str, Any], object_info: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """The API-format prompt of a saved workflow.

    Args:
        workflow: The JSON that the page saves.
        object_info: The server's answer to /object_info.

    Raises:
        TaskError: A node is unknown to the server, or the workflow has subgraphs.
    """
    return _Converter(workflow, object_info).convert()


class _Converter:
    def __init__(self, workflow: dict[str, Any], object_info: dict[str, Any]) -> None:
        if (workflow.get("definitions") or {}).get("subgraphs"):
            raise TaskError(
                "The workflow has subgraphs, which only ComfyUI's page can run. Unpack them in "
                "the page and save it again."
            )
        self._info = object_info
        self._nodes: dict[int, dict[str, Any]] = {n["id"]: n for n in workflow["nodes"]}
        self._links = dict(_read_link(link) for link in workflow.get("links", []))

    def convert(self) -> dict[str, dict[str, Any]]:
        prompt = {
            str(node_id): self._convert_node(node)
            for node_id, node in self._nodes.items()
            if node["type"] not in _PAGE_ONLY and node.get("mode", 0) not in (_MUTED, _BYPASSED)
        }
        # A wire from a node that does not run is no wire.
        for entry in prompt.values():
            entry["inputs"] = {
                name: value
                for name, value in entry["inputs"].items()
                if not (_is_wire(value) and value[0] not in prompt)
            }
        return prompt

    def _convert_node(self, node: dict[str, Any]) -> dict[str, Any]:
        known = self._info.get(node["type"])
        if known is None:
            raise TaskError(
                f"The workflow needs the node '{node['type']}', which this ComfyUI does not have. "
                "See the server's log for the reason it was not loaded."
            )
        inputs = self._widget_values(node, known)
        for slot in node.get("inputs") or []:
            found = self._resolve(slot.get("link"), str(slot.get("type", "*")))
            if found is not None:
                inputs[slot["name"]] = found
        title = node.get("title") or known.get("display_name") or node["type"]
        return {"inputs": inputs, "class_type": node["type"], "_meta": {"title": title}}

    def _widget_values(self, node: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        """The values of the node's widgets by input name, defaults for those not saved."""
        saved = node.get("widgets_values") or []
        values: dict[str, Any] = {}
        position = 0
        for name, spec in _inputs_in_order(known):
            kind, options = _read_spec(spec)
            if kind not in _WIDGET_TYPES or options.get("forceInput"):
                continue
            if isinstance(saved, dict):
                value = saved.get(name, _default(spec))
            else:
                value = saved[position] if position < len(saved) else _default(spec)
                position += 1 + _extra_widgets(name, kind, options)
            values[name] = {"__value__": value} if isinstance(value, list) else value
        return values

    def _resolve(self, link_id: int | None, wanted: str) -> Any:
        """Follow a link back to the node output that feeds it, past reroutes and bypassed nodes.

        Returns a wire [node id, output slot], or the value of a Primitive node, or None.
        """
        link = self._links.get(link_id) if link_id is not None else None
        node = self._nodes.get(link.source) if link is not None else None
        if link is None or node is None or node.get("mode", 0) == _MUTED:
            return None
        inputs = node.get("inputs") or []
        if node["type"] == "PrimitiveNode":
            return (node.get("widgets_values") or [None])[0]
        if node["type"] == "Reroute":
            return self._resolve(inputs[0].get("link"), wanted) if inputs else None
        if node.get("mode", 0) == _BYPASSED:
            through = _bypass_slot(node, link.slot, wanted)
            return None if through is None else self._resolve(inputs[through].get("link"), wanted)
        return [str(link.source), link.slot]


def _read_link(link: Any) -> tuple[int, _Link]:
    """A link in either of the two forms the page has saved."""
    if isinstance(link, dict):
        return link["id"], _Link(link["origin_id"], link["origin_slot"], str(link["type"]))
    return link[0], _Link(link[1], link[2], str(link[5]))


def _inputs_in_order(known: dict[str, Any]) -> list[tuple[str, Any]]:
    """A node's inputs, required ones first, each group in its declared order."""
    groups = known.get("input") or {}
    order = known.get("input_order") or {}
    return [
        (name, groups[group][name])
        for group in ("required", "optional")
        for name in order.get(group, groups.get(group, {}))
    ]


def _read_spec(spec: list[Any]) -> tuple[str, dict[str, Any]]:
    """An input's type and options; a list in place of the type is a combo box."""
    options = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
    kind = "COMBO" if isinstance(spec[0], list) else str(options.get("widgetType") or spec[0])
    return kind, options


def _default(spec: list[Any]) -> Any:
    """The value a fresh widget shows."""
    kind, options = _read_spec(spec)
    if "default" in options:
        return options["default"]
    if kind == "COMBO":
        choices = spec[0] if isinstance(spec[0], list) else options.get("options") or [None]
        return choices[0]
    return {"INT": 0, "FLOAT": 0.0, "STRING": "", "BOOLEAN": False}[kind]


def _extra_widgets(name: str, kind: str, options: dict[str, Any]) -> int:
    """How many widgets the page adds behind this one: seed control, upload button."""
    control = options.get("control_after_generate")
    has_control = bool(control) or (control is None and kind == "INT" and name in _SEEDS)
    return int(has_control) + int(any(options.get(upload) for upload in _UPLOADS))


def _bypass_slot(node: dict[str, Any], slot: int, wanted: str) -> int | None:
    """The input that stands in for an output of a bypassed node."""
    types = [str(entry.get("type")) for entry in node.get("inputs") or []]
    given = str((node.get("outputs") or [])[slot].get("type"))
    if "*" in (wanted, given):
        return (slot if slot < len(types) else 0) if types else None
    if slot < len(types) and types[slot] in (given, "*"):
        return slot
    for candidate in (given, "*"):
        if candidate in types:
            return types.index(candidate)
    return None


def _is_wire(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)
