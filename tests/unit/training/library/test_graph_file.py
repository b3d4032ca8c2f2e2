"""The graph is kept beside the run, and secrets are not."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from trainer.training.library.graph_file import is_secret_name, read_graph, write_graph

PROMPT: dict[str, Any] = {
    "1": {"class_type": "Train", "inputs": {"model": ["2", 0], "seed": 42, "trigger": "alva"}},
    "2": {"class_type": "Load", "inputs": {"name": "model.safetensors"}, "_meta": {"title": "字"}},
    "3": {"class_type": "Track", "inputs": {"api_key": "sk-12345", "project": "x", "tokens": "a"}},
    "4": {"class_type": "Ask", "inputs": {"token": ["5", 0], "max_tokens": 7, "key": 3}},
    "5": {"class_type": "Text", "inputs": {"value": "hf_abcdef"}},
}
WORKFLOW: dict[str, Any] = {
    "nodes": [
        {"id": 1, "type": "Train", "widgets_values": [42, "alva"]},
        {"id": 3, "type": "Track", "widgets_values": ["sk-12345", "x"], "title": "key"},
        {"id": 5, "type": "Text", "widgets_values": {"value": "hf_abcdef", "other": [1, None]}},
        {"id": 6, "type": "Muted", "widgets_values": {"apiKey": "never run", "name": "y"}},
    ],
    "links": [[1, 2, 0, 1, 0, "MODEL"]],
    "extra": {"ds": {"scale": 1.0}},
}


def test_graph_without_secrets_is_kept_as_it_is(tmp_path: Path) -> None:
    prompt = {key: PROMPT[key] for key in "12"}
    workflow = {**WORKFLOW, "nodes": WORKFLOW["nodes"][:1]}
    assert write_graph(tmp_path / "new", prompt, workflow)
    assert read_graph(tmp_path / "new") == {"prompt": prompt, "workflow": workflow}


def test_graph_has_no_secret_from_inputs_wires_or_widgets(tmp_path: Path) -> None:
    before = copy.deepcopy((PROMPT, WORKFLOW))
    assert write_graph(tmp_path, PROMPT, WORKFLOW)
    text = (tmp_path / "graph.json").read_text(encoding="utf-8")
    assert not any(secret in text for secret in ("sk-12345", "hf_abcdef", "never run"))
    assert (PROMPT, WORKFLOW) == before
    found = json.loads(text)
    assert found["prompt"]["3"]["inputs"] == {"api_key": "", "project": "x", "tokens": "a"}
    assert found["prompt"]["4"]["inputs"] == PROMPT["4"]["inputs"]
    values = [node["widgets_values"] for node in found["workflow"]["nodes"]]
    assert values[:2] == [[42, "alva"], ["", "x"]]
    assert values[2:] == [{"value": "", "other": [1, None]}, {"apiKey": "", "name": "y"}]
    assert found["workflow"]["nodes"][1]["title"] == "key"


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "API-KEY", "key", "hf_token", "Token", "wandb password", "client.secret"],
)
def test_names_of_secrets_are_seen(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["monkey", "max_tokens", "tokenizer", "keyframe", "seed", "", "字"]
)
def test_names_of_other_inputs_are_not_taken_for_secrets(name: str) -> None:
    assert not is_secret_name(name)


def test_graph_of_a_script_has_no_workflow(tmp_path: Path) -> None:
    assert write_graph(tmp_path, PROMPT, None)
    found = read_graph(tmp_path)
    assert found is not None
    assert found["workflow"] is None


@pytest.mark.parametrize(
    ("prompt", "workflow"),
    [({"1": {"inputs": {"a": object()}}}, None), ({}, {"a": float("nan")}), ({}, {"a": {1, 2}})],
    ids=["object", "nan", "set"],
)
def test_graph_that_is_no_json_stops_nothing(
    tmp_path: Path, prompt: object, workflow: object
) -> None:
    assert not write_graph(tmp_path, prompt, workflow)
    assert list(tmp_path.iterdir()) == []


def test_graph_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert not write_graph(tmp_path / "file", PROMPT, WORKFLOW)


@pytest.mark.parametrize("prompt", [None, [], "x", {"1": None}, {"1": {"inputs": [1]}}])
def test_graph_of_an_odd_prompt_is_kept(tmp_path: Path, prompt: object) -> None:
    assert write_graph(tmp_path, prompt, None)
    assert read_graph(tmp_path) is not None


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b"[" * 100_000, b'{"prompt": '])
def test_graph_of_rubbish_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "graph.json").write_bytes(content)
    assert read_graph(tmp_path) is None


def test_graph_that_is_missing_or_a_link_is_none(tmp_path: Path) -> None:
    assert read_graph(tmp_path) is None
    (tmp_path / "run").mkdir()
    (tmp_path / "secret.json").write_text('{"prompt": 1}')
    os.symlink(tmp_path / "secret.json", tmp_path / "run" / "graph.json")
    assert read_graph(tmp_path / "run") is None
