"""How much tensor memory is held at the worst moment, as torch's own allocator saw it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from torch.profiler import ProfilerActivity, profile


@dataclass(frozen=True, slots=True)
class LiveMemory:
    """Bytes of tensor storage above what was alive at the start."""

    peak: int
    """The most that was alive at one moment, temporaries inside operations included."""
    kept: int
    """What was still alive at the end."""


def live_memory(run: Callable[[], object]) -> LiveMemory:
    """Run once and measure; what the result holds counts as kept.

    A callable should have run once already where its first run makes things that stay (optimizer
    state, compiled code).
    """
    recorder = MemoryRecorder()
    recorder.start()
    result = run()
    found = recorder.stop()
    del result
    return found


class MemoryRecorder:
    """Follows every allocation and release of tensor storage on the CPU from start to stop.

    Scratch memory that math libraries take from the system themselves is not seen, and neither is
    the release of storage that was there before: clear old gradients first. The profiler slows the
    program down, so time it in another run. Start and stop on the same thread.
    """

    def __init__(self) -> None:
        """Nothing is followed before `start`."""
        self._profile = profile(activities=[ProfilerActivity.CPU], profile_memory=True)

    def start(self) -> None:
        """Start following."""
        gc.collect()
        self._profile.start()

    def stop(self) -> LiveMemory:
        """Stop following and add up."""
        self._profile.stop()
        found = self._profile.profiler
        if found is None or found.kineto_results is None:
            raise RuntimeError("torch.profiler recorded nothing. Use a torch built with Kineto.")
        changes = [
            (event.start_ns(), event.nbytes())
            for event in found.kineto_results.events()
            if event.name() == "[memory]" and event.device_type().name == "CPU"
        ]
        changes.sort(key=lambda change: change[0])
        levels = [0, *accumulate(size for _, size in changes)]
        return LiveMemory(peak=max(levels), kept=levels[-1])
