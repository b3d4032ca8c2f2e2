"""Forms in which ComfyUI keeps weights: each is lent, computed with and trained on rightly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Comfyui
from tests.host.checking import run_check

FP32, BF16, BYTES = "torch.float32", "torch.bfloat16", "torch.uint8"
E4M3, E5M2 = "torch.float8_e4m3fn", "torch.float8_e5m2"
# Two fp32 results of the same numbers in another order.
ORDER = 1e-5


@dataclass(frozen=True)
class Expected:
    """How a kind is stored, and relative differences that its numbers allow."""

    stored_as: tuple[str, ...]
    lent: float = 0.0
    """Of single weights, against the numbers in the file worked out by hand."""
    trained: float = ORDER
    """Of velocity and gradients, against training on the weights by hand."""
    comfyui: float = ORDER
    """Of the velocity, against ComfyUI's own forward of the same MODEL."""
    functions: int = 0
    """Weights that ComfyUI patches with every cast."""


# A step of e4m3 is at most an eighth of a number, and patched fp8 weights are rounded at random
# to one of the two neighbours, once and for all: ComfyUI's forward sees the same ones.
ROUNDED = {"lent": 0.125, "trained": 0.1}
EXPECTED = {
    "fp32": Expected((FP32,), trained=0),
    "fp16": Expected(("torch.float16",), trained=0),
    "bf16": Expected((BF16,), trained=0),
    "fp8_e4m3fn": Expected((E4M3,), trained=0),
    "fp8_e5m2": Expected((E5M2,), trained=0),
    # ComfyUI rounds activations to fp8 (3 bits) here; training leaves them as they are.
    "fp8_e4m3fn_fast": Expected((E4M3,), trained=0, comfyui=0.15),
    "scaled_fp8": Expected((FP32, E4M3)),
    "quantized_fp8": Expected((FP32, E4M3)),
    # Weights have the 8 bits of bf16, and ComfyUI also computes with them.
    "quantized_fp8_for_bf16": Expected((BF16, FP32, E4M3), 2**-7, 2e-2, 3e-2),
    "patched": Expected((FP32,), lent=1e-6),
    "patched_fp8": Expected((E4M3,), **ROUNDED),
    "streamed_fp8": Expected((E4M3,), lent=1e-6, functions=3),
    # 0.3.75 rounds the patched weight to fp8 with every cast, later versions do not.
    "streamed_scaled_fp8": Expected((FP32, E4M3), functions=3, **ROUNDED),
    "gguf": Expected((FP32, BYTES), trained=0),
    "fp32_of_normal_tensors": Expected((FP32,), trained=0),
}
NVFP4 = Expected((FP32, BYTES), lent=1e-6)


@pytest.fixture(scope="module")
def kinds(comfyui: Comfyui) -> dict[str, Any]:
    """What the check prints, run once inside ComfyUI."""
    return run_check(comfyui, "weight_kinds_check.py")


def check_lent(found: dict[str, Any], expected: Expected) -> None:
    assert found["stored_as"] == sorted(expected.stored_as)
    assert found["weight_functions"] == expected.functions
    assert found["lent"] <= expected.lent


def check_trained(found: dict[str, Any], expected: Expected) -> None:
    assert found["velocity"] <= expected.trained
    assert found["gradient"] <= expected.trained


def check_untouched(found: dict[str, Any]) -> None:
    assert found["unchanged"]
    assert found["got_gradients"] == []
    # After ComfyUI has unloaded it, which takes patches off again.
    assert found["restored"]


@pytest.mark.parametrize("kind", EXPECTED)
def test_weights_of_a_kind_are_lent_as_the_file_means_them(
    kinds: dict[str, Any], kind: str
) -> None:
    check_lent(kinds[kind], EXPECTED[kind])


@pytest.mark.parametrize("kind", EXPECTED)
def test_names_and_shapes_of_a_kind_are_those_of_the_plain_model(
    kinds: dict[str, Any], kind: str
) -> None:
    assert kinds[kind]["same_shapes"]


@pytest.mark.parametrize("kind", EXPECTED)
def test_velocity_and_gradient_of_a_kind_equal_those_of_the_weights_by_hand(
    kinds: dict[str, Any], kind: str
) -> None:
    check_trained(kinds[kind], EXPECTED[kind])


@pytest.mark.parametrize("kind", EXPECTED)
def test_velocity_of_a_kind_equals_comfyuis_own(kinds: dict[str, Any], kind: str) -> None:
    assert kinds[kind]["comfyui"] <= EXPECTED[kind].comfyui


@pytest.mark.parametrize("kind", EXPECTED)
def test_model_of_a_kind_is_left_as_it_was(kinds: dict[str, Any], kind: str) -> None:
    check_untouched(kinds[kind])


def test_nvfp4_is_lent_dense_where_comfyui_knows_it(
    kinds: dict[str, Any], comfyui: Comfyui
) -> None:
    is_known = '"nvfp4"' in (comfyui.path / "comfy" / "quant_ops.py").read_text(encoding="utf-8")
    found = kinds["nvfp4"]
    assert (found is not None) == is_known
    if found is not None:
        check_lent(found, NVFP4)
        check_trained(found, NVFP4)
        check_untouched(found)
        assert found["same_shapes"]
        assert found["comfyui"] <= NVFP4.comfyui


def test_every_kind_is_checked(kinds: dict[str, Any]) -> None:
    assert set(kinds) == {*EXPECTED, "nvfp4"}
