"""Bytes alive and floating-point work of real code, followed operation by operation.

Under torch's FakeTensorMode the code runs on shapes alone: nothing is computed and nothing is
allocated, whatever the sizes. Memory that an operation takes and gives back within itself is not
seen; the operations used here take little of it.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

_aten: Any = torch.ops.aten


@dataclass(slots=True)
class Stretch:
    """What happened between entering one named part of the code and the next."""

    name: str
    live_before: int
    """Bytes alive when it was entered."""
    peak: int
    """Most bytes alive at once within it."""
    linear_flop: int = 0
    """Floating-point operations of matrix products; a multiplication and an addition are two."""
    attention_flop: int = 0
    """Floating-point operations of attention."""

    @property
    def extra(self) -> int:
        """Bytes by which the peak is above what was alive on entering."""
        return self.peak - self.live_before


class Tracer(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows every tensor that is made while it is entered; each storage counts once."""

    def __init__(self, known: Iterable[Tensor]) -> None:
        """Begin at zero bytes.

        Args:
            known: Tensors that exist already; they and their views do not count.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self._sizes: dict[int, int] = {}
        self._watched: dict[int, weakref.ref[Any]] = {}
        self._live = 0
        self.stretches = [Stretch("", 0, 0)]
        self._kept = [tensor.untyped_storage() for tensor in known]
        for storage in self._kept:
            self._sizes[storage._cdata] = 0

    def enter(self, name: str) -> None:
        """The code comes to the part `name`; entering it again right away changes nothing."""
        if self.stretches[-1].name != name:
            self.stretches.append(Stretch(name, self._live, self._live))

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one operation and note what it made."""
        made = func(*args, **(kwargs or {}))
        self._count(func, args)
        for value in tree_iter(made):
            if isinstance(value, Tensor):
                self._watch(value)
        return made

    def _watch(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._sizes:
            return
        self._sizes[key] = size
        self._live += size
        self.stretches[-1].peak = max(self.stretches[-1].peak, self._live)

        def gone(_: Any) -> None:
            self._live -= self._sizes.pop(key)
            del self._watched[key]

        self._watched[key] = weakref.ref(storage, gone)

    def _count(self, func: Any, args: tuple[Any, ...]) -> None:
        packet, here = func.overloadpacket, self.stretches[-1]
        if packet in (_aten.mm, _aten.bmm):
            here.linear_flop += 2 * args[0].numel() * args[1].shape[-1]
        elif packet in (_aten.addmm, _aten.addmm_, _aten.baddbmm):
            here.linear_flop += 2 * args[1].numel() * args[2].shape[-1]
        elif packet is _aten._scaled_dot_product_flash_attention_for_cpu:
            here.attention_flop += 2 * _product(args[0], args[1])
        elif packet is _aten._scaled_dot_product_flash_attention_for_cpu_backward:
            # Five products of the same size: scores again, and four gradients.
            # Source: Dao et al. 2022, "FlashAttention", algorithm 4.
            here.attention_flop += 5 * _product(args[1], args[2])


def _product(query: Tensor, key: Tensor) -> int:
    """Operations of one product over all pairs of tokens; query and key are [B, K, L, C]."""
    return 2 * query.numel() * key.shape[-2]
