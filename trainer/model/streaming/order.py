"""What will be asked for next: known beforehand, or learnt from what was asked for before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

_HISTORY = 8192
"""Requests remembered. A step of the 13B model with every block checkpointed makes about 800."""
_LONGEST_CONTEXT = 64
_SHORTEST_CONTEXT = 2
"""With one name alone, backward would look like forward: each name is followed by others there."""


class RequestOrder(Protocol):
    """Follows the requests and says which come next."""

    def note(self, name: str) -> None:
        """`name` has just been asked for."""
        ...

    def following(self, count: int) -> Sequence[str]:
        """The next `count` names, nearest first; fewer or none where nothing is known."""
        ...


class KnownOrder:
    """A list that is followed from its beginning to its end."""

    def __init__(self, names: Sequence[str]) -> None:
        """Follow `names`."""
        self._names = names
        self._at = 0

    def note(self, name: str) -> None:
        """One step on, whatever the name."""
        del name
        self._at += 1

    def following(self, count: int) -> Sequence[str]:
        """The next `count` names of the list."""
        return self._names[self._at : self._at + count]


class LearntOrder:
    """Expects what followed the last time that the same names came in the same order.

    As long as requests go on as they did before, the place in the history moves along. At a name
    that does not fit, the earlier place with the longest equal past is looked for; there is no
    notion of a step, so forward, recomputation, backward, validation and the change from one to
    another are all learnt alike.
    """

    def __init__(self, history: int = _HISTORY) -> None:
        """Remember the last `history` requests (at least 2)."""
        self._limit = max(2, history)
        self._names: list[str] = []
        self._places: dict[str, list[int]] = {}
        self._at: int | None = None
        """Place in the history that the newest request is taken for."""

    def note(self, name: str) -> None:
        """`name` has just been asked for."""
        if len(self._names) >= self._limit:
            self._forget_older_half()
        is_expected = self.following(1) == [name]
        self._names.append(name)
        if is_expected and self._at is not None:
            self._at += 1
        else:
            self._at = self._most_alike(name)
        self._places.setdefault(name, []).append(len(self._names) - 1)

    def following(self, count: int) -> Sequence[str]:
        """The `count` names that followed the like request before; nothing at a new place."""
        if self._at is None:
            return []
        return self._names[self._at + 1 : self._at + 1 + count]

    def _most_alike(self, name: str) -> int | None:
        """The newest earlier place of `name` with the longest equal past."""
        best, best_context = None, _SHORTEST_CONTEXT - 1
        for place in reversed(self._places.get(name, [])):
            context = self._common_past(place)
            if context > best_context:
                best, best_context = place, context
        return best

    def _common_past(self, place: int) -> int:
        """How many requests up to `place` equal the newest ones."""
        newest = len(self._names) - 1
        for back in range(1, min(place + 1, _LONGEST_CONTEXT)):
            if self._names[place - back] != self._names[newest - back]:
                return back
        return min(place + 1, _LONGEST_CONTEXT)

    def _forget_older_half(self) -> None:
        gone = len(self._names) // 2
        self._names = self._names[gone:]
        self._at = None  # found again at once, by the past that is left
        self._places = {}
        for place, name in enumerate(self._names):
            self._places.setdefault(name, []).append(place)
