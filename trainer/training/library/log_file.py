"""An event log that grows while it is read: whole lines from any place on, rewriting noticed."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

PIECE_BYTES = 1 << 20
_TAIL_BYTES = 256
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole lines of a log.

    log_id: changes when the log was rewritten. next: where to read on, in bytes. is_reset: these
    lines are the log's first, because what was read before is not in the log any more. has_more:
    whether there was more in the file, be it only half a line.
    """

    log_id: str
    lines: Sequence[bytes]
    next: int
    is_reset: bool
    has_more: bool


class LogFile:
    """One events.jsonl. Files are open only for a moment: Windows cannot replace an open file."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self.path = path
        self.bytes_read = 0
        self._lock = threading.Lock()
        self._log_id = secrets.token_hex(8)
        self._file = (0, 0)
        self._tail = b""
        self._tail_end = 0

    def read(self, after: int, log_id: str = "", limit: int = PIECE_BYTES) -> Piece:
        """Whole lines from byte `after` on, about `limit` bytes of them; none when there is no log.

        A log that is a link is none.

        Args:
            after: Where the last reading ended.
            log_id: The log that `after` belongs to; empty when it is not known.
            limit: Bytes to read; a single longer line is passed over.
        """
        # A link could lead to a file that is none of the run's.
        if self.path.is_file() and not self.path.is_symlink():
            with contextlib.suppress(FileNotFoundError), self._lock, self.path.open("rb") as stream:
                return self._read(stream, after, log_id, limit)
        return Piece("", (), 0, after > 0, False)

    def _read(self, stream: BinaryIO, after: int, log_id: str, limit: int) -> Piece:
        size = self._recognize(stream)
        is_other = log_id not in ("", self._log_id)
        start = 0 if is_other or not _is_line_start(stream, after, size) else after
        stream.seek(start)
        data = stream.read(limit)
        self.bytes_read += len(data)
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) == limit:
            end = self._end_of_long_line(stream, limit)
            data = b""
        lines = data[:end].splitlines() if data else []
        is_reset = start != after or is_other
        return Piece(self._log_id, lines, start + end, is_reset, start + end < size)

    def _end_of_long_line(self, stream: BinaryIO, passed: int) -> int:
        """Bytes up to the end of a line of which `passed` were read; 0 while it has no end."""
        while data := stream.read(PIECE_BYTES):
            self.bytes_read += len(data)
            if b"\n" in data:
                return passed + data.index(b"\n") + 1
            passed += len(data)
        return 0

    def _recognize(self, stream: BinaryIO) -> int:
        """Size of the file; a new id when it is not the one of last time, grown or the same."""
        status = os.fstat(stream.fileno())
        file, size = (status.st_dev, status.st_ino), status.st_size
        start = self._tail_end - len(self._tail)
        # A file number is used again after a file was replaced twice, so its end counts as well.
        is_other = file != self._file or _bytes_at(stream, start, len(self._tail)) != self._tail
        if is_other:
            self._log_id = secrets.token_hex(8)
            self._file = file
        if is_other or size != self._tail_end:
            start = max(0, size - _TAIL_BYTES)
            self._tail = _bytes_at(stream, start, size - start)
            self._tail_end = start + len(self._tail)
        return size


def _is_line_start(stream: BinaryIO, place: int, size: int) -> bool:
    if place == 0:
        return True
    return 0 < place <= size and _bytes_at(stream, place - 1, 1) == b"\n"


def _bytes_at(stream: BinaryIO, start: int, count: int) -> bytes:
    stream.seek(start)
    return stream.read(count)


class LineConsumer(Protocol):
    """What a follower hands lines to."""

    def clear(self) -> None:
        """Forget everything: the log starts anew."""

    def take(self, line: bytes) -> None:
        """Take the next whole line."""


class LogFollower:
    """Hands every line of a log to a consumer once, and all again when the log was rewritten."""

    def __init__(self, log: LogFile, consumer: LineConsumer) -> None:
        """Begin at the log's start."""
        self._log = log
        self._consumer = consumer
        self.log_id = ""
        self.offset = 0

    def catch_up(self) -> None:
        """Take what is new."""
        while True:
            piece = self._log.read(self.offset, self.log_id)
            if piece.is_reset:
                self._consumer.clear()
            self.log_id = piece.log_id
            for line in piece.lines:
                self._consumer.take(line)
            is_done = not piece.has_more or piece.next == self.offset
            self.offset = piece.next
            if is_done:
                return


def parse_line(line: bytes) -> dict[str, Any] | None:
    """The event in a line, with null for NaN and infinity; None for rubbish."""
    try:
        record = json.loads(line.decode("utf-8", "replace"))
        if not isinstance(record, dict) or not isinstance(record.get("type"), str):
            return None
        return {name: finite(value) for name, value in record.items()}
    except (ValueError, RecursionError):
        return None


def finite(value: Any, depth: int = 0) -> Any:
    """A JSON value without NaN and infinity, which browsers refuse.

    Raises:
        ValueError: It is nested too deep to be an event.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {name: finite(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner, depth + 1) for inner in value]
    return value


def whole_number(value: object) -> int | None:
    """A count as logs hold it, or None for anything else."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if is_count else None  # type: ignore[return-value]
