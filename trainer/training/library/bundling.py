"""Sends events in bundles: often enough to look live, seldom enough to cost nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from .log_file import finite

_log = logging.getLogger(__name__)
SECONDS_BETWEEN = 0.1


class EventBundler:
    """Collects events from any thread and sends them from one of its own.

    The first event goes at once, those of the next tenth of a second together after it. Nothing
    that goes wrong here reaches the thread that adds events.
    """

    def __init__(
        self, send: Callable[[list[dict[str, Any]]], None], seconds_between: float = SECONDS_BETWEEN
    ) -> None:
        """Begin.

        Args:
            send: Takes a bundle; called by one thread at a time.
            seconds_between: The least time from one bundle to the next.
        """
        self._send = send
        self._seconds_between = seconds_between
        self._waiting: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="hunyuan_lora events", daemon=True)
        self._thread.start()

    def add(self, record: Mapping[str, Any]) -> None:
        """Have an event sent soon."""
        try:
            copied = finite(dict(record))
        except (ValueError, RecursionError):
            _log.warning("An event could not be sent: it is nested too deep.")
            return
        with self._changed:
            self._waiting.append(copied)
            self._changed.notify_all()

    def close(self) -> None:
        """Send what is left and end."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                bundle, self._waiting = self._waiting, []
                is_last = self._is_closed
            if bundle:
                self._send_safely(bundle)
            if is_last:
                return
            self._pause()

    def _pause(self) -> None:
        """Wait until the next bundle may go, or until nothing more will come."""
        end = time.monotonic() + self._seconds_between
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed, timeout=max(0.0, end - time.monotonic())
            )

    def _send_safely(self, bundle: list[dict[str, Any]]) -> None:
        try:
            self._send(bundle)
        except Exception:  # a page that cannot be told must not end a training
            _log.warning("%d events could not be sent to the browser.", len(bundle), exc_info=True)
