"""What `tasks.py` writes on the terminal."""

from __future__ import annotations

import shutil
import sys
import time


def say(text: str) -> None:
    """Write one line and show it at once."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()


class Ticker:
    """One line that is rewritten in place on a terminal, and shown now and then in a log."""

    def __init__(self, log_every_seconds: float = 15.0) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._log_every_seconds = log_every_seconds
        self._last_seconds = 0.0
        self._is_open = False

    def show(self, text: str) -> None:
        """Show `text` as the present state."""
        now = time.monotonic()
        if self._is_terminal:
            width = max(20, shutil.get_terminal_size().columns - 1)
            sys.stdout.write("\r" + text[:width].ljust(width))
            sys.stdout.flush()
            self._is_open = True
        elif now - self._last_seconds >= self._log_every_seconds:
            say(text)
            self._last_seconds = now

    def close(self) -> None:
        """Clear the line, so that the next `say` starts on a clean one."""
        if self._is_open:
            width = max(20, shutil.get_terminal_size().columns - 1)
            sys.stdout.write("\r" + " " * width + "\r")
            sys.stdout.flush()
            self._is_open = False
