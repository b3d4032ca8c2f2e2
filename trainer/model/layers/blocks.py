"""The transformer blocks: two streams (image and text), then one stream over both.

Stored for backward, in hidden widths per token: double block 13 (stream 2, qkv 3, joined query,
key and value 3, attention 1, MLP hidden 4), single block 11 (stream 1, fused linear 7, query and
key 2, attention 1). Norms, modulation, rotary turns and GELU are computed again.
Letters: B batch, L tokens, D hidden width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ..linear import Layers
from .attention import NORM_EPS, HeadNorm, attend_one_stream, attend_two_streams
from .rope import RotaryTable


@dataclass(frozen=True, slots=True)
class Modulation:
    """Shift, scale and gate [B, 1, D] of one branch."""

    shift: Tensor
    scale: Tensor
    gate: Tensor


@dataclass(frozen=True, slots=True)
class BlockContext:
    """What every block of one forward pass shares."""

    layers: Layers
    image_rotary: RotaryTable
    joint_rotary: RotaryTable
    key_mask: Tensor | None
    """bool [B, L] over image then text tokens, None where all are real."""


def modulated_norm(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Layer norm without learned weights, times (1 + scale), plus shift."""
    normed = F.layer_norm(x, (x.shape[-1],), None, None, NORM_EPS)
    return torch.addcmul(shift, normed, 1 + scale)


def compute_modulation(layers: Layers, name: str, vector: Tensor) -> tuple[Modulation, ...]:
    """The branches of the modulation layer `name` for the vector [B, D]: two in a double block.

    Kept apart from the blocks so that it runs once a step, checkpointed or not.
    """
    parts = layers.linear(name, vector, prologue=F.silu)[:, None, :]
    thirds = parts.chunk(parts.shape[-1] // vector.shape[-1], dim=-1)
    return tuple(Modulation(*thirds[i : i + 3]) for i in range(0, len(thirds), 3))


@dataclass(frozen=True, slots=True)
class _Stream:
    """One of the two streams of a double block."""

    layers: Layers
    name: str
    branches: tuple[Modulation, ...]

    def fused(self, x: Tensor) -> Tensor:
        branch = self.branches[0]
        return self.layers.linear(
            f"{self.name}_attn.qkv", x, branch.shift, branch.scale, prologue=modulated_norm
        )

    def norm(self, rotary: RotaryTable | None) -> HeadNorm:
        return HeadNorm(self.layers, f"{self.name}_attn.norm", rotary)

    def finish(self, x: Tensor, gathered: Tensor) -> Tensor:
        """Add the attention's and then the MLP's result, gated, never in place."""
        attention, mlp = self.branches
        projected = self.layers.linear(f"{self.name}_attn.proj", gathered)
        x = torch.addcmul(x, projected, attention.gate)
        hidden = self.layers.linear(
            f"{self.name}_mlp.0", x, mlp.shift, mlp.scale, prologue=modulated_norm
        )
        return torch.addcmul(
            x, self.layers.linear(f"{self.name}_mlp.2", hidden, prologue=_gelu), mlp.gate
        )


@dataclass(frozen=True, slots=True)
class DoubleBlock:
    """Image and text streams with their own weights, attending together."""

    context: BlockContext
    name: str
    image_branches: tuple[Modulation, ...]
    text_branches: tuple[Modulation, ...]

    def run(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Image [B, Li, D] and text [B, Lt, D] tokens after the block."""
        layers = self.context.layers
        image_stream = _Stream(layers, f"{self.name}.img", self.image_branches)
        text_stream = _Stream(layers, f"{self.name}.txt", self.text_branches)
        image_part, text_part = attend_two_streams(
            (image_stream.fused(image), image_stream.norm(self.context.image_rotary)),
            (text_stream.fused(text), text_stream.norm(None)),
            self.context.key_mask,
        )
        return image_stream.finish(image, image_part), text_stream.finish(text, text_part)


@dataclass(frozen=True, slots=True)
class SingleBlock:
    """One stream of image then text tokens; attention and MLP run side by side."""

    context: BlockContext
    name: str
    branch: Modulation

    def run(self, tokens: Tensor) -> Tensor:
        """Tokens [B, L, D] after the block."""
        layers, branch, width = self.context.layers, self.branch, tokens.shape[-1]
        wide = layers.linear(
            f"{self.name}.linear1", tokens, branch.shift, branch.scale, prologue=modulated_norm
        )
        fused, hidden = wide.split_with_sizes((3 * width, wide.shape[-1] - 3 * width), dim=-1)
        norm = HeadNorm(layers, f"{self.name}.norm", self.context.joint_rotary)
        gathered = attend_one_stream(fused, norm, self.context.key_mask)
        narrow = layers.linear(f"{self.name}.linear2", gathered, hidden, prologue=_join_gelu)
        return torch.addcmul(tokens, narrow, branch.gate)


def _gelu(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


def _join_gelu(gathered: Tensor, hidden: Tensor) -> Tensor:
    return torch.cat((gathered, _gelu(hidden)), dim=-1)
