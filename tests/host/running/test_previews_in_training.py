"""Previews in a real training: when they are made, what they cost, and that they change nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from dev.comfyui.api import Event
from tests.host.graph import (
    Prompt,
    events,
    inputs,
    last_checkpoint,
    node_id,
    run_folder,
    short_prompt,
)
from tests.host.server import HostServer

STEPS = 6


def _prompt(server: HostServer, run: str, steps: int = STEPS, **changes: Any) -> Prompt:
    """A short training with a checkpoint every second step and previews of each."""
    prompt = short_prompt(server, run, steps)
    inputs(prompt, "HunyuanLoraTrain")["save_every"] = 2
    models = node_id(prompt, "HunyuanLoraDemoModels")
    values = {"clip": [models, 1], "vae": [models, 2], "seeds": "0, 7", "width": 96,
              "height": 160, "frames": 1, "steps": 2, "guidance": 6.0, "sampler": "dpmpp_2m_sde",
              "scheduler": "simple", "strength": 1.0, "every": 1, "unit": "checkpoints",
              "baseline": True, "mode": "decoded",
              "prompts": "{trigger}, a {class_word} in a purple dress\na red circle",
              "fields": [node_id(prompt, "HunyuanLoraCaptionTemplate"), 3]}  # fmt: skip
    prompt["previews"] = {"class_type": "HunyuanLoraPreviewSettings", "inputs": values | changes}
    inputs(prompt, "HunyuanLoraTrain")["previews"] = ["previews", 0]
    return prompt


def _without(prompt: Prompt, run: str) -> Prompt:
    """The same training without previews."""
    plain = {
        key: {**node, "inputs": dict(node["inputs"])}
        for key, node in prompt.items()
        if key != "previews"
    }
    del inputs(plain, "HunyuanLoraTrain")["previews"]
    inputs(plain, "HunyuanLoraTrain")["run_name"] = run
    return plain


@pytest.fixture(scope="module")
def with_previews(studio: HostServer) -> Path:
    """A whole run with previews before it and at every checkpoint."""
    prompt = _prompt(studio, "with_previews")
    return run_folder(studio.queue(prompt), prompt)


def test_run_makes_previews_of_the_base_and_of_every_checkpoint(with_previews: Path) -> None:
    made = events(with_previews, "sample")
    assert [event["step"] for event in made] == [step for step in (0, 2, 4, 6) for _ in range(4)]
    assert {event["text"] for event in made} == {"alva, a woman in a purple dress", "a red circle"}
    assert [event["strength"] for event in made] == [0.0] * 4 + [1.0] * 12
    assert all(event["seconds"] > 0 for event in made)
    for event in made:
        with Image.open(with_previews / event["path"]) as picture:
            assert picture.size == (96, 160)
    assert events(with_previews, "warning") == []


def test_same_file_and_curve_with_and_without_previews(
    studio: HostServer, with_previews: Path
) -> None:
    plain = _without(_prompt(studio, "with_previews"), "without_previews")
    without = run_folder(studio.queue(plain), plain)
    assert events(without, "sample") == []
    losses = [[event["loss"] for event in events(folder, "step")]
              for folder in (without, with_previews)]  # fmt: skip
    assert losses[0] == losses[1]
    files = [sorted(folder.glob("checkpoints/*")) for folder in (without, with_previews)]
    assert len(files[0]) == 3
    for one, other in zip(*files, strict=True):
        _assert_equal_files(one, other)


def test_previews_that_fail_are_warned_of_and_the_run_goes_on(studio: HostServer) -> None:
    # Where the folder should be lies a file: nothing can be written there.
    folder = studio.base / "output" / "hunyuan_lora" / "runs" / "failing_previews"
    folder.mkdir(parents=True)
    (folder / "samples").write_text("in the way")
    prompt = _prompt(studio, "failing_previews", steps=4, seeds="0")
    assert run_folder(studio.queue(prompt), prompt) == folder
    warnings = [event["text"] for event in events(folder, "warning")]
    assert len(warnings) == 3
    assert all("previews of step" in text for text in warnings)
    assert events(folder, "stop")[-1]["reason"] == "finished"


def test_cancel_during_a_preview_is_quick_and_the_run_goes_on_to_the_same_file(
    studio: HostServer, with_previews: Path
) -> None:
    cancelled: list[float] = []

    def watch(event: Event) -> None:
        is_ours = event.type == "progress_text" and "preview of step 2" in event.data["text"]
        if is_ours and event.data["text"].endswith(" 3/90") and not cancelled:
            cancelled.append(time.monotonic())
            threading.Thread(target=studio.interrupt).start()

    slow = _prompt(studio, "cancelled_preview", steps=STEPS, baseline=False)
    slow["previews"]["inputs"]["steps"] = 90
    result = studio.queue(slow, watch)
    assert "execution_interrupted" in result.types
    assert time.monotonic() - cancelled[0] < 10
    folder = with_previews.with_name("cancelled_preview")
    assert events(folder, "stop")[-1]["reason"] == "cancelled"
    assert events(folder, "sample") == []
    assert last_checkpoint(folder).is_file()
    resumed = _without(slow, "cancelled_preview")
    assert run_folder(studio.queue(resumed), resumed) == folder
    _assert_equal_files(last_checkpoint(folder), last_checkpoint(with_previews))


def test_stop_and_keep_does_not_wait_for_a_preview(studio: HostServer) -> None:
    asked: list[float] = []

    def stop() -> None:
        studio.client.post("/hunyuan_lora/runs/stopped_preview/control", {"action": "stop"})

    def watch(event: Event) -> None:
        is_ours = event.type == "progress_text" and "preview of step 2" in event.data["text"]
        if is_ours and event.data["text"].endswith(" 3/90") and not asked:
            asked.append(time.monotonic())
            threading.Thread(target=stop).start()

    slow = _prompt(studio, "stopped_preview", baseline=False)
    slow["previews"]["inputs"]["steps"] = 90
    result = studio.queue(slow, watch)
    assert result.error is None, result.error
    assert time.monotonic() - asked[0] < 15
    folder = run_folder(result, slow)
    assert events(folder, "stop")[-1]["reason"] == "stopped"
    assert any("given up" in event["text"] for event in events(folder, "warning"))
    assert len(events(folder, "step")) == 2


def _assert_equal_files(one: Path, other: Path) -> None:
    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
