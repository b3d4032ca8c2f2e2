"""Forms in which ComfyUI keeps weights: each is lent, computed with and trained on rightly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Comfyui
from tests.host.checking import run_check

FP32, BF16, BYTES, INT8 = "torch.float32", "torch.bfloat16", "torch.uint8", "torch.int8"
E4M3, E5M2 = "torch.float8_e4m3fn", "torch.float8_e5m2"
# Two fp32 results of the same numbers in another order.
ORDER = 1e-5


@dataclass(frozen=True)
class Known:
    """What a ComfyUI that knows a kind says in its source."""

    file: str
    words: tuple[str, ...]

    def is_in(self, comfyui: Comfyui) -> bool:
        text = (comfyui.path / "comfy" / self.file).read_text(encoding="utf-8")
        return all(word in text for word in self.words)


ALWAYS = Known("ops.py", ())
DYNAMIC = Known("model_patcher.py", ("class ModelPatcherDynamic",))


def quantized(*words: str) -> Known:
    return Known("quant_ops.py", tuple(f'"{word}"' for word in words))


@dataclass(frozen=True)
class Expected:
    """How a kind is stored, and relative differences that its numbers allow."""

    stored_as: tuple[str, ...]
    lent: float = 1e-6
    """Of single weights, against the numbers in the file worked out by hand."""
    trained: float = ORDER
    """Of velocity and gradients, against training on the weights by hand."""
    comfyui: float = ORDER
    """Of the velocity, against ComfyUI's own forward of the same MODEL."""
    functions: int = 0
    """Weights that ComfyUI patches with every cast."""
    own_casts: int = 0
    """The least number of layers that only ComfyUI or a loader can cast."""
    seen: tuple[str, ...] = ()
    """What must have happened to the stand-in for a graphics card."""
    known: Known = ALWAYS


# A step of e4m3 is at most an eighth of a number, and patched fp8 weights are rounded at random
# to one of the two neighbours, once and for all: ComfyUI's forward sees the same ones.
ROUNDED = {"lent": 0.125, "trained": 0.1}
ON_DEMAND = {
    "own_casts": 20,
    "seen": ("filled", "kept", "refused", "waits"),
    "known": DYNAMIC,
}
EXACT = {"lent": 0.0, "trained": 0.0}
EXPECTED = {
    "fp32": Expected((FP32,), **EXACT),
    "fp16": Expected(("torch.float16",), **EXACT),
    "bf16": Expected((BF16,), **EXACT),
    "fp8_e4m3fn": Expected((E4M3,), **EXACT),
    "fp8_e5m2": Expected((E5M2,), **EXACT),
    # ComfyUI rounds activations to fp8 (3 bits) here; training leaves them as they are.
    "fp8_e4m3fn_fast": Expected((E4M3,), **EXACT, comfyui=0.15),
    "scaled_fp8": Expected((FP32, E4M3), 0.0),
    # Later versions turn these into e4m3, whose smallest step is 2^-9, of numbers up to 100.
    "scaled_fp8_e5m2": Expected((FP32, "torch.float8_*"), lent=2**-9 / 100),
    "quantized_fp8": Expected((FP32, E4M3), 0.0),
    "quantized_fp8_e5m2": Expected((FP32, E5M2), 0.0, known=quantized("float8_e5m2")),
    # Weights have the 8 bits of bf16, and ComfyUI also computes with them.
    "quantized_fp8_for_bf16": Expected((BF16, FP32, E4M3), 2**-7, 2e-2, 3e-2),
    "nvfp4": Expected((FP32, BYTES), known=quantized("nvfp4")),
    "nvfp4_with_input_scale": Expected((FP32, BYTES), known=quantized("nvfp4", "pre_quant_scale")),
    "mxfp8": Expected((FP32, E4M3), 0.0, known=quantized("mxfp8")),
    # ComfyUI rounds activations to 8 and to 4 bits for these.
    "int8": Expected((FP32, INT8), comfyui=0.03, known=quantized("int8_tensorwise")),
    "int8_rotated": Expected((FP32, INT8), comfyui=0.03, known=quantized("int8_tensorwise")),
    "int4_rotated": Expected((FP32, INT8), comfyui=0.3, known=quantized("convrot_w4a4")),
    "int4_to_int8": Expected((FP32, INT8), comfyui=0.03, known=quantized("asym_w4a8_int8")),
    "patched": Expected((FP32,)),
    "patched_fp8": Expected((E4M3,), **ROUNDED),
    "otherwise_patched": Expected((FP32,), functions=1),
    "streamed_fp8": Expected((E4M3,), functions=3),
    # 0.3.75 rounds the patched weight to fp8 with every cast, later versions do not.
    "streamed_scaled_fp8": Expected((FP32, E4M3), functions=3, **ROUNDED),
    "streamed_otherwise_patched": Expected((FP32,), functions=3),
    "half_streamed": Expected((FP32,), functions=1),
    "buffered_bf16": Expected((BF16,), **EXACT, seen=("waits",)),
    "buffered_scaled_fp8": Expected((FP32, E4M3), functions=3, seen=("waits",), **ROUNDED),
    "dynamic_fp8": Expected((FP32,), **EXACT, **ON_DEMAND),
    # The first use of a patched weight is exact; what is kept of it is rounded as above.
    "dynamic_patched_fp8": Expected((FP32,), comfyui=0.1, **ROUNDED, **ON_DEMAND),
    "dynamic_patched": Expected((FP32,), **ON_DEMAND),
    "dynamic_scaled_fp8": Expected((FP32, E4M3), 0.0, **ON_DEMAND),
    "gguf": Expected((FP32, BYTES), **EXACT, functions=1, own_casts=20),
    "fp32_of_normal_tensors": Expected((FP32,), **EXACT),
}


@pytest.fixture(scope="module")
def kinds(comfyui: Comfyui) -> dict[str, Any]:
    """What the check prints, run once inside ComfyUI."""
    return run_check(comfyui, Path(__file__).with_name("weight_kinds_check.py"))


Find = Callable[[str], Any]


@pytest.fixture
def find(kinds: dict[str, Any], comfyui: Comfyui) -> Find:
    """What was found of a kind; None where this ComfyUI really does not know it."""

    def find_kind(kind: str) -> Any:
        is_known = EXPECTED[kind].known.is_in(comfyui)
        assert (kinds[kind] is not None) == is_known
        return kinds[kind]

    return find_kind


@pytest.mark.parametrize("kind", EXPECTED)
def test_weights_of_a_kind_are_lent_as_the_file_means_them(find: Find, kind: str) -> None:
    found, expected = find(kind), EXPECTED[kind]
    if found is not None:
        assert len(found["stored_as"]) == len(expected.stored_as)
        pairs = zip(found["stored_as"], sorted(expected.stored_as), strict=True)
        assert all(fnmatch(stored, pattern) for stored, pattern in pairs)
        assert found["weight_functions"] == expected.functions
        assert all(found["seen"][what] > 0 for what in expected.seen)
        # One layer's memory after the other is taken and given back.
        assert found["seen"].get("most_pinned", 1) == 1
        assert found["still_pinned"] == 0
        assert found["lent"] <= expected.lent
        assert found["same_shapes"]


@pytest.mark.parametrize("kind", EXPECTED)
def test_velocity_and_gradient_of_a_kind_equal_those_of_the_weights_by_hand(
    find: Find, kind: str
) -> None:
    found = find(kind)
    if found is not None:
        assert found["velocity"] <= EXPECTED[kind].trained
        assert found["gradient"] <= EXPECTED[kind].trained


@pytest.mark.parametrize("kind", EXPECTED)
def test_velocity_of_a_kind_equals_comfyuis_own(find: Find, kind: str) -> None:
    found = find(kind)
    if found is not None:
        assert found["comfyui"] <= EXPECTED[kind].comfyui


@pytest.mark.parametrize("kind", EXPECTED)
def test_stored_tensors_of_a_kind_make_the_weights_that_are_lent(find: Find, kind: str) -> None:
    found = find(kind)
    if found is not None:
        assert found["stored_differ"] == 0
        # Of all other matrices the stored tensors are given.
        assert found["own_casts"] >= EXPECTED[kind].own_casts
        assert found["stored"] == found["matrices"] - found["weight_functions"] - found["own_casts"]


@pytest.mark.parametrize("kind", EXPECTED)
def test_model_of_a_kind_is_left_as_it_was(find: Find, kind: str) -> None:
    found = find(kind)
    if found is not None:
        assert found["unchanged"]
        assert found["got_gradients"] == []
        # After ComfyUI has unloaded it, which takes patches off again.
        assert found["restored"]
        # As loader nodes make them, but for the one that does it otherwise.
        assert found["made_in_inference"] == (kind != "fp32_of_normal_tensors")


def test_every_kind_is_checked(kinds: dict[str, Any]) -> None:
    assert set(kinds) == set(EXPECTED)
