"""Results of nodes that ran last, found again by the name of their content."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from ....trainer.errors import NotFoundError

Value = TypeVar("Value")


class Shelf(Generic[Value]):
    """Keeps the values that were used last; any thread may use it."""

    def __init__(self, most: int, what: str) -> None:
        """Make an empty shelf.

        Args:
            most: Values kept; the one that was not used for longest goes first.
            what: How errors call a value: "crop plan".
        """
        self._most = most
        self._what = what
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, key: str, value: Value) -> None:
        """Put a value on the shelf, in place of an earlier one of the same key."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def find(self, key: str) -> Value:
        """The value of that key.

        Raises:
            NotFoundError: There is none, or none any more.
        """
        with self._lock:
            value = self._values.get(key)
            if value is None:
                raise NotFoundError(
                    f"ComfyUI does not know this {self._what} any more. Run the node again."
                )
            self._values.move_to_end(key)
            return value
