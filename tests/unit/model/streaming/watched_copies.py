"""Copy engines and sources that show what streaming does (not a test file)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainer.model.streaming.copies import DeviceCopy, PlainCopies
from trainer.model.streaming.stored import StoredWeight
from trainer.model.weights import MappingSource

CPU = torch.device("cpu")


class SpoilingCopies(PlainCopies):
    """Fills a place with NaN of every float format as soon as it is given free.

    Knows of itself which bytes are in use, and counts.
    """

    def __init__(self, device: torch.device, ring_bytes: int) -> None:
        super().__init__(device, ring_bytes)
        self.ring.fill_(0xFF)
        self.copies = 0
        self.copied_bytes = 0
        self.most_bytes_in_use = 0
        self.in_use: dict[int, int] = {}
        self.is_closed = False
        self.fails_at: int | None = None

    def start(self, item: StoredWeight, offset: int, after: Sequence[object]) -> DeviceCopy:
        if self.fails_at == self.copies:
            raise OSError("the disk is gone")
        size = self.room(item)
        assert offset + size <= self.ring_bytes
        for start, length in self.in_use.items():
            assert offset + size <= start or start + length <= offset
        self.in_use[offset] = size
        self.most_bytes_in_use = max(self.most_bytes_in_use, sum(self.in_use.values()))
        self.copies += 1
        self.copied_bytes += item.nbytes
        return super().start(item, offset, after)

    def release(self, copy: DeviceCopy) -> Sequence[object]:
        first = min(view.storage_offset() * view.element_size() for view in copy.views)
        size = self.in_use.pop(first)
        # .data, so that autograd's version counter does not notice: real streaming is silent.
        self.ring.data[first : first + size].fill_(0xFF)
        return super().release(copy)

    def close(self) -> None:
        super().close()
        self.is_closed = True


class CountingSource(MappingSource):
    """Counts requests, and keeps the weights named in `resident` to itself."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__(weights)
        self.resident: set[str] = set()
        self.lent: Counter[str] = Counter()

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        self.lent[name] += 1
        return super().weight(name, dtype, device)

    def stored(self, name: str) -> StoredWeight | None:
        return None if name in self.resident else super().stored(name)


def is_matrix(name: str, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    return len(shapes[name]) > 1


def matrix_bytes(weights: Mapping[str, Tensor]) -> int:
    """The largest matrix; TINY's is a few hundred kilobytes."""
    return max(value.nbytes for value in weights.values() if value.ndim > 1)


def is_all_nan(tensor: Tensor) -> bool:
    return bool(tensor.isnan().all()) and math.prod(tensor.shape) > 0
