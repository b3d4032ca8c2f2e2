"""Frozen linear layers that keep nothing of the base, with an optional LoRA inside.

Every linear is one autograd function. Forward asks the weight source for the weight, backward
ASKS AGAIN: streamed or dequantized copies never stay alive in the graph. Elementwise work in front
of a linear (modulated norm, GELU) is part of the function and is computed again in backward, so
that only its inputs are stored, which mostly are tensors kept anyway.

Letters: B batch, L tokens, I input width, O output width, R rank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.autograd.function import once_differentiable

from .weights import WeightSource

if TYPE_CHECKING:
    from .lora import LoraNetwork

Prologue = Callable[..., Tensor]


@dataclass(frozen=True, slots=True)
class Layers:
    """All that a piece of the forward pass needs to run a named layer."""

    source: WeightSource
    dtype: torch.dtype
    device: torch.device
    lora: LoraNetwork | None = None

    def linear(self, name: str, *inputs: Tensor, prologue: Prologue | None = None) -> Tensor:
        """`prologue(*inputs)` [..., I] through the layer `name` and its LoRA -> [..., O].

        Args:
            name: Module name, such as "double_blocks.0.img_attn.qkv".
            inputs: One tensor without a prologue, else the prologue's arguments.
            prologue: Elementwise function of `inputs`, computed again in backward; it must not
                change its inputs and must not close over tensors that need a gradient.
        """
        pair = self.lora.pair(name) if self.lora is not None else None
        down, up, scale = (None, None, 0.0) if pair is None else (pair.down, pair.up, pair.scale)
        call = _LinearCall(self, name, prologue, scale)
        result: Tensor = _AdaptedLinear.apply(call, down, up, *inputs)
        return result

    def vector(self, name: str) -> Tensor:
        """A small parameter (norm scale, bias) as a copy that outlives the source's buffer."""
        return self.source.weight(name, self.dtype, self.device).clone()

    def has(self, name: str) -> bool:
        """Whether the source holds `name`."""
        return name in self.source.shapes


def frozen_linear(source: WeightSource, name: str, x: Tensor) -> Tensor:
    """`x` [..., I] through the frozen layer `name` -> [..., O], in x's dtype on x's device.

    Gradients flow to `x` only; neither the weight nor the bias stays in the graph.
    """
    return Layers(source, x.dtype, x.device).linear(name, x)


def recomputed(function: Callable[..., Any], *inputs: Tensor) -> Any:
    """`function(*inputs)`, storing only `inputs` and computing it once more in backward.

    Args:
        function: Pure function of tensors giving one tensor or a tuple of tensors, none of them an
            input; it must not close over tensors that need a gradient.
        inputs: Its tensor arguments.
    """
    return _Recomputed.apply(function, *inputs)


@dataclass(frozen=True, slots=True)
class _LinearCall:
    layers: Layers
    name: str
    prologue: Prologue | None
    scale: float

    def prepare(self, inputs: tuple[Tensor, ...]) -> Tensor:
        return inputs[0] if self.prologue is None else self.prologue(*inputs)

    def base(self, x: Tensor) -> Tensor:
        layers = self.layers
        bias_name = f"{self.name}.bias"
        # The bias is copied because asking for the weight may overwrite the source's buffer.
        bias = layers.vector(bias_name) if layers.has(bias_name) else None
        return F.linear(x, self.weight(), bias)

    def weight(self) -> Tensor:
        layers = self.layers
        weight = layers.source.weight(f"{self.name}.weight", layers.dtype, layers.device)
        # The patch embedding is stored as a convolution [O, C, pt, ph, pw].
        return weight.flatten(1) if weight.ndim > 2 else weight


class _AdaptedLinear(torch.autograd.Function):
    """y = W p(x) + b + scale * up down p(x), with W frozen and p recomputed."""

    @staticmethod
    def forward(
        ctx: Any, call: _LinearCall, down: Tensor | None, up: Tensor | None, *inputs: Tensor
    ) -> Tensor:
        x = call.prepare(inputs)
        y = call.base(x)
        if down is not None and up is not None:
            y.add_(F.linear(F.linear(x, down.to(x.dtype)), up.to(x.dtype)), alpha=call.scale)
        ctx.call = call
        ctx.has_lora = down is not None
        ctx.input_shape = x.shape
        # A plain frozen linear needs nothing but the weight, which is asked for again.
        keep = inputs if ctx.has_lora or call.prologue is not None else ()
        ctx.save_for_backward(down, up, *keep)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:
        call: _LinearCall = ctx.call
        # Under activation checkpointing this line recomputes the block and asks the source for
        # other weights, so it has to come before this layer's weight is asked for.
        down, up, *kept = ctx.saved_tensors
        wanted = ctx.needs_input_grad[3:]
        x, leaves = _replay(call, kept, wanted)
        grad_rows = grad.reshape(-1, grad.shape[-1])
        grad_x: Tensor | None = None
        if any(wanted):
            grad_x = grad_rows.mm(call.weight())
        grad_down = grad_up = None
        if ctx.has_lora:
            rows = x.detach().reshape(-1, x.shape[-1])
            grad_low = grad_rows.mm(up.to(grad.dtype)).mul_(call.scale)
            grad_down = grad_low.t().mm(rows).to(down.dtype)
            hidden = rows.mm(down.to(rows.dtype).t()).mul_(call.scale)
            grad_up = grad_rows.t().mm(hidden).to(up.dtype)
            if grad_x is not None:
                grad_x.addmm_(grad_low, down.to(grad.dtype))
        if grad_x is None:
            return (None, grad_down, grad_up, *(None for _ in wanted))
        grad_x = grad_x.reshape(ctx.input_shape)
        grads = (grad_x,) if call.prologue is None else _pull_back((x,), leaves, (grad_x,), wanted)
        return (None, grad_down, grad_up, *grads)


class _Recomputed(torch.autograd.Function):
    """A function whose inputs are stored and whose intermediate results are not."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], *inputs: Tensor) -> Any:
        ctx.function = function
        ctx.save_for_backward(*inputs)
        return function(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        wanted = ctx.needs_input_grad[1:]
        leaves = _as_leaves(ctx.saved_tensors, wanted)
        with torch.enable_grad():
            outputs = ctx.function(*leaves)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        return (None, *_pull_back(outputs, leaves, grads, wanted))


def _replay(
    call: _LinearCall, kept: list[Tensor], wanted: tuple[bool, ...]
) -> tuple[Tensor, list[Tensor]]:
    """The linear's input once more, with a graph back to the inputs whose gradient is wanted."""
    if not kept:
        return torch.empty(0), []
    leaves = _as_leaves(kept, wanted)
    with torch.enable_grad():
        return call.prepare(tuple(leaves)), leaves


def _as_leaves(tensors: Any, wanted: tuple[bool, ...]) -> list[Tensor]:
    return [
        tensor.detach().requires_grad_(is_wanted)
        for tensor, is_wanted in zip(tensors, wanted, strict=True)
    ]


def _pull_back(
    outputs: tuple[Tensor, ...],
    leaves: list[Tensor],
    grads: tuple[Tensor, ...],
    wanted: tuple[bool, ...],
) -> tuple[Tensor | None, ...]:
    """Gradients of `leaves`, in order, None where none is wanted."""
    targets = [leaf for leaf, is_wanted in zip(leaves, wanted, strict=True) if is_wanted]
    found = iter(torch.autograd.grad(outputs, targets, grads))
    return tuple(next(found) if is_wanted else None for is_wanted in wanted)
