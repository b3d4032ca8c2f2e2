"""The arithmetic of a link, written down again without the schedule's code (not a test file).

Time is worked out request by request from lists; the buffer is a row of cells. Nothing is shared
with the code under test but the type of a transfer.
"""

from __future__ import annotations

from collections.abc import Sequence

from trainer.model.streaming.simulation import Transfer


def roomy_stalls(order: Sequence[Transfer], depth: int, rate: float) -> list[float]:
    """Waiting before each request, in seconds, where room is no matter and names do not repeat.

    Copy k begins when copy k - 1 is over and request k - depth has come; request k + 1 comes when
    copy k is there and computation k is over.
    """
    came, copied, stalls = [0.0], 0.0, []
    for k, transfer in enumerate(order):
        copied = max(copied, came[max(0, k - depth)]) + transfer.stored_bytes / rate
        stalls.append(max(0.0, copied - came[k]))
        came.append(came[k] + stalls[k] + transfer.compute_seconds)
    return stalls


class CellLink:
    """Any order of requests, names repeated or resident too, over a buffer of whole cells."""

    def __init__(
        self, order: Sequence[Transfer], depth: int, cells: int, cell: int, rate: float
    ) -> None:
        self.order, self.depth, self.rate, self.cell = order, depth, rate, cell
        self.owner = [""] * cells
        self.free_since = [0.0] * cells
        self.behind_last = 0
        self.arrival: dict[str, float] = {}
        self.link = self.now = 0.0
        self.stalls: list[float] = []
        self.copied_bytes = 0

    def run(self) -> CellLink:
        ahead: set[str] = set()
        for k, transfer in enumerate(self.order):
            self.forget_all_but(ahead | {transfer.name})
            if transfer.stored_bytes and transfer.name not in self.arrival:
                assert self.copy(transfer)
            ahead = self.look_ahead(k)
            there = max(self.now, self.arrival.get(transfer.name, self.now))
            self.stalls.append(there - self.now)
            self.now = there + transfer.compute_seconds
        return self

    def forget_all_but(self, names: set[str]) -> None:
        for cell, owner in enumerate(self.owner):
            if owner and owner not in names:
                self.owner[cell] = ""
                self.free_since[cell] = self.now
        self.arrival = {name: time for name, time in self.arrival.items() if name in names}

    def look_ahead(self, k: int) -> set[str]:
        """The streamed requests behind k that are prepared, as far as depth and room go."""
        coming = [transfer for transfer in self.order[k + 1 :] if transfer.stored_bytes]
        prepared = set()
        for transfer in coming[: self.depth]:
            if transfer.name not in self.arrival and not self.copy(transfer):
                break
            prepared.add(transfer.name)
        return prepared

    def copy(self, transfer: Transfer) -> bool:
        """Look for cells round and round from the last copy on, and let the link take its time."""
        size, count = -(-transfer.stored_bytes // self.cell), len(self.owner)
        for turn in range(count + 1):
            start = (self.behind_last + turn) % (count + 1)
            here = range(start, start + size)
            if start + size <= count and not any(self.owner[cell] for cell in here):
                break
        else:
            return False
        begin = max(self.now, self.link, *(self.free_since[cell] for cell in here))
        self.link = begin + transfer.stored_bytes / self.rate
        self.arrival[transfer.name] = self.link
        for cell in here:
            self.owner[cell] = transfer.name
        self.behind_last = start + size
        self.copied_bytes += transfer.stored_bytes
        return True
