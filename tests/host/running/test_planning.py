"""Plan Training in a real ComfyUI, and a run that keeps to its limits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from dev.comfyui.api import Result
from tests.host.graph import (
    Prompt,
    events,
    inputs,
    last_checkpoint,
    node_id,
    run_folder,
    short_prompt,
    shown,
)
from tests.host.server import HostServer

GIB = 1024**3
STEPS = 3


def planned_prompt(studio: HostServer, run_name: str, **limits: float) -> Prompt:
    """A short run whose training node holds to a plan with these limits."""
    prompt = short_prompt(studio, run_name, STEPS)
    inputs(prompt, "HunyuanLoraPlan").update(limits)
    return prompt


def only_the_plan(prompt: Prompt) -> Prompt:
    """The prompt without training: nothing is loaded."""
    train = node_id(prompt, "HunyuanLoraTrain")
    return {key: node for key, node in prompt.items() if key != train}


def facts(result: Result, prompt: Prompt) -> dict[str, Any]:
    found: dict[str, Any] = shown(result, prompt, "HunyuanLoraPlan")["plan"][0]
    return found


@pytest.fixture(scope="module")
def free_peak(studio: HostServer) -> int:
    """Bytes that a step takes where nothing limits it."""
    prompt = only_the_plan(planned_prompt(studio, "plan_only"))
    result = studio.queue(prompt)
    seen = shown(result, prompt, "HunyuanLoraPlan")
    assert seen["images"]
    assert "takes" in seen["hunyuan_report"][0]
    found = facts(result, prompt)
    assert found["fits"]
    return int(found["peak_bytes"])


def test_planning_loads_nothing(studio: HostServer, free_peak: int) -> None:
    assert free_peak > 0
    for train, is_loaded in ((False, False), (True, True)):
        studio.client.post("/free", {"unload_models": True, "free_memory": True})
        prompt = planned_prompt(studio, f"plan_loads_{train}")
        studio.mark_log()
        result = studio.queue(prompt if train else only_the_plan(prompt))
        assert result.error is None
        assert ("Requested to load HunyuanVideo\n" in studio.new_log()) == is_loaded


def test_limits_are_kept_to_and_change_no_result(studio: HostServer, free_peak: int) -> None:
    plain = short_prompt(studio, "without_plan", STEPS)
    wanted = load_file(last_checkpoint(run_folder(studio.queue(plain), plain)))
    prompt = planned_prompt(studio, "with_plan", device_memory_gib=0.9 * free_peak / GIB)
    result = studio.queue(prompt)
    found = facts(result, prompt)
    assert found["fits"]
    assert found["peak_bytes"] <= 0.9 * free_peak
    lines = shown(result, prompt, "HunyuanLoraTrain")["hunyuan_report"]
    assert any("run once more in the backward pass" in line for line in lines)
    made = load_file(last_checkpoint(run_folder(result, prompt)))
    assert all(torch.equal(made[name], value) for name, value in wanted.items())


def test_a_run_that_cannot_fit_says_so_and_goes_on(studio: HostServer) -> None:
    prompt = planned_prompt(studio, "too_small", device_memory_gib=0.001)
    result = studio.queue(prompt)
    assert not facts(result, prompt)["fits"]
    lines = shown(result, prompt, "HunyuanLoraTrain")["hunyuan_report"]
    assert any("DOES NOT FIT" in line for line in lines)
    (warning,) = events(run_folder(result, prompt), "warning")
    assert "missing with every saving switched on" in warning["text"]
