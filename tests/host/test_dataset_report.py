"""Dataset Report in a real ComfyUI: what it shows, and that it shows what is trained."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dev.comfyui.api import Result
from tests.host.graph import Prompt, inputs, node_id, short_prompt, shown
from tests.host.server import HostServer

KIND = "HunyuanLoraDatasetReport"
AFTER_DATASET = ("HunyuanLoraCacheLatents", "HunyuanLoraCacheText", "HunyuanLoraPlan",
                 "HunyuanLoraTrain")  # fmt: skip


def report_prompt(studio: HostServer, *, without: tuple[str, ...] = (), **wanted: Any) -> Prompt:
    """The short demo graph with a report at its end, and each full-size crop as a file."""
    prompt = short_prompt(studio, "reported", 2)
    inputs(prompt, "HunyuanLoraBuildDataset")["name"] = "reported"
    captions = [node_id(prompt, "HunyuanLoraCaptionTemplate"), 0]
    settings = {"length": 10, "length_unit": "epochs", "batch_size": 1, "accumulation": 1,
                "traits": "", "full_size_count": 4}  # fmt: skip
    kept = {key: node for key, node in prompt.items() if node["class_type"] not in without}
    report = {"class_type": KIND, "inputs": {"captioned": captions, **settings, **wanted}}
    files = {"class_type": "PreviewImage", "inputs": {"images": ["report", 1]}}
    return {**kept, "report": report, "files": files}


def facts(result: Result, prompt: Prompt) -> dict[str, Any]:
    found: dict[str, Any] = shown(result, prompt, KIND)["report"][0]
    return found


@pytest.fixture(scope="module")
def alone(studio: HostServer) -> tuple[Result, Prompt]:
    """A report on captions alone: nothing is built, no model is loaded."""
    prompt = report_prompt(studio, without=("HunyuanLoraBuildDataset", *AFTER_DATASET))
    return studio.queue(prompt), prompt


@pytest.fixture(scope="module")
def built(studio: HostServer) -> tuple[Result, Prompt]:
    """A report with the built dataset and a plan."""
    prompt = report_prompt(studio, without=("HunyuanLoraTrain",), traits="teal hair, lantern")
    inputs(prompt, "HunyuanLoraPlan").update({"batch_size": 2, "accumulation": 2})
    inputs(prompt, KIND)["dataset"] = [node_id(prompt, "HunyuanLoraBuildDataset"), 0]
    inputs(prompt, KIND)["plan"] = [node_id(prompt, "HunyuanLoraPlan"), 0]
    return studio.queue(prompt), prompt


def test_report_needs_nothing_but_captions(alone: tuple[Result, Prompt]) -> None:
    found = facts(*alone)
    assert (found["crops"], found["pictures"], found["samples_per_epoch"]) == (4, 2, 4)
    assert (found["steps_per_epoch"], found["steps"], found["seconds"]) == (4, 40, None)
    lines = shown(*alone, KIND)["hunyuan_report"]
    assert "connect Plan Training for the time" in lines[1]
    assert "96x160: 2 crops x 1 repeat = 2 samples (50%)" in lines


def test_sheet_is_one_page_of_the_usual_width(
    studio: HostServer, alone: tuple[Result, Prompt]
) -> None:
    (image,) = shown(*alone, KIND)["images"]
    page = Image.open(io.BytesIO(studio.client.view(image)))
    assert page.width == 1600
    assert page.height > 700


def test_full_size_crops_are_the_pictures_of_the_dataset(
    studio: HostServer, built: tuple[Result, Prompt]
) -> None:
    result, _ = built
    assert result.error is None, result.error
    made = {_pixels(studio.client.view(image)) for image in result.outputs["files"]["images"]}
    folder = studio.base / "output" / "hunyuan_lora" / "datasets" / "reported"
    trained = {_pixels(path.read_bytes()) for path in Path(folder).glob("*x*/*.png")}
    assert len(trained) == 4
    assert made == trained


def test_steps_follow_the_plan_and_repeats_the_dataset(built: tuple[Result, Prompt]) -> None:
    result, prompt = built
    found = facts(result, prompt)
    # Two buckets of two samples: two batches of 2, one step of two batches.
    assert (found["samples_per_epoch"], found["steps_per_epoch"], found["steps"]) == (4, 1, 10)
    # The plan of a CPU knows no time, and the report does not make one up.
    assert found["seconds"] is None
    assert "the plan is for a CPU" in shown(result, prompt, KIND)["hunyuan_report"][1]
    rare = [one["text"] for one in found["findings"] if one["kind"] == "trait"]
    assert len(rare) == 1
    assert "No caption mentions 'lantern'" in rare[0]


def _pixels(data: bytes) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return str(image.size).encode() + np.asarray(image).tobytes()
