"""Copies into a buffer on the device, one after the other, and the simplest engine for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .ring import aligned
from .stored import StoredWeight


@dataclass(slots=True)
class DeviceCopy:
    """A stored weight in the ring."""

    stored: StoredWeight
    views: tuple[Tensor, ...]
    """The parts' copies: the shapes and dtypes of `stored.parts`, inside the ring."""
    readers: list[object] = field(default_factory=list)
    """The queues of computation that it was handed to; only the engine knows what they are."""


def room_for(stored: StoredWeight) -> int:
    """Bytes in the ring, each part at an aligned place."""
    return sum(aligned(part.nbytes) for part in stored.parts)


def place_parts(stored: StoredWeight, ring: Tensor, offset: int) -> tuple[Tensor, ...]:
    """Views of `ring` (bytes [S]) from `offset` on, one for each part."""
    views = []
    for part in stored.parts:
        flat = ring[offset : offset + part.nbytes]
        views.append(flat.view(part.dtype).view(part.shape))
        offset += aligned(part.nbytes)
    return tuple(views)


def as_bytes(tensor: Tensor) -> Tensor:
    """The bytes of a contiguous tensor as uint8 [S], whatever its dtype and shape."""
    return tensor.detach().reshape(-1).view(torch.uint8)


def byte_buffer(size: int, device: torch.device) -> Tensor:
    """Unset bytes uint8 [size] on `device`, usable inside and outside of inference mode."""
    with torch.inference_mode(False):
        return torch.empty(size, dtype=torch.uint8, device=device)


class PlainCopies:
    """Copies at once, on the caller's thread: for the CPU and devices without streams of their own.

    On the CPU the copies are as real as anywhere: computation reads the ring and the ring is used
    again, so that whatever the schedule does wrong shows in the numbers.
    """

    def __init__(self, device: torch.device, ring_bytes: int) -> None:
        """Allocate a ring of `ring_bytes` on `device`."""
        self.ring = byte_buffer(ring_bytes, device)

    @property
    def ring_bytes(self) -> int:
        """Size of the ring."""
        return self.ring.numel()

    @property
    def staging_bytes(self) -> int:
        """Main memory of its own: none."""
        return 0

    def room(self, item: StoredWeight) -> int:
        """Bytes that `item` takes in the ring."""
        return room_for(item)

    def start(self, item: StoredWeight, offset: int, after: Sequence[object]) -> DeviceCopy:
        """Copy now; the computation before is over, as it was not asked for asynchronously."""
        del after
        copy = DeviceCopy(item, place_parts(item, self.ring, offset))
        with torch.no_grad():
            for part, view in zip(item.parts, copy.views, strict=True):
                as_bytes(view).copy_(as_bytes(part))
        return copy

    def wait(self, copy: DeviceCopy) -> None:
        """It is complete already."""

    def release(self, copy: DeviceCopy) -> Sequence[object]:
        """Nothing to wait for."""
        return ()

    def close(self) -> None:
        """Free the ring."""
        self.ring = byte_buffer(0, self.ring.device)
