"""Which bytes of a fixed buffer are taken, and what has to be over before others use them.

Places are given out round and round, so that the bytes used again are those given back longest ago
and their readers are most likely done. Nothing here knows what lies in the buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

ALIGNMENT = 256
"""Places start at multiples of this many bytes; enough for any dtype and for fast copies."""

MarkT = TypeVar("MarkT")


def aligned(size: int) -> int:
    """`size` in bytes, rounded up to whole units of the ring."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True, slots=True)
class Place(Generic[MarkT]):
    """A stretch of the buffer that belongs to one weight."""

    start: int
    stop: int
    after: tuple[MarkT, ...]
    """What must have happened before the first byte is written."""


@dataclass(frozen=True, slots=True)
class _Freed(Generic[MarkT]):
    start: int
    stop: int
    marks: tuple[MarkT, ...]


class Ring(Generic[MarkT]):
    """Bookkeeping of one buffer of fixed size."""

    def __init__(self, size: int) -> None:
        """For a buffer of `size` bytes; what is over a multiple of `ALIGNMENT` stays unused."""
        self.size = size // ALIGNMENT * ALIGNMENT
        self._head = 0
        self._taken: list[Place[MarkT]] = []
        self._freed: list[_Freed[MarkT]] = []

    def take(self, size: int) -> Place[MarkT] | None:
        """`size` bytes in one piece, behind the place taken last; None if there is no room now."""
        size = aligned(size)
        ends = sorted(place.stop for place in self._taken)
        behind = [end for end in ends if end >= self._head]
        before = [end for end in ends if end < self._head]
        for start in (self._head, *behind, 0, *before):
            if self._is_free(start, start + size):
                place = Place(start, start + size, self._claim(start, start + size))
                self._taken.append(place)
                self._head = place.stop
                return place
        return None

    def give_back(self, place: Place[MarkT], marks: Sequence[MarkT]) -> None:
        """Let others have `place`, to be written once all `marks` have been reached."""
        self._taken.remove(place)
        if marks:
            self._freed.append(_Freed(place.start, place.stop, tuple(marks)))

    def _is_free(self, start: int, stop: int) -> bool:
        return stop <= self.size and not any(
            place.start < stop and start < place.stop for place in self._taken
        )

    def _claim(self, start: int, stop: int) -> tuple[MarkT, ...]:
        """The marks that lie on these bytes; they are forgotten here and kept behind."""
        found: list[MarkT] = []
        left: list[_Freed[MarkT]] = []
        for freed in self._freed:
            if freed.stop <= start or stop <= freed.start:
                left.append(freed)
                continue
            # A place begins where another ends or at the very start, so never inside a freed one.
            assert freed.start >= start
            found += freed.marks
            if stop < freed.stop:
                left.append(_Freed(stop, freed.stop, freed.marks))
        self._freed = left
        return tuple(found)
