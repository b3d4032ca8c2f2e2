"""Memory of a LoRA's parameters, gradients and optimizer state, from sizes alone.

Here and not beside the optimizers, because the memory plan of the model part asks for it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .setting_groups import LoraSettings, OptimizerSettings

PIECE_ELEMENTS = 1 << 22
"""Elements that an AdamW with bf16 parameters or state has in float32 at a time (16 MiB a tensor);
a larger parameter is a piece of its own."""
_BYTES = {"fp32": 4, "bf16": 2}
_SCALAR = 4


@dataclass(frozen=True, slots=True)
class Matrix:
    """One trained parameter."""

    elements: int
    starts_at_zero: bool
    """Whether all of it is zero at first, as LoRA's up matrices are: Prodigy keeps one number as
    the starting point of such a parameter."""


@dataclass(frozen=True, slots=True)
class OptimizerMemory:
    """Bytes of tensors."""

    parameters: int
    gradients: int
    """From the first backward pass of a step until the next step begins."""
    state: int
    """From the first step on."""
    widened: int
    """What a step takes beside these while it runs, for bf16 in its float32 form. Then, the
    activations of the step are gone. Temporary tensors of torch's own arithmetic are not counted.
    """

    def bytes_per_parameter(self, elements: int) -> float:
        """Parameters, gradients and state together, for each of so many elements."""
        return (self.parameters + self.gradients + self.state) / elements


def lora_matrices(widths: Iterable[tuple[int, int]], rank: int) -> list[Matrix]:
    """The two matrices of each adapted layer.

    Args:
        widths: Input and output width of each layer.
        rank: Inner size of the LoRA.
    """
    return [
        matrix
        for inputs, outputs in widths
        for matrix in (Matrix(rank * inputs, False), Matrix(rank * outputs, True))
    ]


def optimizer_memory(
    lora: LoraSettings, optimizer: OptimizerSettings, matrices: Sequence[Matrix]
) -> OptimizerMemory:
    """Count the tensors of a run.

    Source: the state of torch.optim.AdamW (two moments, a step) and of prodigyopt 1.1's Prodigy
    (two moments, or one where beta1 is 0; every slice_p-th element of s and of the start).
    """
    own, kept = _BYTES[lora.dtype], _BYTES[optimizer.state_dtype]
    elements = sum(matrix.elements for matrix in matrices)
    widening = (4 - own) + (4 if own < 4 else 0)
    if optimizer.name == "adamw":
        state = 2 * kept * elements + _SCALAR * len(matrices)
        sizes = [matrix.elements for matrix in matrices]
        largest = max((sum(sizes[piece]) for piece in split_pieces(sizes)), default=0)
        return OptimizerMemory(
            own * elements, own * elements, state, (widening + 2 * (4 - kept)) * largest
        )
    moments = 2 if optimizer.beta1 > 0 else 1
    state = moments * kept * elements
    widened = (widening + moments * (4 - kept)) * elements
    for matrix in matrices:
        sliced = -(-matrix.elements // optimizer.slice_p)
        state += kept * sliced + (_SCALAR if matrix.starts_at_zero else own * sliced)
        widened += (4 - kept) * sliced + (0 if matrix.starts_at_zero else (4 - own) * sliced)
    return OptimizerMemory(own * elements, own * elements, state, widened)


def split_pieces(sizes: Sequence[int]) -> list[slice]:
    """Neighbouring parameters that are stepped together: at most PIECE_ELEMENTS, at least one."""
    pieces: list[slice] = []
    first = total = 0
    for index, size in enumerate(sizes):
        if index > first and total + size > PIECE_ELEMENTS:
            pieces.append(slice(first, index))
            first, total = index, 0
        total += size
    return [*pieces, slice(first, len(sizes))] if sizes else []
