"""One thread for each tracker, so that a slow, broken or hanging one never holds up training."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace

from .backend import Backend, TrackedRun, TrackerError
from .points import Point

# Steps may fill the first part of the queue; the rest is kept for validation, samples and the end.
STEPS_WAITING = 1000
ALL_WAITING = 1200


class TrackerWorker:
    """Passes points on to one tracker; `put` never blocks and never raises."""

    def __init__(self, backend: Backend, run: TrackedRun) -> None:
        """Take a tracker; nothing happens before `start`."""
        self.name = backend.name
        self._backend = backend
        self._run = run
        self._waiting: deque[Point] = deque()
        self._changed = threading.Condition()
        self._is_closing = False
        self._is_off = False
        self._left_out = 0
        self._said: deque[str] = deque()
        self._thread = threading.Thread(
            target=self._work, name=f"tracker {backend.name}", daemon=True
        )
        self._is_started = False

    def start(self, steps_done: int) -> None:
        """Begin in the background."""
        if self._is_started:
            return
        self._is_started = True
        self._run = replace(self._run, steps_done=steps_done)
        self._thread.start()

    def put(self, point: Point) -> None:
        """Queue a point; where the queue is full it is left out and counted."""
        with self._changed:
            if self._is_off or self._is_closing or not self._is_started:
                return
            limit = STEPS_WAITING if point.is_step else ALL_WAITING
            if len(self._waiting) >= limit:
                self._left_out += 1
                return
            self._waiting.append(point)
            self._changed.notify()

    def take_words(self) -> list[str]:
        """Sentences for the user that came up since the last call."""
        with self._changed:
            words = list(self._said)
            self._said.clear()
            return words

    def begin_closing(self) -> None:
        """Ask the thread to write what is waiting and to end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()

    def finish(self, deadline: float) -> None:
        """Wait for the thread until `deadline` (time.monotonic); then leave it to itself."""
        if not self._is_started:
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            if self._thread.is_alive():
                self._is_off = True
                self._waiting.clear()
                self._said.append(
                    f"The tracker '{self.name}' did not finish in time and was left behind. The "
                    "run is complete; what the tracker shows may lack its end."
                )
            if self._left_out:
                self._said.append(
                    f"The tracker '{self.name}' was too slow: {self._left_out} points are missing "
                    "in it. The run's own events.jsonl has them all."
                )
                self._left_out = 0

    def _work(self) -> None:
        try:
            if remark := self._backend.open(self._run):
                self._say(remark)
            while (point := self._next()) is not None:
                self._backend.write(point)
            self._backend.close()
        except (Exception, SystemExit) as error:  # libraries of others: whatever they raise
            self._switch_off(error)

    def _next(self) -> Point | None:
        with self._changed:
            while not self._waiting and not self._is_closing:
                self._changed.wait()
            return self._waiting.popleft() if self._waiting else None

    def _switch_off(self, error: BaseException) -> None:
        with self._changed:
            self._is_off = True
            self._waiting.clear()
            first = next(iter(str(error).splitlines()), "")[:300]
            kind = "" if isinstance(error, TrackerError) else f"{type(error).__name__}: "
            self._said.append(
                f"The tracker '{self.name}' is off, training goes on without it. {kind}{first}"
            )
        try:
            self._backend.close()
        except (Exception, SystemExit):  # it is broken already, and that was said
            return

    def _say(self, words: str) -> None:
        with self._changed:
            self._said.append(words)
