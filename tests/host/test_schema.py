"""Every node's schema is as released; saved workflows hold ids, inputs and defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dev.layout import ROOT
from tests.host.server import HostServer

SNAPSHOT = ROOT / "tests" / "golden" / "node_schemas.json"
PREFIX = "HunyuanLora"
# What a saved workflow or its values depend on; tooltips and layout may change freely.
_KEPT = ("default", "min", "max", "step", "multiline", "forceInput", "control_after_generate")


def _read_input(
    spec: list[Any], group: str, host_lists: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """One input in a form that is the same for every ComfyUI version.

    A combo box that offers one of ComfyUI's own lists (`host_lists`) is recorded by its name,
    since those lists grow with ComfyUI.
    """
    options = spec[1] if len(spec) > 1 else {}
    is_combo = isinstance(spec[0], list) or spec[0] == "COMBO"
    read: dict[str, Any] = {"type": "COMBO" if is_combo else spec[0], "group": group}
    if is_combo:
        offered = spec[0] if isinstance(spec[0], list) else options.get("options", [])
        known = [name for name, entries in (host_lists or {}).items() if entries == offered]
        read["options"] = f"ComfyUI's {known[0]}" if known else offered
    return read | {key: options[key] for key in _KEPT if options.get(key) is not None}


def read_schemas(object_info: dict[str, Any]) -> dict[str, Any]:
    """The pack's nodes out of /object_info: display name, inputs in order, outputs in order."""
    sampler = object_info["KSampler"]["input"]["required"]
    host_lists = {
        name: _read_input(sampler[name], "required")["options"]
        for name in ("sampler_name", "scheduler")
    }
    schemas = {}
    for node_id, known in sorted(object_info.items()):
        if not node_id.startswith(PREFIX):
            continue
        inputs = {
            name: _read_input(known["input"][group][name], group, host_lists)
            for group in ("required", "optional")
            for name in known["input_order"].get(group, [])
        }
        schemas[node_id] = {
            "display_name": known["display_name"],
            "category": known["category"],
            "is_output_node": known["output_node"],
            "inputs": inputs,
            "input_order": list(inputs),
            "outputs": known["output"],
        }
    return schemas


@pytest.fixture(scope="module")
def schemas(server: HostServer) -> dict[str, Any]:
    """The pack's schemas as the running server tells them."""
    return read_schemas(server.object_info())


def test_schemas_are_those_of_the_snapshot(schemas: dict[str, Any], tmp_path: Path) -> None:
    now = tmp_path / "node_schemas.json"
    now.write_text(json.dumps(schemas, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    released = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert schemas == released, (
        "A node's schema changed. Released inputs keep their names and defaults, and new ones go "
        f"to the end. If this change keeps to that, copy {now} over {SNAPSHOT}."
    )


def test_every_node_of_the_pack_has_a_help_page(schemas: dict[str, Any]) -> None:
    pages = {path.stem for path in (ROOT / "web" / "docs").glob("*.md")}
    assert set(schemas) == pages


def test_inputs_added_by_us_are_explained(server: HostServer, schemas: dict[str, Any]) -> None:
    known = server.object_info()
    unexplained = [
        f"{node}.{name}"
        for node in schemas
        for group in ("required", "optional")
        for name, spec in known[node]["input"].get(group, {}).items()
        if not (len(spec) > 1 and spec[1].get("tooltip"))
    ]
    assert unexplained == []


def test_schema_reader_names_the_lists_that_are_comfyuis_own() -> None:
    read = _read_input([["euler"], {}], "required", {"sampler_name": ["euler"]})
    assert read["options"] == "ComfyUI's sampler_name"


def test_schema_reader_reads_both_forms_of_a_combo() -> None:
    old = _read_input([["a", "b"], {"default": "a"}], "required")
    new = _read_input(["COMBO", {"options": ["a", "b"], "default": "a"}], "required")
    assert (
        old == new == {"type": "COMBO", "group": "required", "options": ["a", "b"], "default": "a"}
    )
