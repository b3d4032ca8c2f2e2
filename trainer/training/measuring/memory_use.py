"""Memory that this process holds, where the system tells."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch

MB = 1e6


class MemoryUse:
    """Reads memory in use: main memory of the process, and the peak on a graphics card."""

    def __init__(self, device: torch.device) -> None:
        """Forget earlier peaks of the device."""
        self._device = device
        self._resident = _resident_reader()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def read(self) -> dict[str, float]:
        """host_mb and device_mb, each only where it is known."""
        found: dict[str, float] = {}
        if self._resident is not None:
            found["host_mb"] = round(self._resident() / MB, 1)
        if self._device.type == "cuda":
            found["device_mb"] = round(torch.cuda.max_memory_allocated(self._device) / MB, 1)
        return found


def _resident_reader() -> Callable[[], int] | None:
    try:
        psutil: Any = importlib.import_module("psutil")
    except ImportError:
        return None  # it comes with ComfyUI; without it one figure is missing
    process = psutil.Process()
    return lambda: int(process.memory_info().rss)
