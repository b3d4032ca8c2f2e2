"""Copies behind the computation: a thread of its own, pinned staging, a queue on the device.

A copy runs beside the computation only from pinned memory. Stored tensors that are not pinned
(memory-mapped files cannot be) pass through a small pinned buffer, piece by piece. That is done on
a thread, because reading a file would hold up the thread that asks for computation; all other
copies take the same way, so that the order in which they reach the device is always the schedule's.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

import torch
from torch import Tensor

from .copies import DeviceCopy, as_bytes, byte_buffer, place_parts, room_for
from .stored import StoredWeight

_PIECES = 4
"""Pieces of the staging buffer: while one is filled, others are on their way."""


class Mark(Protocol):
    """A point in a queue of the device (a CUDA event)."""

    def synchronize(self) -> None:
        """Return when the point has been reached."""
        ...

    def query(self) -> bool:
        """Whether the point has been reached."""
        ...


class DeviceQueue(Protocol):
    """A queue of copies on a device, beside its queues of computation.

    `copy`, `copies_wait` and `mark_copies` are called on the copying thread, the others on the
    threads that compute.
    """

    device: torch.device

    def staging(self, size: int) -> Tensor:
        """Bytes [size] in main memory from which copies run in the background."""
        ...

    def is_quick(self, tensor: Tensor) -> bool:
        """Whether copies from `tensor` run in the background without staging."""
        ...

    def copy(self, source: Tensor, target: Tensor) -> None:
        """Add a copy of bytes [S] from main memory to the device."""
        ...

    def copies_wait(self, mark: Mark) -> None:
        """Copies added from now on come after `mark`."""
        ...

    def mark_copies(self) -> Mark:
        """The end of all copies added so far."""
        ...

    def computation(self) -> object:
        """The queue to which the calling thread adds its computation."""
        ...

    def computation_waits(self, mark: Mark) -> None:
        """What the calling thread adds to its queue from now on comes after `mark`."""
        ...

    def mark_computation(self, computation: object) -> Mark:
        """The end of all that was added to a queue of computation so far."""
        ...


@dataclass(slots=True)
class StagedCopy(DeviceCopy):
    """A copy that may not have been added to the device's queue yet."""

    after: tuple[Mark, ...] = ()
    added: threading.Event = field(default_factory=threading.Event)
    done: Mark | None = None
    error: BaseException | None = None
    given_up: bool = False


class StagedCopies:
    """A copy engine for a device with queues."""

    def __init__(self, queue: DeviceQueue, ring_bytes: int, staging_bytes: int) -> None:
        """Allocate the ring, and start the thread.

        Args:
            queue: The device's queue of copies.
            ring_bytes: Buffer on the device.
            staging_bytes: Pinned buffer in main memory, allocated when a stored weight that is not
                pinned is first copied; at least 4.
        """
        self._queue = queue
        self.ring = byte_buffer(ring_bytes, queue.device)
        # Its memory may have served other computation that is not over yet.
        self._first: tuple[Mark, ...] = (queue.mark_computation(queue.computation()),)
        self._last_read: dict[object, Mark] = {}
        self._worker = _Worker(queue, staging_bytes)
        jobs = self._worker.jobs
        self._thread = threading.Thread(target=self._worker.run, name="weights", daemon=True)
        self._thread.start()
        self._end = weakref.finalize(self, jobs.put, None)

    @property
    def ring_bytes(self) -> int:
        """Size of the ring on the device."""
        return self.ring.numel()

    @property
    def staging_bytes(self) -> int:
        """Pinned memory in use; 0 while nothing had to be staged."""
        return self._worker.staged_bytes

    def room(self, item: StoredWeight) -> int:
        """Bytes that `item` takes in the ring."""
        return room_for(item)

    def start(self, item: StoredWeight, offset: int, after: Sequence[Mark]) -> StagedCopy:
        """Hand a copy to the thread."""
        views = place_parts(item, self.ring, offset)
        copy = StagedCopy(item, views, after=(*self._first, *after))
        self._first = ()
        self._worker.jobs.put(copy)
        return copy

    def wait(self, copy: StagedCopy) -> None:
        """Let the calling thread's computation come after the copy.

        The host itself waits only until the copy has been added to the device's queue.
        """
        copy.added.wait()
        if copy.error is not None:
            raise copy.error
        assert copy.done is not None  # set before `added` unless there was an error
        self._queue.computation_waits(copy.done)
        computation = self._queue.computation()
        if computation not in copy.readers:
            copy.readers.append(computation)

    def release(self, copy: StagedCopy) -> Sequence[Mark]:
        """The end of what was asked for in each queue that the copy was handed to.

        A copy given up unread leaves no mark: whatever comes to its place is added to the queue of
        copies after it.
        """
        copy.given_up = not copy.readers
        marks = {reader: self._queue.mark_computation(reader) for reader in copy.readers}
        self._last_read.update(marks)
        return list(marks.values())

    def close(self) -> None:
        """End the thread, wait for all that uses ring and staging, and free them."""
        self._end()
        self._thread.join()
        for mark in self._last_read.values():
            mark.synchronize()
        self._last_read = {}
        self.ring = byte_buffer(0, self._queue.device)


class _Worker:
    """The thread's side: adds copies to the device's queue in the order they were handed in."""

    def __init__(self, queue: DeviceQueue, staging_bytes: int) -> None:
        self.jobs: SimpleQueue[StagedCopy | None] = SimpleQueue()
        self._queue = queue
        self._piece_bytes = max(1, staging_bytes // _PIECES)
        self._pieces: deque[tuple[Tensor, Mark | None]] = deque()
        self._under_way: deque[tuple[Mark, StagedCopy]] = deque()
        """Whose tensors the device may still read and write, although nobody else holds them."""

    @property
    def staged_bytes(self) -> int:
        return self._piece_bytes * min(_PIECES, len(self._pieces))

    def run(self) -> None:
        with torch.no_grad():
            while (copy := self.jobs.get()) is not None:
                try:
                    self._add(copy)
                except BaseException as error:  # for whoever asks for this weight
                    copy.error = error
                copy.added.set()
        self._queue.mark_copies().synchronize()
        self._pieces.clear()
        self._under_way.clear()

    def _add(self, copy: StagedCopy) -> None:
        # Marks count even for a copy given up: only the next owner of the place may rely on them.
        for mark in copy.after:
            self._queue.copies_wait(mark)
        if copy.given_up:
            return
        try:
            self._move(copy)
        finally:
            while self._under_way and self._under_way[0][0].query():
                self._under_way.popleft()
            done = self._queue.mark_copies()
            self._under_way.append((done, copy))
        copy.done = done

    def _move(self, copy: StagedCopy) -> None:
        for part, view in zip(copy.stored.parts, copy.views, strict=True):
            source, target = as_bytes(part), as_bytes(view)
            if self._queue.is_quick(part):
                self._queue.copy(source, target)
            else:
                self._stage(source, target)

    def _stage(self, source: Tensor, target: Tensor) -> None:
        if not self._pieces:
            made = [self._queue.staging(self._piece_bytes) for _ in range(_PIECES)]
            self._pieces.extend((piece, None) for piece in made)
        for start in range(0, source.numel(), self._piece_bytes):
            piece, mark = self._pieces[0]
            if mark is not None:
                mark.synchronize()
            part = source[start : start + self._piece_bytes]
            filled = piece[: part.numel()].copy_(part)
            self._queue.copy(filled, target[start : start + part.numel()])
            self._pieces.append((piece, self._queue.mark_copies()))
            self._pieces.popleft()
