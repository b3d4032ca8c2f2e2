"""When each weight is copied: the one schedule behind real copies and the simulated link.

The schedule says what is copied where and when a place may be written again. An engine does the
copying: on a CUDA stream, at once on the CPU, or only on a virtual clock. A weight that is
expected again soon keeps its place and is not copied twice: in backward, a checkpointed block asks
for its weights first to run once more and then, the other way round, for the gradients.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from .order import RequestOrder
from .ring import MarkT, Place, Ring

ItemT = TypeVar("ItemT")
CopyT = TypeVar("CopyT")
_ItemT = TypeVar("_ItemT", contravariant=True)

_RESIDENT_AHEAD = 64
"""Names looked at beyond `depth` for weights to copy, as those that stay resident lie between."""


class CopyEngine(Protocol[_ItemT, CopyT, MarkT]):
    """Does the copies of a schedule, one after the other in the order they are asked for."""

    @property
    def ring_bytes(self) -> int:
        """Size of the buffer on the device, in bytes."""
        ...

    def room(self, item: _ItemT) -> int:
        """Bytes that `item` takes in the buffer."""
        ...

    def start(self, item: _ItemT, offset: int, after: Sequence[MarkT]) -> CopyT:
        """Copy `item` to `offset` of the buffer as soon as all of `after` have been reached."""
        ...

    def wait(self, copy: CopyT) -> None:
        """The computation that the caller asks for from now on comes after `copy` is complete."""
        ...

    def release(self, copy: CopyT) -> Sequence[MarkT]:
        """Nobody asks for more computation on `copy`; when all that was asked for is done."""
        ...

    def close(self) -> None:
        """End all copies and free the buffers."""
        ...


@dataclass(slots=True)
class ScheduleCounts:
    """What a schedule has done so far."""

    requests: int = 0
    """Requests for weights that are streamed."""
    copies: int = 0
    """Copies begun."""
    late: int = 0
    """Requests whose copy was begun only then: not predicted, or no room earlier."""
    unused: int = 0
    """Copies given up because something else was asked for."""


@dataclass(slots=True)
class _Held(Generic[CopyT, MarkT]):
    name: str
    place: Place[MarkT]
    copy: CopyT
    uses: int = 0
    """Requests planned for it, and the one that uses it now."""
    was_read: bool = False


@dataclass(slots=True)
class _Planned(Generic[CopyT, MarkT]):
    name: str
    held: _Held[CopyT, MarkT] | None
    """None for a weight that is not streamed."""


class Schedule(Generic[ItemT, CopyT, MarkT]):
    """Decides about copies; asked for one weight after the other. Not thread-safe by itself."""

    def __init__(
        self,
        engine: CopyEngine[ItemT, CopyT, MarkT],
        find: Callable[[str], ItemT | None],
        depth: int,
        order: RequestOrder,
    ) -> None:
        """Start with an empty buffer.

        Args:
            engine: Does the copies.
            find: Gives what has to be copied for a name; None for what is not streamed.
            depth: Streamed requests to be ready for beyond the present one, from 0.
            order: Says which names come next.
        """
        self.counts = ScheduleCounts()
        self._engine = engine
        self._find = find
        self._depth = depth
        self._order = order
        self._ring: Ring[MarkT] = Ring(engine.ring_bytes)
        self._planned: deque[_Planned[CopyT, MarkT]] = deque()
        self._held: dict[str, _Held[CopyT, MarkT]] = {}
        self._current: _Held[CopyT, MarkT] | None = None

    def request(self, name: str) -> CopyT | None:
        """The copy of `name`, valid until the next request; None if it is not streamed.

        Whatever goes wrong with a weight is raised here, when that weight is asked for; a copy
        begun ahead that fails is only given up.
        """
        previous = self._current
        held = self._planned_for(name) or self._again(name)
        self._current = held
        if previous is not None:
            self._end_use(previous)
        if held is None:
            held = self._current = self._begin_late(name)
        self._order.note(name)
        self._drop_what_is_not_expected()
        self._plan_ahead()
        if held is None:
            return None
        self.counts.requests += 1
        try:
            self._engine.wait(held.copy)
        except BaseException:
            self.clear()
            raise
        held.was_read = True
        return held.copy

    def clear(self) -> None:
        """Give up every copy; nothing handed out is used any more."""
        self._drop_planned(len(self._planned))
        if self._current is not None:
            current, self._current = self._current, None
            self._end_use(current)

    def _planned_for(self, name: str) -> _Held[CopyT, MarkT] | None:
        """The copy planned for `name`, after giving up what should have come before it."""
        for place, planned in enumerate(self._planned):
            if planned.name == name:
                self._drop_planned(place)
                return self._planned.popleft().held
        return None

    def _again(self, name: str) -> _Held[CopyT, MarkT] | None:
        """The copy in use, where it is asked for once more without having been planned."""
        current = self._current
        if current is None or current.name != name:
            return None
        current.uses += 1
        return current

    def _begin_late(self, name: str) -> _Held[CopyT, MarkT] | None:
        # It may be there for a later request, if it was not streamed when this one was planned.
        held = self._held.get(name)
        item = self._streamed(name) if held is None else None
        if item is not None:
            held = self._begin(name, item)
            if held is None:
                self._drop_planned(len(self._planned))
                held = self._begin(name, item)
            assert held is not None  # the ring is empty, and what does not fit is not streamed
        if held is None:
            return None
        held.uses += 1
        self.counts.late += 1
        return held

    def _streamed(self, name: str) -> ItemT | None:
        item = self._find(name)
        if item is None or not 0 < self._engine.room(item) <= self._ring.size:
            return None
        return item

    def _begin(self, name: str, item: ItemT) -> _Held[CopyT, MarkT] | None:
        """Start a copy, or None while there is no room."""
        place = self._ring.take(self._engine.room(item))
        if place is None:
            return None
        try:
            copy = self._engine.start(item, place.start, place.after)
        except BaseException:
            self._ring.give_back(place, place.after)
            raise
        self.counts.copies += 1
        held = self._held[name] = _Held(name, place, copy)
        return held

    def _drop_what_is_not_expected(self) -> None:
        expected = list(self._order.following(len(self._planned)))
        names = [planned.name for planned in self._planned]
        wrong = 0
        while names[wrong:] != expected[: len(names) - wrong]:
            wrong += 1
        self._drop_planned(wrong)

    def _drop_planned(self, count: int) -> None:
        for _ in range(count):
            held = self._planned.popleft().held
            if held is not None:
                self._end_use(held)

    def _plan_ahead(self) -> None:
        streamed = sum(planned.held is not None for planned in self._planned)
        names = self._order.following(self._depth + _RESIDENT_AHEAD)
        for name in names[len(self._planned) :]:
            if streamed >= self._depth:
                return
            try:
                held = self._held.get(name)
                item = self._streamed(name) if held is None else None
                if item is not None:
                    held = self._begin(name, item)
            except Exception:
                return  # said when it is asked for, which may never happen
            if item is not None and held is None:
                return  # no room yet
            if held is not None:
                held.uses += 1
                streamed += 1
            self._planned.append(_Planned(name, held))

    def _end_use(self, held: _Held[CopyT, MarkT]) -> None:
        held.uses -= 1
        if held.uses > 0:
            return
        if not held.was_read:
            self.counts.unused += 1
        del self._held[held.name]
        self._ring.give_back(held.place, self._engine.release(held.copy))
