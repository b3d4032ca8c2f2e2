"""The worker's side of the pipes: waits for a command, and measures what happens until its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TextIO

from ..live_memory import MemoryRecorder
from .parts import PartsRecorder

_RECORDERS: dict[str, Callable[[], MemoryRecorder | PartsRecorder]] = {
    "memory": MemoryRecorder,
    "parts": PartsRecorder,
}


class PipeClosedError(Exception):
    """The parent wants no more steps."""


class Turns:
    """One command a step: "time", "memory" or "parts"; answers are lines of JSON."""

    def __init__(self, commands: TextIO, answers: TextIO) -> None:
        """Read commands from one stream and answer on the other."""
        self._commands = commands
        self._answers = answers
        self._started = 0.0
        self._recorder: MemoryRecorder | PartsRecorder | None = None

    def ready(self, about: dict[str, Any]) -> None:
        """Say that everything is built and the first step is done."""
        self._answer(about)

    def begin(self) -> None:
        """Wait for the next command and start measuring.

        Raises:
            PipeClosedError: There is none.
        """
        command = self._commands.readline().strip()
        if not command:
            raise PipeClosedError
        if command != "time":
            self._recorder = _RECORDERS[command]()
            self._recorder.start()
        self._started = time.perf_counter()

    def end(self, more: dict[str, Any] | None = None) -> None:
        """Stop measuring and answer."""
        seconds = time.perf_counter() - self._started
        answer: dict[str, Any] = {"seconds": seconds}
        if isinstance(self._recorder, MemoryRecorder):
            answer["peak"] = self._recorder.stop().peak
        elif self._recorder is not None:
            answer["parts"] = self._recorder.stop()
        self._recorder = None
        self._answer(answer | (more or {}))

    def serve(self, step: Callable[[], dict[str, Any] | None], about: dict[str, Any]) -> None:
        """Run a step for every command until the parent closes the pipe."""
        self.ready(about)
        while True:
            try:
                self.begin()
            except PipeClosedError:
                return
            self.end(step())

    def _answer(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()
