"""Layers in the quantized formats of ComfyUI's own files, with their dense weights by hand.

Nothing here imports ComfyUI: the numbers follow from the published formats alone. Scales of a
block are equal all over a layer, because the order in which they are stored is the kernels' affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

E4M3 = torch.float8_e4m3fn
# Decoded by the lowest three bits; the fourth is the sign. Source: OCP Microscaling Formats, E2M1.
FOUR_BITS = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
# A regular Hadamard matrix of size 4; Kronecker products of it are again its own inverses.
# Source: ConvRot (group-wise rotation by regular Hadamard matrices), section on the construction.
HADAMARD_4 = torch.tensor([[1, 1, 1, -1], [1, 1, -1, 1], [1, -1, 1, 1], [-1, 1, 1, 1]]) / 2
ROTATED_COLUMNS = 64


@dataclass(frozen=True)
class Layer:
    """One linear layer as a file holds it."""

    stored: dict[str, torch.Tensor]
    """By the last part of the name: "weight" and its scales."""
    dense: torch.Tensor
    """[O, I] float32."""
    options: dict[str, Any] = field(default_factory=dict)
    """What the file says about the layer beside the format's name."""


Make = Callable[[torch.Tensor, torch.Generator], Layer]


def nvfp4(like: torch.Tensor, generator: torch.Generator) -> Layer:
    """Two numbers of 4 bits in a byte, one scale for 16 of them and one for the layer."""
    rows, columns = like.shape
    codes = torch.randint(16, (rows, columns), generator=generator)
    values = FOUR_BITS[codes % 8] * torch.where(codes < 8, 1.0, -1.0)
    return Layer(
        {
            "weight": (codes[:, ::2] * 16 + codes[:, 1::2]).to(torch.uint8),
            "weight_scale": torch.full((rows, columns // 16), 0.5).to(E4M3),
            "weight_scale_2": torch.tensor(0.0625),
        },
        values * 0.5 * 0.0625,
    )


def nvfp4_with_input_scale(like: torch.Tensor, generator: torch.Generator) -> Layer:
    """The same, with a number for each column that multiplies the layer's input."""
    plain = nvfp4(like, generator)
    inputs = 0.5 + torch.rand(like.shape[1], generator=generator)
    return Layer(plain.stored | {"pre_quant_scale": inputs}, plain.dense * inputs)


def mxfp8(like: torch.Tensor, generator: torch.Generator) -> Layer:
    """fp8 numbers, and for 32 of them a scale that is a power of two.

    Source: OCP Microscaling Formats, E8M0: a byte e stands for 2^(e - 127).
    """
    del generator
    rows, columns = like.shape
    values = (like / like.abs().max() * 100).to(E4M3)
    exponents = torch.full((rows, columns // 32), 127 - 9, dtype=torch.uint8)
    return Layer({"weight": values, "weight_scale": exponents}, values.float() * 2.0**-9)


def int8(like: torch.Tensor, generator: torch.Generator) -> Layer:
    """Whole numbers of 8 bits and one scale for the layer."""
    del generator
    scale = like.abs().max() / 127
    codes = (like / scale).round().to(torch.int8)
    return Layer({"weight": codes, "weight_scale": scale}, codes.float() * scale)


def int8_rotated(like: torch.Tensor, generator: torch.Generator) -> Layer:
    """Whole numbers of 8 bits, a scale for each row, and groups of columns that were rotated."""
    del generator
    rotated = rotate(like)
    scale = rotated.abs().amax(dim=1, keepdim=True) / 127
    codes = (rotated / scale).round().to(torch.int8)
    return Layer(
        {"weight": codes, "weight_scale": scale},
        rotate(codes.float() * scale),
        {"convrot": True, "convrot_groupsize": ROTATED_COLUMNS},
    )


def int4_rotated(like: torch.Tensor, generator: torch.Generator) -> Layer:
    """Two whole numbers of 4 bits in a byte, the even column in the low half; rotated groups."""
    del generator
    rotated = rotate(like)
    scale = rotated.abs().amax(dim=1, keepdim=True) / 7
    codes = (rotated / scale).round().to(torch.int8)
    packed = (codes[:, ::2] & 15) | (codes[:, 1::2] << 4)
    return Layer(
        {"weight": packed, "weight_scale": scale.flatten()},
        rotate(codes.float() * scale),
        {"convrot_groupsize": ROTATED_COLUMNS},
    )


def int4_to_int8(like: torch.Tensor, generator: torch.Generator) -> Layer:
    """4-bit places in a table; table times a group's scale is rounded to 8 bits; rotated groups."""
    rows, columns = like.shape
    table = torch.tensor([-15.5, -11, -8, -6, -4.5, -3, -2, -1, 0, 1, 2, 3.5, 5, 7, 10, 15])
    codes = torch.randint(16, (rows, columns), generator=generator)
    groups = torch.tensor([2.0, 4.0, 7.0]).repeat(rows * columns)[: rows * columns // 16]
    groups = groups.view(rows, columns // 16)
    whole = (table[codes].view(rows, -1, 16) * groups[..., None]).round().flatten(1)
    channels = (0.5 + torch.rand(rows, generator=generator)) / (40 * columns**0.5)
    return Layer(
        {
            "weight": (codes[:, ::2] | (codes[:, 1::2] << 4)).to(torch.uint8).view(torch.int8),
            "weight_s_rel": groups.to(E4M3),
            "weight_s_channel": channels,
            "weight_codebook": table,
        },
        rotate(whole * channels[:, None]),
        {"convrot_groupsize": ROTATED_COLUMNS, "group_size": 16},
    )


def rotate(weight: torch.Tensor) -> torch.Tensor:
    """Each group of columns times the Hadamard matrix; twice gives the weight again."""
    matrix = torch.ones(1, 1)
    while len(matrix) < ROTATED_COLUMNS:
        matrix = torch.kron(matrix, HADAMARD_4)
    rows, columns = weight.shape
    return (weight.reshape(rows, columns // ROTATED_COLUMNS, -1) @ matrix).reshape(rows, columns)


def fp8(dtype: torch.dtype) -> Make:
    """8-bit floating point with one scale for the layer."""

    def make(like: torch.Tensor, generator: torch.Generator) -> Layer:
        del generator
        # Room up to 448 for what a patch adds; beyond it 0.3.75 cuts patched weights off.
        scale = like.abs().max() / 100
        values = (like / scale).to(dtype)
        return Layer({"weight": values, "weight_scale": scale}, values.float() * scale)

    return make


@dataclass(frozen=True)
class Format:
    """A format by ComfyUI's name for it."""

    name: str
    make: Make
    needs: str = ""
    """A parameter of the format that only some versions read."""


FORMATS = {
    "quantized_fp8": Format("float8_e4m3fn", fp8(E4M3)),
    "quantized_fp8_e5m2": Format("float8_e5m2", fp8(torch.float8_e5m2)),
    "nvfp4": Format("nvfp4", nvfp4),
    "nvfp4_with_input_scale": Format("nvfp4", nvfp4_with_input_scale, "pre_quant_scale"),
    "mxfp8": Format("mxfp8", mxfp8),
    "int8": Format("int8_tensorwise", int8),
    "int8_rotated": Format("int8_tensorwise", int8_rotated),
    "int4_rotated": Format("convrot_w4a4", int4_rotated),
    "int4_to_int8": Format("asym_w4a8_int8", int4_to_int8),
}
