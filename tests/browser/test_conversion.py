"""The prompt that dev/ makes of a saved workflow is the one the page would send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dev.comfyui.workflow import prompt_from_workflow
from dev.errors import TaskError
from tests.browser.page import open_workflow
from tests.host.server import HostServer

MUTED, BYPASSED = 2, 4


def _node(
    number: int,
    kind: str,
    inputs: list[tuple[str, str, int | None]],
    outputs: list[tuple[str, list[int]]],
    widgets: list[Any],
    mode: int = 0,
) -> dict[str, Any]:
    """A node as the page saves it: inputs (name, type, link), outputs (type, links)."""
    return {
        "id": number,
        "type": kind,
        "pos": [60 + 260 * (number % 6), 80 + 260 * (number // 6)],
        "size": [230, 120],
        "flags": {},
        "order": number,
        "mode": mode,
        "inputs": [{"name": n, "type": t, "link": k} for n, t, k in inputs],
        "outputs": [{"name": t, "type": t, "links": k} for t, k in outputs],
        "properties": {"Node name for S&R": kind},
        "widgets_values": widgets,
    }


def _workflow() -> dict[str, Any]:
    """Seed control, an upload button, a reroute, a bypassed, a muted and a Primitive node."""
    primitive = _node(7, "PrimitiveNode", [], [("INT", [8])], [640, "fixed"])
    primitive["outputs"][0]["widget"] = {"name": "width"}
    empty = _node(
        8,
        "EmptyImage",
        [("width", "INT", 8)],
        [("IMAGE", [9])],
        [640, 32, 1, 255],
    )
    empty["inputs"][0]["widget"] = {"name": "width"}
    sampler_inputs = [
        ("model", "MODEL", None),
        ("positive", "CONDITIONING", 1),
        ("negative", "CONDITIONING", 2),
        ("latent_image", "LATENT", 3),
    ]
    sampler_widgets = [1234, "fixed", 7, 3.5, "euler", "simple", 0.75]
    nodes = [
        _node(1, "CLIPTextEncode", [("clip", "CLIP", None)], [("CONDITIONING", [1])], ["a cat"]),
        _node(2, "CLIPTextEncode", [("clip", "CLIP", None)], [("CONDITIONING", [2])], ["x"], MUTED),
        _node(3, "EmptyLatentImage", [], [("LATENT", [4])], [512, 256, 2]),
        _node(4, "Reroute", [("", "*", 4)], [("LATENT", [3])], []),
        _node(5, "KSampler", sampler_inputs, [("LATENT", [])], sampler_widgets),
        _node(6, "LoadImage", [], [("IMAGE", []), ("MASK", [])], ["example.png", "image"]),
        primitive,
        empty,
        _node(
            9,
            "ImageInvert",
            [("image", "IMAGE", 9)],
            [("IMAGE", [10])],
            [],
            BYPASSED,
        ),
        _node(10, "SaveImage", [("images", "IMAGE", 10)], [], ["out/name"]),
    ]
    links = [
        [1, 1, 0, 5, 1, "CONDITIONING"],
        [2, 2, 0, 5, 2, "CONDITIONING"],
        [4, 3, 0, 4, 0, "LATENT"],
        [3, 4, 0, 5, 3, "LATENT"],
        [8, 7, 0, 8, 0, "INT"],
        [9, 8, 0, 9, 0, "IMAGE"],
        [10, 9, 0, 10, 0, "IMAGE"],
    ]
    return {
        "last_node_id": 10,
        "last_link_id": 10,
        "nodes": nodes,
        "links": links,
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def strip_titles(prompt: dict[str, Any]) -> dict[str, Any]:
    """A prompt without the titles, which the server ignores."""
    return {
        node: {"class_type": entry["class_type"], "inputs": entry["inputs"]}
        for node, entry in prompt.items()
    }


def test_prompt_of_a_workflow_is_equal_to_the_pages(server: HostServer, tmp_path: Path) -> None:
    path = tmp_path / "workflow.json"
    path.write_text(json.dumps(_workflow()), encoding="utf-8")
    page = open_workflow(server, path, tmp_path / "page.png", run=False)
    ours = prompt_from_workflow(_workflow(), server.object_info())
    assert set(ours) == {"1", "3", "5", "6", "8", "10"}
    assert strip_titles(ours) == strip_titles(page["prompt"])


def test_prompt_of_a_workflow_with_an_unknown_node_names_it() -> None:
    with pytest.raises(TaskError, match="'KSampler'"):
        prompt_from_workflow({"nodes": [_workflow()["nodes"][4]], "links": []}, {})


def test_prompt_of_a_workflow_with_subgraphs_is_refused() -> None:
    with pytest.raises(TaskError, match="subgraphs"):
        prompt_from_workflow({"nodes": [], "definitions": {"subgraphs": [{}]}}, {})
