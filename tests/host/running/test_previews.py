"""Previews while training: what they show, and that they leave no trace in MODEL and process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Comfyui
from tests.host.checking import run_check
from tests.host.graph import Prompt
from tests.host.server import HostServer

PROMPT = "{trigger}, a woman in a purple dress\na red circle"


@pytest.fixture(scope="module")
def checked(comfyui: Comfyui) -> dict[str, Any]:
    """What the check prints, run once inside ComfyUI."""
    return run_check(comfyui, Path(__file__).with_name("previews_check.py"))


@pytest.mark.parametrize(
    "case",
    ["fp32", "noisy", "fp8", "patched", "patched_fp8", "partly_loaded", "partly_loaded_patched"],
)
def test_preview_leaves_weights_and_process_as_they_were(
    checked: dict[str, Any], case: str
) -> None:
    assert checked[case]["error"] == ""
    assert checked[case]["changed"] == []


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("out_of_memory", ["SampleError", "Memory ran out", "mode latent"]),
        ("broken", ["SampleError", "no such thing. Check Preview Settings."]),
        ("asked_to_leave", ["SampleError", "given up"]),
        ("cancelled", ["InterruptProcessingException"]),
    ],
)
def test_preview_that_breaks_says_why_and_leaves_everything_as_it_was(
    checked: dict[str, Any], case: str, words: list[str]
) -> None:
    assert all(word in checked[case]["error"] for word in words)
    assert checked[case]["changed"] == []


def test_previews_are_files_with_the_facts_of_each(checked: dict[str, Any]) -> None:
    made = checked["pictures"]["events"]
    assert [event["path"] for event in made] == [
        f"samples/step{step:06d}_p{prompt}_s{seed}.png"
        for step in (7, 0)
        for prompt in (0, 1)
        for seed in (3, 4)
    ]
    assert [event["strength"] for event in made] == [1.0] * 4 + [0.0] * 4
    assert all(event["kind"] == "decoded" and event["seconds"] > 0 for event in made)
    assert all((event["width"], event["height"], event["frames"]) == (64, 96, 1) for event in made)
    note = checked["pictures"]["note"]
    assert {key: made[0][key] for key in note} == note
    assert note["text"] == "alva, a woman in a purple dress"
    assert checked["pictures"]["left_over"] == []


def test_previews_differ_with_lora_and_seed_and_are_the_same_again(checked: dict[str, Any]) -> None:
    assert checked["pictures"]["lora_changes"] > 3
    assert checked["pictures"]["seed_changes"] > 3
    assert checked["same_again"]


def test_previews_of_clips_are_animated(checked: dict[str, Any]) -> None:
    clip, fast = checked["pictures"]["clip"], checked["pictures"]["clip_fast"]
    assert clip["path"].endswith(".webp")
    assert (clip["frames"], clip["n_frames"], clip["size"]) == (5, 5, [64, 96])
    assert (fast["kind"], fast["frames"], fast["n_frames"]) == ("latent", 2, 2)
    assert checked["pictures"]["exif"]["seed"] == 3


def test_latent_previews_are_quicker_and_of_the_full_size(checked: dict[str, Any]) -> None:
    latent, decoded = checked["pictures"]["latent"], checked["pictures"]["events"][0]
    assert (latent["kind"], latent["size"]) == ("latent", [64, 96])
    assert latent["seconds"] < decoded["seconds"]


def _settings_prompt(**changes: Any) -> Prompt:
    values = {"clip": ["models", 1], "vae": ["models", 2], "prompts": PROMPT, "seeds": "0, 1",
              "width": 64, "height": 96, "frames": 1, "steps": 2, "guidance": 6.0,
              "sampler": "euler", "scheduler": "simple", "strength": 1.0, "every": 2,
              "unit": "steps", "baseline": True, "mode": "latent", "trigger": "alva"}  # fmt: skip
    return {
        "models": {"class_type": "HunyuanLoraDemoModels", "inputs": {}},
        "settings": {"class_type": "HunyuanLoraPreviewSettings", "inputs": values | changes},
        # The settings alone are no result that ComfyUI would work for.
        "show": {"class_type": "PreviewAny", "inputs": {"source": ["settings", 0]}},
    }


def test_settings_node_encodes_and_tells_what_will_be_made(studio: HostServer) -> None:
    result = studio.queue(_settings_prompt())
    assert result.error is None, result.error
    lines = result.outputs["settings"]["hunyuan_report"]
    assert lines == [
        "4 previews every 2 steps",
        "alva, a woman in a purple dress",
        "a red circle",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prompts": " "}, ["'prompts' is empty"]),
        ({"prompts": "ok\n{triger}"}, ["Prompt 2", "{triger}", "{trigger}"]),
        ({"trigger": ""}, ["Prompt 1", "'trigger'"]),
        ({"seeds": "a"}, ["'seeds'", "'a'"]),
        ({"seeds": ",".join(map(str, range(40)))}, ["80 previews", "32"]),
        ({"frames": 6}, ["'frames' is 6", "5 or 9"]),
        ({"width": 100}, ["'width' is 100", "multiples of 16"]),
    ],
    ids=["empty", "slot", "trigger", "seed", "many", "frames", "width"],
)
def test_settings_that_cannot_work_get_one_sentence(
    studio: HostServer, changes: dict[str, Any], words: list[str]
) -> None:
    error = studio.queue(_settings_prompt(**changes)).error
    assert error is not None
    assert error["node_type"] == "HunyuanLoraPreviewSettings"
    message = str(error["exception_message"])
    assert all(word in message for word in words), message
    assert message.strip().endswith(".")
