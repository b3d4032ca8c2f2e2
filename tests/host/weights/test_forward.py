"""The trainer's forward gives what ComfyUI's own HunyuanVideo gives, in float32."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("forward_check.py")
TOLERANCE = 1e-5
"""Outputs are a few units large; both sides round in float32, in a different order."""

VARIANTS = (
    "image_square",
    "image_wide",
    "image_tall_two_heads",
    "clip_wide",
    "clip_two_heads",
    "without_guidance_input",
    "guidance_not_given",
    "guidance_one",
    "batch_of_two_equal_texts",
    "batch_of_two_padded_text",
    "clip_batch_of_two_padded_text",
)


@pytest.fixture(scope="module")
def report(comfyui: Any) -> dict[str, dict[str, float]]:
    """The differences that forward_check.py found inside the real ComfyUI."""
    command = [str(comfyui.python), str(SCRIPT), "--comfyui", str(comfyui.path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    variants: dict[str, dict[str, float]] = json.loads(run.stdout.splitlines()[-1])["variants"]
    return variants


@pytest.mark.parametrize("variant", VARIANTS)
def test_velocity_in_real_comfyui_is_equal(
    report: dict[str, dict[str, float]], variant: str
) -> None:
    assert report[variant]["max_abs_output"] > 0.1
    assert report[variant]["max_abs_difference"] <= TOLERANCE


def test_variants_of_the_script_are_all_tested(report: dict[str, dict[str, float]]) -> None:
    assert set(report) == set(VARIANTS)
