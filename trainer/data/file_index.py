"""What is known of files without opening them again: a small JSON file beside a cache.

A file's entry counts only while its size and its times of change are the same. Everything in the
index can be found again in the files themselves: it may be deleted, cut or read-only.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from pathlib import Path
from typing import Any

from ..files import write_text

SETTLED_NS = 2_000_000_000
"""A file younger than this is not noted: a second change could leave its times as they are, because
some file systems count in steps of two seconds."""

_FORMAT = 1
_STAMPS = 3


class FileIndex:
    """Facts about files by name, each as long as its file is unchanged."""

    def __init__(self, path: Path, base: Path) -> None:
        """Read the index, or begin an empty one where there is none that can be read.

        Args:
            path: The index. Its folder is not made: without a folder nothing is remembered.
            base: Folder that names are relative to; an absolute name stands for itself.
        """
        self._path = path
        self._base = base
        self._entries = _read(path)
        self._asked: set[str] = set()
        self._has_news = False

    def facts(self, name: str, status: os.stat_result) -> list[Any] | None:
        """What was noted of the file, or None when it is not known or has changed since."""
        self._asked.add(name)
        entry = self._entries.get(name)
        return None if entry is None or entry[:_STAMPS] != _stamps(status) else entry[_STAMPS:]

    def note(self, name: str, status: os.stat_result, facts: list[Any]) -> None:
        """Remember facts for `save`, unless the file is too young to notice a next change.

        Args:
            name: The file.
            status: From before the file was read, so that a change while reading is noticed.
            facts: Values that JSON can hold.
        """
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < SETTLED_NS:
            return
        self._entries[name] = [*_stamps(status), *facts]
        self._has_news = True

    def save(self) -> None:
        """Write what is new; a folder that cannot be written only costs time at the next start.

        Entries of files that are gone are dropped.
        """
        if not self._has_news or not self._path.parent.is_dir():
            return
        kept = {
            name: entry
            for name, entry in self._entries.items()
            if name in self._asked or os.path.lexists(self._base / name)
        }
        body = json.dumps(kept, separators=(",", ":"))
        head = json.dumps({"format": _FORMAT, "crc32": _checksum(body)})
        with contextlib.suppress(OSError):
            write_text(self._path, f"{head}\n{body}\n")
            self._has_news = False


def _stamps(status: os.stat_result) -> list[int]:
    # The second time also changes where the first is set back, as copying programs do.
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(path: Path) -> dict[str, list[Any]]:
    try:
        head, body = path.read_text(encoding="utf-8").splitlines()
        if json.loads(head) != {"format": _FORMAT, "crc32": _checksum(body)}:
            return {}
        entries = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('ascii')):08x}"
