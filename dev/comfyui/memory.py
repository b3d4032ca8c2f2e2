"""The most memory a process has held."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from ..errors import TaskError
from ..installing.installer import ask_python

_PSUTIL = (
    "import psutil, sys; m = psutil.Process(int(sys.argv[1])).memory_info(); "
    "print(getattr(m, 'peak_wset', m.rss))"
)


class MemoryMeter:
    """Peak resident memory of a running process.

    Linux and Windows keep the peak themselves. macOS does not tell it of another process, so
    there it is the largest of the readings taken, one every few seconds.
    """

    def __init__(self, pid: int, python: Path, every_seconds: float = 3.0) -> None:
        self._pid = pid
        self._python = python
        self._every_seconds = every_seconds
        self._last_seconds = float("-inf")
        self._peak_mb = 0.0

    def sample(self) -> None:
        """Take a reading, unless the last one is recent."""
        now = time.monotonic()
        if now - self._last_seconds >= self._every_seconds and sys.platform != "win32":
            self._last_seconds = now
            self.read_peak_mb()

    def read_peak_mb(self) -> float:
        """The peak so far, in MB (10^6 bytes); 0 when the system does not tell."""
        with contextlib.suppress(OSError, TaskError, ValueError):
            self._peak_mb = max(self._peak_mb, self._read() / 1e6)
        return self._peak_mb

    def _read(self) -> float:
        """Bytes, from whatever this system offers."""
        if sys.platform == "linux":
            status = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii", errors="replace")
            line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
            return float(line.split()[1]) * 1024
        if sys.platform == "win32":
            return float(ask_python(self._python, _PSUTIL, str(self._pid)))
        told = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self._pid)], capture_output=True, text=True, check=False
        )
        return float(told.stdout or 0) * 1024
