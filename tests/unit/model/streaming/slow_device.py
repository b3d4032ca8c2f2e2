"""A device of several queues that takes its time, on the CPU (not a test file).

One queue copies, others compute. Which of them gets on is drawn by chance at each step, so that
whatever relies on luck instead of a mark goes wrong for some seed.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from trainer.model.streaming.staged import Mark

_COPIES = "copies"


class SlowMark:
    """A point in a queue of a `SlowDevice`."""

    def __init__(self, device: SlowDevice) -> None:
        self.device = device
        self.is_reached = False

    def synchronize(self) -> None:
        while not self.query():
            self.device.get_on()

    def query(self) -> bool:
        return self.is_reached

    def reach(self) -> None:
        self.is_reached = True


class SlowDevice:
    """A `DeviceQueue`; `pinned` says which tensors need no staging."""

    def __init__(self, seed: int, pinned: Callable[[Tensor], bool] = lambda tensor: False) -> None:
        self.device = torch.device("cpu")
        self.current = "computation"
        """The queue that the caller computes on."""
        self.staging_sizes: list[int] = []
        self._pinned = pinned
        self._chance = random.Random(seed)
        self._lock = threading.RLock()
        self._queues: dict[str, deque[tuple[SlowMark | None, Callable[[], object]]]] = {}

    def compute(self, work: Callable[[], object]) -> None:
        """Add computation to the present queue."""
        self._add(self.current, work)

    def get_on(self) -> bool:
        """One step of a queue that is not held up; whether there was any."""
        with self._lock:
            able = [
                name
                for name, queue in self._queues.items()
                if queue and (queue[0][0] is None or queue[0][0].is_reached)
            ]
            if able:
                self._queues[self._chance.choice(able)].popleft()[1]()
            return bool(able)

    def finish(self) -> None:
        """Get on until everything is done."""
        while self.get_on():
            pass
        assert not any(self._queues.values()), "a queue waits for what never comes"

    def staging(self, size: int) -> Tensor:
        self.staging_sizes.append(size)
        return torch.zeros(size, dtype=torch.uint8)

    def is_quick(self, tensor: Tensor) -> bool:
        return self._pinned(tensor)

    def copy(self, source: Tensor, target: Tensor) -> None:
        # .data, so that autograd's version counter does not notice: a device's copies are silent.
        self._add(_COPIES, lambda: target.data.copy_(source))

    def copies_wait(self, mark: Mark) -> None:
        assert isinstance(mark, SlowMark)
        self._add(_COPIES, lambda: None, mark)

    def mark_copies(self) -> Mark:
        return self._mark(_COPIES)

    def computation(self) -> object:
        return self.current

    def computation_waits(self, mark: Mark) -> None:
        assert isinstance(mark, SlowMark)
        self._add(self.current, lambda: None, mark)

    def mark_computation(self, computation: object) -> Mark:
        return self._mark(str(computation))

    def _mark(self, name: str) -> SlowMark:
        mark = SlowMark(self)
        self._add(name, mark.reach)
        return mark

    def _add(self, name: str, work: Callable[[], object], wait_for: SlowMark | None = None) -> None:
        with self._lock:
            self._queues.setdefault(name, deque()).append((wait_for, work))


class SlowLink(SlowDevice):
    """Slow copies beside computation that is done at once, as all of torch's is on the CPU."""

    def computation_waits(self, mark: Mark) -> None:
        mark.synchronize()

    def mark_computation(self, computation: object) -> Mark:
        mark = SlowMark(self)
        mark.reach()
        return mark
