"""The arithmetic limit: a step's floating-point work, each kind at the rate it reaches alone.

What every trainer that repeats no matrix product has to compute: linear forward for all layers, the
gradient of a linear's input from the first adapted layer on, the LoRA, and attention forward and
backward. Element-wise work, copies and the optimizer are not in it, so nothing can reach it.
Letters: N rows (tokens), I input width, O output width, R rank, T tokens, K heads.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from trainer.model.layers.attention_kernels import choose_kernel

from .case import DTYPES, POOLED_WIDTH, RANK, StepCase

HEAD = 128
_SMALL = 2_000_000_000
"""Floating-point operations, some ten milliseconds."""
KINDS = ("linear_forward", "linear_gradient", "lora", "attention_forward", "attention_backward")


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of work at one shape."""

    kind: str
    """One of KINDS."""
    shape: tuple[int, ...]
    """(N, I, O) of a linear and of a LoRA, (T, K) of attention."""
    wants_input: bool = True
    """Of a LoRA: whether its backward pass includes the gradient of its input."""

    @property
    def flops(self) -> int:
        """Floating-point operations, a multiplication and an addition counted as two."""
        if self.kind.startswith("attention"):
            tokens, heads = self.shape
            products = 2 if self.kind == "attention_forward" else 5
            return products * 2 * heads * tokens * tokens * HEAD
        rows, inputs, outputs = self.shape
        if self.kind == "lora":
            # Down, up, the gradient between them, of up, of down, and of the input.
            return 2 * rows * RANK * (3 * outputs + (3 if self.wants_input else 2) * inputs)
        return 2 * rows * inputs * outputs


def count_operations(case: StepCase) -> Counter[Operation]:
    """How often each operation occurs in a step."""
    return Counter(_operations(case))


def _operations(case: StepCase) -> Iterator[Operation]:
    wide, text = case.hidden, case.text_tokens
    for rows, inputs, outputs in _outer_linears(case):
        yield Operation("linear_forward", (rows, inputs, outputs))
    yield Operation("linear_gradient", (case.image_tokens, wide, 64))
    for _ in range(2):
        yield Operation("attention_forward", (text, wide // HEAD))
    joint = case.image_tokens + text
    for index in range(case.double_blocks):
        for rows in (case.image_tokens, text):
            yield Operation("linear_forward", (1, wide, 6 * wide))
            # In front of the first block nothing learns.
            yield from _adapted(rows, wide, 3 * wide, wants_input=index > 0)
            yield from _adapted(rows, wide, wide)
            yield from _adapted(rows, wide, 4 * wide)
            yield from _adapted(rows, 4 * wide, wide)
        yield from _attention(joint, wide // HEAD)
    for _ in range(case.single_blocks):
        yield Operation("linear_forward", (1, wide, 3 * wide))
        yield from _adapted(joint, wide, 7 * wide)
        yield from _adapted(joint, 5 * wide, wide)
        yield from _attention(joint, wide // HEAD)


def _outer_linears(case: StepCase) -> Iterator[tuple[int, int, int]]:
    """(N, I, O) of the layers outside of the blocks."""
    wide, text = case.hidden, case.text_tokens
    patch = 16 * 2 * 2
    yield case.image_tokens, patch, wide
    for inputs in (256, POOLED_WIDTH, 256, 256, case.text_width):
        yield 1, inputs, wide
        yield 1, wide, wide
    yield text, case.text_width, wide
    for _ in range(2):
        yield 1, wide, 2 * wide
        for inputs, outputs in ((1, 3), (1, 1), (1, 4), (4, 1)):
            yield text, inputs * wide, outputs * wide
    yield 1, wide, 2 * wide
    yield case.image_tokens, wide, patch


def _adapted(
    rows: int, inputs: int, outputs: int, *, wants_input: bool = True
) -> Iterator[Operation]:
    yield Operation("linear_forward", (rows, inputs, outputs))
    if wants_input:
        yield Operation("linear_gradient", (rows, inputs, outputs))
    yield Operation("lora", (rows, inputs, outputs), wants_input)


def _attention(tokens: int, heads: int) -> Iterator[Operation]:
    yield Operation("attention_forward", (tokens, heads))
    yield Operation("attention_backward", (tokens, heads))


class ArithmeticLimit:
    """Times every operation of a step alone."""

    def __init__(self, case: StepCase) -> None:
        """Make the operands; one set for all operations of one shape."""
        self._counts = count_operations(case)
        dtype = DTYPES[case.dtype]
        self._runs = {x: _make_run(x, dtype) for x in self._counts}

    def measure(self) -> dict[str, Any]:
        """Seconds of a step ("limit") and, by kind, its seconds and floating-point operations.

        A small operation runs twice and the second run counts, so that it does not pay for waking
        up threads and caches.
        """
        seconds, flops = dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 0)
        for operation, run in self._runs.items():
            if operation.flops < _SMALL:
                run()
            started = time.perf_counter()
            run()
            count = self._counts[operation]
            seconds[operation.kind] += count * (time.perf_counter() - started)
            flops[operation.kind] += count * operation.flops
        return {"limit": sum(seconds.values()), "kinds": seconds, "flops": flops}


def _make_run(operation: Operation, dtype: torch.dtype) -> Callable[[], object]:
    generator = torch.Generator().manual_seed(4)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(dtype)

    if operation.kind.startswith("attention"):
        tokens, heads = operation.shape
        return _attention_run(operation.kind, [normal(1, heads, tokens, HEAD) for _ in range(4)])
    rows, inputs, outputs = operation.shape
    x, grad = normal(rows, inputs), normal(rows, outputs)
    if operation.kind == "lora":
        down, up = normal(RANK, inputs), normal(outputs, RANK)
        return _lora_run(x, grad, down, up, wants_input=operation.wants_input)
    weight, bias = normal(outputs, inputs), normal(outputs)
    if operation.kind == "linear_forward":
        return lambda: F.linear(x, weight, bias)
    return lambda: grad.mm(weight)


def _attention_run(kind: str, operands: list[Tensor]) -> Callable[[], object]:
    query, key, value, grad = operands
    kernel = choose_kernel(query, key, value)  # the fastest at hand: a harder limit than torch's
    if kind == "attention_forward":
        return lambda: kernel.forward(query, key, value)
    output, residue = kernel.forward(query, key, value)
    return lambda: kernel.backward(grad, query, key, value, output, *residue)


def _lora_run(
    x: Tensor, grad: Tensor, down: Tensor, up: Tensor, *, wants_input: bool
) -> Callable[[], object]:
    def run() -> object:
        low = x.mm(down.t())
        results = [low.mm(up.t()), grad.t().mm(low)]
        hidden = grad.mm(up)
        results.append(hidden.t().mm(x))
        if wants_input:
            results.append(hidden.mm(down))
        return results

    return run
