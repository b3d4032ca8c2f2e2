"""How much tensor memory a callable holds at its worst moment, as torch's own allocator saw it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate

from torch.profiler import ProfilerActivity, profile


@dataclass(frozen=True, slots=True)
class LiveMemory:
    """Bytes of tensor storage above what was alive at the start."""

    peak: int
    """The most that was alive at one moment, temporaries inside operations included."""
    kept: int
    """What was still alive when the callable returned, its result included."""


def live_memory(run: Callable[[], object]) -> LiveMemory:
    """Run once on the CPU and follow every allocation and release of tensor storage.

    Scratch memory that math libraries take from the system themselves is not seen, and neither is
    the release of storage that was there before: clear old gradients first. The profiler slows the
    callable down, so time it in another run. A callable should have run once already where its
    first run makes things that stay (optimizer state, compiled code).
    """
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        result = run()
    # Only here, so that what the result holds still counts as kept.
    del result
    found = recorded.profiler
    if found is None or found.kineto_results is None:
        raise RuntimeError("torch.profiler recorded nothing. Use a torch built with Kineto.")
    changes = [
        (event.start_ns(), event.nbytes())
        for event in found.kineto_results.events()
        if event.name() == "[memory]" and event.device_type().name == "CPU"
    ]
    return _summed(size for _, size in sorted(changes, key=lambda change: change[0]))


def _summed(changes: Iterable[int]) -> LiveMemory:
    levels = [0, *accumulate(changes)]
    return LiveMemory(peak=max(levels), kept=levels[-1])
