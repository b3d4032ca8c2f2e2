"""Number formats in which ComfyUI holds a model: each is lent and trained on exactly."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Comfyui
from tests.host.checking import run_check

STORED = {
    "fp32": "torch.float32",
    "fp16": "torch.float16",
    "bf16": "torch.bfloat16",
    "fp8_e4m3fn": "torch.float8_e4m3fn",
    "fp8_e5m2": "torch.float8_e5m2",
}


@pytest.fixture(scope="module")
def kinds(comfyui: Comfyui) -> dict[str, Any]:
    """What the check prints, run once inside ComfyUI."""
    return run_check(comfyui, "weight_kinds_check.py")


@pytest.mark.parametrize("kind", STORED)
def test_weights_of_a_kind_are_lent_as_they_are_stored(kinds: dict[str, Any], kind: str) -> None:
    assert kinds[kind]["stored_as"] == [STORED[kind]]
    assert kinds[kind]["lent"] == 0
    assert kinds[kind]["unchanged"]


@pytest.mark.parametrize("kind", STORED)
def test_velocity_and_gradient_of_a_kind_equal_those_of_the_weights_by_hand(
    kinds: dict[str, Any], kind: str
) -> None:
    assert kinds[kind]["velocity"] == 0
    assert kinds[kind]["gradient"] == 0


@pytest.mark.parametrize("kind", STORED)
def test_velocity_of_a_kind_equals_comfyuis_own(kinds: dict[str, Any], kind: str) -> None:
    # Relative error; ComfyUI computes in fp32 on the CPU whatever the storage.
    assert kinds[kind]["comfyui"] < 1e-5
