"""A frozen weight as it lies in main memory, and how to make the dense weight of it elsewhere.

A weight source that can say where its weights lie lets somebody else move them: the stored bytes
travel (one byte a number for fp8, not two or four), and the dense weight is made on the device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

Assemble = Callable[[tuple[Tensor, ...], torch.dtype], Tensor]


@dataclass(frozen=True, slots=True)
class StoredWeight:
    """One weight in main memory. Nothing of it is ever written."""

    parts: tuple[Tensor, ...]
    """Plain CPU tensors, contiguous, pinned or not: the numbers in whatever form they are kept
    (bf16, fp8, packed integers) and what belongs to them (scales, zero points, tables)."""
    assemble: Assemble
    """`assemble(parts_on_device, dtype)` makes the dense weight, in its logical shape, of copies
    of `parts` (same order, shapes and dtypes) on any one device.

    It must work on that device alone, without waiting for it, and must not write to the copies.
    The result may be a view of them. It must have the very bits that the source's
    `weight(name, dtype, device)` gives. Called without gradients, on any thread.
    """

    @property
    def nbytes(self) -> int:
        """Bytes that have to be copied, without alignment."""
        return sum(part.nbytes for part in self.parts)


@runtime_checkable
class StoringSource(Protocol):
    """What a `WeightSource` has in addition if its weights can be copied by somebody else."""

    def stored(self, name: str) -> StoredWeight | None:
        """How `name` lies in main memory, or None where it cannot be had so.

        None is the answer for a weight that is on the device already or that only the source
        itself can make (patches to apply, a cast of its own); `weight` is used for those. The
        answer may differ from one call to the next, as weights are loaded and unloaded, but parts
        once given keep their numbers for as long as somebody holds them. Called on the thread that
        asks for weights, about as often as `weight`, and must be cheap: no numbers are read.

        Raises:
            ModelMismatchError: There is no such weight.
        """
        ...


def cast_only(parts: tuple[Tensor, ...], dtype: torch.dtype) -> Tensor:
    """Assemble a weight that is kept as one tensor in its logical shape."""
    return parts[0].to(dtype)


def scaled(parts: tuple[Tensor, ...], dtype: torch.dtype) -> Tensor:
    """Assemble a weight kept as numbers and a scale for them, both brought to `dtype` first."""
    dense = parts[0].to(dtype)
    scale = parts[1].to(dtype)
    # In place where `to` has made a copy: a second dense weight would be the peak of memory.
    return dense * scale if dense is parts[0] else dense.mul_(scale)
