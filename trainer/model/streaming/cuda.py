"""The queue of copies on a CUDA device: one stream beside those that compute.

Written after the documentation and not yet run on a graphics card. The logic around it (order,
places, marks, staging) is tested on the CPU against a queue that copies as late as it may; what is
not measured is whether copies and computation overlap, and at what rate.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .staged import Mark


class CudaQueue:
    """Copies on a stream of their own; a mark is an event."""

    def __init__(self, device: torch.device) -> None:
        """For `device`, which has an index."""
        self.device = device
        self._stream: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def staging(self, size: int) -> Tensor:
        """Pinned bytes [size]."""
        return torch.empty(size, dtype=torch.uint8, pin_memory=True)

    def is_quick(self, tensor: Tensor) -> bool:
        """Whether `tensor` is pinned."""
        return tensor.is_pinned()

    def copy(self, source: Tensor, target: Tensor) -> None:
        """Add a copy to the stream."""
        with torch.cuda.stream(self._stream):
            target.copy_(source, non_blocking=True)

    def copies_wait(self, mark: Mark) -> None:
        """Let later copies wait for an event."""
        self._stream.wait_event(mark)

    def mark_copies(self) -> Mark:
        """An event behind the copies added so far."""
        return self._event(self._stream)

    def computation(self) -> object:
        """The calling thread's stream; in backward, autograd has set the one of the forward."""
        return torch.cuda.current_stream(self.device)

    def computation_waits(self, mark: Mark) -> None:
        """Let the calling thread's stream wait for an event."""
        current: Any = torch.cuda.current_stream(self.device)
        current.wait_event(mark)

    def mark_computation(self, computation: object) -> Mark:
        """An event behind all that a stream has been asked for."""
        return self._event(computation)

    def _event(self, stream: Any) -> Mark:
        # A blocking event lets the thread sleep that waits for it, instead of burning a core.
        event: Any = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record(stream)
        mark: Mark = event
        return mark
