"""The transformer blocks: two streams (image and text), then one stream over both.

Kept for backward, in hidden widths D of packed rows: double block 10 for each stream (its input,
qkv 3, attention 1, the stream between attention and MLP 1, MLP hidden 4), single block 9 (its
input, qkv 3, MLP hidden 4, attention 1). Everything element-wise is computed again.
Letters: N packed rows, S samples, D hidden width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import silu

from ..linear import Elementwise, Gradients, Layers, Part
from .attention import Stream, attend
from .elementwise import Kernels
from .packing import Segments


@dataclass(frozen=True, slots=True)
class Modulation:
    """Shift, scale and gate [S, D] of one branch."""

    shift: Tensor
    scale: Tensor
    gate: Tensor


@dataclass(frozen=True, slots=True)
class BlockContext:
    """What every block of one forward pass shares."""

    layers: Layers
    image: Segments
    text: Segments
    joint: Segments
    """Image and text rows of each sample."""
    image_turns: tuple[Tensor, ...]
    joint_turns: tuple[Tensor, ...]
    mlp_size: int
    chunks: int = 1
    """Groups of attention heads, see ActivationPolicy."""


@dataclass(frozen=True, slots=True)
class ModulatedNorm:
    """The prologue of a modulated norm; its inputs are x [N, D], shift and scale [S, D]."""

    segments: Segments
    kernels: Kernels

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The modulated rows, and the mean and inverse deviation of each row."""
        x, shift, scale = inputs
        made = [
            self.kernels.modulated_norm(x[rows], shift[i : i + 1], scale[i : i + 1])
            for i, rows in enumerate(self.segments.rows)
        ]
        value, mean, rstd = made[0] if len(made) == 1 else map(torch.cat, zip(*made, strict=True))
        return value, (mean, rstd)

    def backward(
        self,
        grad: Tensor,
        inputs: tuple[Tensor, ...],
        extra: tuple[Tensor, ...],
        wanted: tuple[bool, ...],
    ) -> Gradients:
        """Gradients of x, shift and scale; those of the latter only for a LoRA behind them."""
        (x, _, scale), (mean, rstd) = inputs, extra
        grad_shift = self.segments.sum(grad) if wanted[1] else None
        grad_scale = None
        if wanted[2]:
            grad_scale = self.segments.sum(grad * ((x - mean) * rstd).to(grad.dtype))
        grad_x = None
        if wanted[0]:
            parts = [
                self.kernels.modulated_norm_backward(
                    grad[rows], x[rows], scale[i : i + 1], mean[rows], rstd[rows]
                )
                for i, rows in enumerate(self.segments.rows)
            ]
            grad_x = parts[0] if len(parts) == 1 else torch.cat(parts)
        return grad_x, grad_shift, grad_scale


@dataclass(frozen=True, slots=True)
class Gelu:
    """The prologue of the second MLP layer."""

    kernels: Kernels

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """GELU of one tensor."""
        return self.kernels.gelu(inputs[0]), ()

    def backward(
        self,
        grad: Tensor,
        inputs: tuple[Tensor, ...],
        extra: tuple[Tensor, ...],
        wanted: tuple[bool, ...],
    ) -> Gradients:
        """Gradient of that tensor."""
        del extra, wanted  # a prologue is only asked where its one gradient is wanted
        return (self.kernels.gelu_backward(grad, inputs[0]),)


class _GatedAdd(torch.autograd.Function):
    """x + y gate, keeping the gate [S, D] and, only where the gate learns, y."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, gate: Tensor, segments: Segments) -> Tensor:
        ctx.segments = segments
        ctx.save_for_backward(gate, y if ctx.needs_input_grad[2] else None)
        return torch.addcmul(x, y, segments.spread(gate))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        gate, y = ctx.saved_tensors
        needs_x, needs_y, needs_gate, _ = ctx.needs_input_grad
        return (
            grad if needs_x else None,
            grad * ctx.segments.spread(gate) if needs_y else None,
            ctx.segments.sum(grad * y) if needs_gate else None,
            None,
        )


def gated_add(x: Tensor, y: Tensor, gate: Tensor, segments: Segments) -> Tensor:
    """x + y gate for packed rows [N, D] and a gate for each sample [S, D]."""
    result: Tensor = _GatedAdd.apply(x, y, gate, segments)
    return result


def compute_modulation(layers: Layers, name: str, vector: Tensor) -> tuple[Tensor, ...]:
    """Shift, scale and gate [S, D] of the layer `name`: three, or six in a double block.

    Computed outside of the blocks, once a step: a block that runs again does not ask for these
    weights again.
    """
    parts = layers.linear(name, vector, prologue=Elementwise(silu))
    return parts.chunk(parts.shape[-1] // vector.shape[-1], dim=-1)


@dataclass(frozen=True, slots=True)
class _DoubleStream:
    """One of the two streams of a double block."""

    layers: Layers
    name: str
    segments: Segments
    attention: Modulation
    mlp: Modulation

    def norm_into(self, layer: str, x: Tensor, branch: Modulation) -> Tensor:
        prologue = ModulatedNorm(self.segments, self.layers.kernels)
        return self.layers.linear(
            f"{self.name}_{layer}", x, branch.shift, branch.scale, prologue=prologue
        )

    def attending(self, turns: tuple[Tensor | None, ...]) -> Stream:
        return Stream(self.segments, f"{self.name}_attn.norm", turns)

    def finish(self, x: Tensor, gathered: Tensor) -> Tensor:
        """Add the attention's and then the MLP's result, gated, never in place."""
        projected = self.layers.linear(f"{self.name}_attn.proj", gathered)
        x = gated_add(x, projected, self.attention.gate, self.segments)
        del projected
        hidden = self.norm_into("mlp.0", x, self.mlp)
        narrow = self.layers.linear(
            f"{self.name}_mlp.2", hidden, prologue=Gelu(self.layers.kernels)
        )
        return gated_add(x, narrow, self.mlp.gate, self.segments)


@dataclass(frozen=True, slots=True)
class DoubleBlock:
    """Image and text streams with their own weights, attending together."""

    context: BlockContext
    name: str

    def modulation(self, vector: Tensor) -> tuple[Tensor, ...]:
        """Twelve tensors [S, D]: shift, scale and gate of both branches of image, then text."""
        layers = self.context.layers
        return (
            *compute_modulation(layers, f"{self.name}.img_mod.lin", vector),
            *compute_modulation(layers, f"{self.name}.txt_mod.lin", vector),
        )

    def run(self, image: Tensor, text: Tensor, *modulation: Tensor) -> tuple[Tensor, Tensor]:
        """Image and text rows [N, D] after the block."""
        context, layers = self.context, self.context.layers
        branches = [Modulation(*modulation[i : i + 3]) for i in range(0, len(modulation), 3)]
        image_stream = _DoubleStream(layers, f"{self.name}.img", context.image, *branches[:2])
        text_stream = _DoubleStream(layers, f"{self.name}.txt", context.text, *branches[2:])
        fused = (
            image_stream.norm_into("attn.qkv", image, image_stream.attention),
            text_stream.norm_into("attn.qkv", text, text_stream.attention),
        )
        streams = (
            image_stream.attending(context.image_turns),
            text_stream.attending((None,) * len(context.text)),
        )
        image_part, text_part = attend(layers, streams, fused, context.chunks)
        return image_stream.finish(image, image_part), text_stream.finish(text, text_part)


@dataclass(frozen=True, slots=True)
class SingleBlock:
    """One stream of image then text tokens; attention and MLP run side by side."""

    context: BlockContext
    name: str

    def modulation(self, vector: Tensor) -> tuple[Tensor, ...]:
        """Shift, scale and gate [S, D]."""
        return compute_modulation(self.context.layers, f"{self.name}.modulation.lin", vector)

    def run(self, tokens: Tensor, *modulation: Tensor) -> Tensor:
        """Rows [N, D] after the block."""
        context, layers = self.context, self.context.layers
        branch, width = Modulation(*modulation), tokens.shape[-1]
        normed = Part(
            (tokens, branch.shift, branch.scale), ModulatedNorm(context.joint, layers.kernels)
        )
        fused, hidden = layers.linear_into(
            f"{self.name}.linear1", normed, (3 * width, context.mlp_size)
        )
        stream = Stream(context.joint, f"{self.name}.norm", context.joint_turns)
        (gathered,) = attend(layers, (stream,), (fused,), context.chunks)
        narrow = layers.linear_of_parts(
            f"{self.name}.linear2", Part((gathered,)), Part((hidden,), Gelu(layers.kernels))
        )
        return gated_add(tokens, narrow, branch.gate, context.joint)
