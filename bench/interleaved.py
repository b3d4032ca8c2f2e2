"""Processes that are measured in turns: A B C, A B C, ..., never two at once."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent


class WorkerError(RuntimeError):
    """A worker process ended before it answered."""


class Worker:
    """A process that answers each command line with a line of JSON."""

    def __init__(self, module: str, job: dict[str, Any]) -> None:
        """Start `python -m module`, send it the job, and wait for its first answer.

        Raises:
            WorkerError: It failed; the message ends with what it printed last.
        """
        self.module = module
        self._log: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
        )
        self.about = self.ask(json.dumps(job))

    def ask(self, command: str) -> dict[str, Any]:
        """Send one command and wait for its answer.

        Raises:
            WorkerError: The process ended.
        """
        assert self._process.stdin is not None  # opened as pipes above
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise WorkerError(f"{self.module} ended: {command}\n{self.end()[-3000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> str:
        """Close the pipes, wait for the process, and return what it printed."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._log.closed:
            return ""
        self._log.seek(0)
        text = self._log.read().decode("utf-8", errors="replace")
        self._log.close()
        return text


class Workers:
    """Several workers, started one after the other and ended together."""

    def __init__(self, module: str, jobs: dict[str, dict[str, Any]]) -> None:
        """Start a worker for each named job."""
        self.by_name: dict[str, Worker] = {}
        try:
            for name, job in jobs.items():
                self.by_name[name] = Worker(module, job)
        except BaseException:
            self.end()
            raise

    def __enter__(self) -> Workers:
        """Nothing more to do: they have started."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all."""
        self.end()

    def turn(self, command: str, names: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Give one command to each worker (or to those named) and wait for it before the next."""
        return {name: self.by_name[name].ask(command) for name in names or list(self.by_name)}

    def end(self) -> None:
        """End every worker."""
        for worker in self.by_name.values():
            worker.end()
