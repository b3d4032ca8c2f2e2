"""Frozen linear layers that keep nothing of the base, with an optional LoRA inside.

Every linear is one autograd function. Forward asks the weight source for the weight, backward
ASKS AGAIN: streamed or dequantized copies never stay alive in the graph. Element-wise work in front
of a linear (modulated norm, GELU) is part of the function and is computed again in backward, so
that only its inputs are stored, which mostly are tensors kept anyway.

Letters: N packed rows, I input width, O output width, R rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.autograd.function import once_differentiable

from .layers.elementwise import EAGER, Kernels
from .weights import WeightSource

if TYPE_CHECKING:
    from .lora import LoraNetwork

Gradients = tuple[Tensor | None, ...]


class Prologue(Protocol):
    """Element-wise work in front of a matrix product, done again in backward.

    It must not change its inputs and must not hold tensors that need a gradient.
    """

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The product's input [N, I], and whatever `backward` can use beside `inputs`."""
        ...

    def backward(
        self,
        grad: Tensor,
        inputs: tuple[Tensor, ...],
        extra: tuple[Tensor, ...],
        wanted: tuple[bool, ...],
    ) -> Gradients:
        """Gradients of `inputs`, None where none is wanted; `grad` [N, I] may be overwritten."""
        ...


@dataclass(frozen=True, slots=True)
class Elementwise:
    """A prologue from any pure function of tensors, differentiated by autograd."""

    function: Callable[..., Tensor]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """`function(*inputs)`."""
        return self.function(*inputs), ()

    def backward(
        self,
        grad: Tensor,
        inputs: tuple[Tensor, ...],
        extra: tuple[Tensor, ...],
        wanted: tuple[bool, ...],
    ) -> Gradients:
        """The function once more, with a graph this time, and back through it."""
        del extra
        leaves = [
            tensor.detach().requires_grad_(is_wanted)
            for tensor, is_wanted in zip(inputs, wanted, strict=True)
        ]
        with torch.enable_grad():
            value = self.function(*leaves)
        targets = [leaf for leaf, is_wanted in zip(leaves, wanted, strict=True) if is_wanted]
        found = iter(torch.autograd.grad(value, targets, grad))
        return tuple(next(found) if is_wanted else None for is_wanted in wanted)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a linear's input columns: tensors, and the prologue that makes columns of them."""

    inputs: tuple[Tensor, ...]
    prologue: Prologue | None = None


@dataclass(frozen=True, slots=True)
class Layers:
    """All that a piece of the forward pass needs to run a named layer."""

    source: WeightSource
    dtype: torch.dtype
    device: torch.device
    lora: LoraNetwork | None = None
    kernels: Kernels = EAGER

    def linear(self, name: str, *inputs: Tensor, prologue: Prologue | None = None) -> Tensor:
        """`inputs`, through the prologue if there is one [..., I], through a layer and its LoRA.

        Args:
            name: Module name, such as "double_blocks.0.img_attn.qkv".
            inputs: One tensor without a prologue, else the prologue's arguments.
            prologue: Element-wise work in front of the layer.

        Returns:
            [..., O].
        """
        return self._apply(name, (Part(inputs, prologue),), ())[0]

    def linear_of_parts(self, name: str, *parts: Part) -> Tensor:
        """One layer over input columns that come from several places, never put side by side."""
        return self._apply(name, parts, ())[0]

    def linear_into(self, name: str, part: Part, widths: tuple[int, ...]) -> tuple[Tensor, ...]:
        """One layer whose output columns are handed out as tensors of these widths."""
        return self._apply(name, (part,), widths)

    def _apply(
        self, name: str, parts: tuple[Part, ...], widths: tuple[int, ...]
    ) -> tuple[Tensor, ...]:
        pair = self.lora.pair(name) if self.lora is not None else None
        down, up, scale = (None, None, 0.0) if pair is None else (pair.down, pair.up, pair.scale)
        shapes = tuple((part.prologue, len(part.inputs)) for part in parts)
        call = _LinearCall(self, name, shapes, widths, scale)
        inputs = (tensor for part in parts for tensor in part.inputs)
        results: tuple[Tensor, ...] = _AdaptedLinear.apply(call, down, up, *inputs)
        return results

    def vector(self, name: str) -> Tensor:
        """A small parameter (norm scale, bias) as a copy that outlives the source's buffer."""
        return self.source.weight(name, self.dtype, self.device).clone()

    def has(self, name: str) -> bool:
        """Whether the source holds `name`."""
        return name in self.source.shapes


@dataclass(frozen=True, slots=True)
class _LinearCall:
    layers: Layers
    name: str
    parts: tuple[tuple[Prologue | None, int], ...]
    """The prologue and the number of tensors of each part of the input."""
    widths: tuple[int, ...]
    """Output widths; empty for one output of the layer's whole width."""
    scale: float

    def split(self, values: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        first = 0
        for _, count in self.parts:
            yield values[first : first + count]
            first += count

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[list[Tensor], list[Any]]:
        """Each part's columns, and what its prologue can use again."""
        columns, extras = [], []
        for (prologue, _), given in zip(self.parts, self.split(inputs), strict=True):
            x, extra = (given[0], ()) if prologue is None else prologue.forward(*given)
            columns.append(x)
            extras.append(extra)
        return columns, extras

    def weight(self) -> Tensor:
        layers = self.layers
        weight = layers.source.weight(f"{self.name}.weight", layers.dtype, layers.device)
        # The patch embedding is stored as a convolution [O, C, pt, ph, pw].
        return weight.flatten(1) if weight.ndim > 2 else weight

    def bias(self) -> Tensor | None:
        """A copy, because asking for the weight may overwrite the source's buffer."""
        name = f"{self.name}.bias"
        return self.layers.vector(name) if self.layers.has(name) else None


class _AdaptedLinear(torch.autograd.Function):
    """y = W p(x) + b + scale * up down p(x), with W frozen and p computed again."""

    @staticmethod
    def forward(
        ctx: Any, call: _LinearCall, down: Tensor | None, up: Tensor | None, *inputs: Tensor
    ) -> tuple[Tensor, ...]:
        columns, _ = call.forward(inputs)
        bias = call.bias()
        weight = call.weight()
        low = None if down is None else _low(columns, down)
        results = []
        for rows in _slices(call.widths or (weight.shape[0],)):
            y = _product(columns, weight[rows], None if bias is None else bias[rows])
            if low is not None and up is not None:
                _add_product(y, low, up[rows].to(y.dtype), call.scale)
            results.append(y)
        ctx.call = call
        ctx.has_lora = down is not None
        ctx.input_shapes = tuple(x.shape for x in columns)
        has_prologue = any(prologue is not None for prologue, _ in call.parts)
        # A plain frozen linear needs nothing but the weight, which is asked for again.
        keep = inputs if ctx.has_lora or has_prologue else ()
        ctx.save_for_backward(down, up, *keep)
        return tuple(results)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        call: _LinearCall = ctx.call
        down, up, *kept = ctx.saved_tensors
        inputs = tuple(kept)
        wanted: tuple[bool, ...] = ctx.needs_input_grad[3:]
        outputs = [grad.reshape(-1, grad.shape[-1]) for grad in grads]
        columns, extras = call.forward(inputs) if inputs else ([], [()] * len(call.parts))
        low = _LowGradients(None, None, None)
        if ctx.has_lora:
            low = _low_gradients(outputs, columns, down, up, call.scale)
        del columns  # what the prologues made is not needed any more
        found: list[Tensor | None] = []
        weight = call.weight() if any(wanted) else None
        places = _slices(tuple(shape[-1] for shape in ctx.input_shapes))
        for number, (here, needs) in enumerate(zip(places, call.split(wanted), strict=True)):
            if weight is None or not any(needs):
                found += [None] * len(needs)
                continue
            grad_x = _back_product(outputs, weight[:, here])
            if low.hidden is not None:
                grad_x.addmm_(low.hidden, down[:, here].to(grad_x.dtype))
            grad_x = grad_x.reshape(ctx.input_shapes[number])
            prologue = call.parts[number][0]
            if prologue is None:
                found.append(grad_x)
            else:
                given = tuple(call.split(inputs))[number]
                found += prologue.backward(grad_x, given, extras[number], needs)
        return (None, low.down, low.up, *found)


class _LowGradients(NamedTuple):
    """Gradients of the LoRA: of what lies between its matrices [N, R], and of both."""

    hidden: Tensor | None
    down: Tensor | None
    up: Tensor | None


def _low_gradients(
    outputs: list[Tensor], columns: list[Tensor], down: Tensor, up: Tensor, scale: float
) -> _LowGradients:
    columns = [x.reshape(-1, x.shape[-1]) for x in columns]
    hidden = _back_product(outputs, up.to(outputs[0].dtype)).mul_(scale)
    low = _low(columns, down).mul_(scale)
    grad_up = _joined([grad.t().mm(low) for grad in outputs], 0)
    grad_down = _joined([hidden.t().mm(x) for x in columns], 1)
    return _LowGradients(hidden, grad_down.to(down.dtype), grad_up.to(up.dtype))


def _product(columns: list[Tensor], weight: Tensor, bias: Tensor | None) -> Tensor:
    """x W^T + b, where x [..., I] comes as groups of columns."""
    y: Tensor | None = None
    for x, here in zip(columns, _slices(tuple(x.shape[-1] for x in columns)), strict=True):
        if y is None:
            y = F.linear(x, weight[:, here], bias)
        else:
            _add_product(y, x, weight[:, here])
    assert y is not None  # every linear has at least one part
    return y


def _back_product(outputs: list[Tensor], weight: Tensor) -> Tensor:
    """g W, where g [N, O] comes as groups of columns."""
    total: Tensor | None = None
    for grad, rows in zip(outputs, _slices(tuple(g.shape[-1] for g in outputs)), strict=True):
        total = grad.mm(weight[rows]) if total is None else total.addmm_(grad, weight[rows])
    assert total is not None  # every linear has at least one output
    return total


def _low(columns: list[Tensor], down: Tensor) -> Tensor:
    """What the LoRA's first matrix makes of the input [N, R]."""
    return _product(columns, down.to(columns[0].dtype), None)


def _add_product(y: Tensor, x: Tensor, weight: Tensor, scale: float = 1.0) -> None:
    """Add scale * x W^T to `y` in place."""
    y.view(-1, y.shape[-1]).addmm_(x.reshape(-1, x.shape[-1]), weight.t(), alpha=scale)


def _slices(widths: tuple[int, ...]) -> list[slice]:
    ends = list(accumulate(widths))
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]


def _joined(parts: list[Tensor], dim: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=dim)
