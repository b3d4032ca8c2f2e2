"""The demo workflow as tests change and run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dev.comfyui.api import Result
from tests.host.server import HostServer

Prompt = dict[str, dict[str, Any]]

# One crop in each of two small buckets from each picture: seconds instead of a minute.
SMALL_CROPS = {"buckets": "96x160, 128x128", "shots": "full_body, headshot"}


def demo_prompt(server: HostServer, run_name: str, **train: Any) -> Prompt:
    """The demo workflow under another run name, with other settings of the training node."""
    prompt = server.example("hunyuan_lora_demo")
    inputs(prompt, "HunyuanLoraTrain").update({"run_name": run_name, **train})
    return prompt


def short_prompt(server: HostServer, run_name: str, steps: int, **train: Any) -> Prompt:
    """A run of a few steps on a few small crops, up to the training node."""
    settings = {"length": steps, "length_unit": "steps", "save_every": 1000, "save_unit": "steps"}
    prompt = demo_prompt(server, run_name, **{**settings, "hold_out": 0, **train})
    inputs(prompt, "HunyuanLoraCropToBuckets").update(SMALL_CROPS)
    inputs(prompt, "HunyuanLoraBuildDataset")["name"] = "short"
    after = {"HunyuanLoraPickCheckpoint", "HunyuanLoraLossPlot", "HunyuanLoraPreview"}
    after.add("HunyuanLoraDatasetReport")
    return {key: node for key, node in prompt.items() if node["class_type"] not in after}


def node_id(prompt: Prompt, kind: str) -> str:
    """Id of the only node of a class."""
    (found,) = [key for key, node in prompt.items() if node["class_type"] == kind]
    return found


def inputs(prompt: Prompt, kind: str) -> dict[str, Any]:
    """Inputs of the only node of a class, to be changed in place."""
    found: dict[str, Any] = prompt[node_id(prompt, kind)]["inputs"]
    return found


def shown(result: Result, prompt: Prompt, kind: str) -> dict[str, Any]:
    """What a node showed."""
    assert result.error is None, result.error
    found: dict[str, Any] = result.outputs[node_id(prompt, kind)]
    return found


def run_folder(result: Result, prompt: Prompt) -> Path:
    """Folder of the run that the prompt made."""
    return Path(shown(result, prompt, "HunyuanLoraTrain")["run"][0]["folder"])


def events(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Events of one kind in a run's log."""
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def last_checkpoint(folder: Path) -> Path:
    """The newest LoRA file of a run."""
    return folder / events(folder, "checkpoint")[-1]["path"]
