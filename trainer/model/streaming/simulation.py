"""A link between main memory and the device on a virtual clock: how long would a step take?

The copies are decided by the very schedule that streams real weights; only the engine differs.
The clock knows one link that copies one weight after the other at a given rate, and one queue of
computation. What it leaves out: latency of a copy, other traffic on the link, and memory bandwidth
that copies take from the computation. It lets a copy begin no sooner than the computation reaches
the request that starts it; a CUDA device may begin sooner, as the host asks ahead of it.
None of its predictions has been compared with a graphics card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import ConfigError
from .order import KnownOrder, RequestOrder
from .ring import aligned
from .schedule import Schedule


@dataclass(frozen=True, slots=True)
class Transfer:
    """One request of a step."""

    name: str
    stored_bytes: int
    """Bytes to be copied; 0 for a weight that stays on the device."""
    compute_seconds: float
    """Computation from the moment the weight is there to the next request, in seconds."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A time in which the computation waits for a weight."""

    index: int
    """Number of the request in the given order, from 0."""
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What a step over a link costs."""

    total_seconds: float
    """From the first request to the end of the last computation."""
    compute_seconds: float
    copied_bytes: int
    copies: int
    """Fewer than requests where a weight is used again while it still lies in the buffer."""
    stalls: tuple[Stall, ...]
    """Where the computation had to wait, in order of time."""

    @property
    def stalled_seconds(self) -> float:
        """All waiting together."""
        return sum(stall.seconds for stall in self.stalls)


def simulate(
    order: Sequence[Transfer],
    depth: int,
    ring_bytes: int,
    bytes_per_second: float,
    expected: RequestOrder | None = None,
) -> LinkReport:
    """Run a step's requests, starting with an empty buffer.

    Args:
        order: All requests of the step: forward, recomputation, backward, in order of time. The
            same name always has the same bytes. Give the order twice for two steps.
        depth: Streamed requests to be ready for beyond the present one, from 0.
        ring_bytes: Size of the buffer on the device. A weight that does not fit is copied while
            the computation waits, into memory of its own.
        bytes_per_second: Rate of the link.
        expected: How the next names are foretold; None for perfect foresight of `order`.

    Returns:
        Time and stalls.

    Raises:
        ConfigError: The rate is not above zero, or depth or ring is negative.
    """
    if not bytes_per_second > 0 or depth < 0 or ring_bytes < 0:
        raise ConfigError(
            f"A link of {bytes_per_second} bytes/s, depth {depth} and a ring of {ring_bytes} bytes "
            "cannot be simulated. Use a rate above 0, and a depth and a ring from 0."
        )
    names = [transfer.name for transfer in order]
    sizes = {transfer.name: transfer for transfer in order if transfer.stored_bytes > 0}
    clock = VirtualClock(ring_bytes, bytes_per_second)
    schedule = Schedule(clock, sizes.get, depth, expected or KnownOrder(names))
    stalls: list[Stall] = []
    for index, transfer in enumerate(order):
        before = clock.now
        if schedule.request(transfer.name) is None and transfer.stored_bytes > 0:
            clock.wait(clock.start(transfer, 0, ()))
        if clock.now > before:
            stalls.append(Stall(index, transfer.name, clock.now - before))
        clock.compute(transfer.compute_seconds)
    computing = sum(transfer.compute_seconds for transfer in order)
    return LinkReport(clock.now, computing, clock.copied_bytes, clock.copies, tuple(stalls))


def simulate_steady_step(
    order: Sequence[Transfer], depth: int, ring_bytes: int, bytes_per_second: float
) -> float:
    """Seconds of a step that follows an equal one, whose end already fetches its beginning.

    Arguments as for `simulate`.
    """
    one = simulate(order, depth, ring_bytes, bytes_per_second)
    two = simulate([*order, *order], depth, ring_bytes, bytes_per_second)
    return two.total_seconds - one.total_seconds


class VirtualClock:
    """A copy engine that copies nothing and only counts the seconds."""

    def __init__(self, ring_bytes: int, bytes_per_second: float) -> None:
        """Start at time 0 with an idle link."""
        self.now = 0.0
        """When the computation asked for so far is done, in seconds."""
        self.copied_bytes = 0
        self.copies = 0
        self._ring_bytes = ring_bytes
        self._rate = bytes_per_second
        self._link_is_free = 0.0

    @property
    def ring_bytes(self) -> int:
        """Size of the imagined buffer."""
        return self._ring_bytes

    def room(self, item: Transfer) -> int:
        """Its bytes, in whole units of the ring."""
        return aligned(item.stored_bytes)

    def start(self, item: Transfer, offset: int, after: Sequence[float]) -> float:
        """Queue a copy on the link; when it will be complete."""
        del offset, after  # marks lie in the past: nothing is asked for ahead of the computation
        begin = max(self.now, self._link_is_free)
        self._link_is_free = begin + item.stored_bytes / self._rate
        self.copied_bytes += item.stored_bytes
        self.copies += 1
        return self._link_is_free

    def wait(self, copy: float) -> None:
        """The computation goes on when the copy is complete."""
        self.now = max(self.now, copy)

    def compute(self, seconds: float) -> None:
        """Let the computation take its time."""
        self.now += seconds

    def release(self, copy: float) -> Sequence[float]:
        """No mark: the computation is over now, and a copy given up still ends on the link."""
        del copy
        return ()

    def close(self) -> None:
        """Nothing to free."""
