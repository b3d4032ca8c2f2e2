"""Devices, sources and steps that show what streaming does wrong (not a test file).

`SpoilingCopies` spoils what is not in use. `SlowDevice` has several queues, of which one copies and
others compute; which of them gets on is drawn by chance at each step, so that whatever relies on
luck instead of a mark goes wrong for some seed.
"""

from __future__ import annotations

import math
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from tests.unit.model.reference_model import TINY, make_sample, make_weights
from tests.unit.model.training_checks import gradients
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.hunyuan_video import HunyuanVideo
from trainer.model.lora import LoraNetwork
from trainer.model.streaming.copies import DeviceCopy, PlainCopies
from trainer.model.streaming.source import PrefetchingSource
from trainer.model.streaming.staged import Mark
from trainer.model.streaming.stored import StoredWeight
from trainer.model.weights import MappingSource

CPU = torch.device("cpu")
_COPIES = "copies"


class SpoilingCopies(PlainCopies):
    """Fills a place with NaN of every float format as soon as it is given free.

    Knows of itself which bytes are in use, and counts.
    """

    def __init__(self, device: torch.device, ring_bytes: int) -> None:
        super().__init__(device, ring_bytes)
        self.ring.fill_(0xFF)
        self.copies = 0
        self.copied_bytes = 0
        self.most_bytes_in_use = 0
        self.in_use: dict[int, int] = {}
        self.is_closed = False
        self.fails_at: int | None = None

    def start(self, item: StoredWeight, offset: int, after: Sequence[object]) -> DeviceCopy:
        if self.fails_at == self.copies:
            raise OSError("the disk is gone")
        size = self.room(item)
        assert offset + size <= self.ring_bytes
        for start, length in self.in_use.items():
            assert offset + size <= start or start + length <= offset
        self.in_use[offset] = size
        self.most_bytes_in_use = max(self.most_bytes_in_use, sum(self.in_use.values()))
        self.copies += 1
        self.copied_bytes += item.nbytes
        return super().start(item, offset, after)

    def release(self, copy: DeviceCopy) -> Sequence[object]:
        first = min(view.storage_offset() * view.element_size() for view in copy.views)
        size = self.in_use.pop(first)
        # .data, so that autograd's version counter does not notice: real streaming is silent.
        self.ring.data[first : first + size].fill_(0xFF)
        return super().release(copy)

    def close(self) -> None:
        super().close()
        self.is_closed = True


class CountingSource(MappingSource):
    """Counts requests, and keeps the weights named in `resident` to itself."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__(weights)
        self.resident: set[str] = set()
        self.lent: Counter[str] = Counter()

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> Tensor:
        self.lent[name] += 1
        return super().weight(name, dtype, device)

    def stored(self, name: str) -> StoredWeight | None:
        return None if name in self.resident else super().stored(name)


def matrix_bytes(weights: Mapping[str, Tensor]) -> int:
    """The largest matrix; TINY's is a few hundred kilobytes."""
    return max(value.nbytes for value in weights.values() if value.ndim > 1)


def is_all_nan(tensor: Tensor) -> bool:
    return bool(tensor.isnan().all()) and math.prod(tensor.shape) > 0


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

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to do."""
        return not any(self._queues.values())

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
        assert self.is_idle, "a queue waits for what never comes"

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


CHECKPOINTED = ActivationPolicy.checkpoint_all(TINY.blocks)
LARGEST = matrix_bytes(make_weights())
"""TINY's largest matrix, in bytes."""


def make_source(
    weights: dict[str, Tensor] | None = None, depth: int = 2, places: float = 3
) -> tuple[PrefetchingSource, CountingSource, SpoilingCopies]:
    inner = CountingSource(weights or make_weights())
    source = PrefetchingSource(inner, CPU, int(places * LARGEST), depth, SpoilingCopies)
    engine = source._engine
    assert isinstance(engine, SpoilingCopies)
    return source, inner, engine


def run_step(
    model: HunyuanVideo, network: LoraNetwork, samples: int = 1
) -> tuple[Tensor, dict[str, Tensor]]:
    sample = make_sample(batch=samples)
    velocity = model.velocity(*sample.arguments(), lora=network)
    return velocity.detach().clone(), gradients(velocity, network)


def assert_same_step(
    found: tuple[Tensor, dict[str, Tensor]], wanted: tuple[Tensor, dict[str, Tensor]]
) -> None:
    assert torch.equal(found[0], wanted[0])
    assert found[1].keys() == wanted[1].keys()
    for name, value in wanted[1].items():
        assert torch.equal(found[1][name], value), name
