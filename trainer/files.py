"""Files written whole or not at all.

Every function writes to a temporary file in the same folder, flushes it to the disk and then
replaces the target in one step, so that a crash, a full disk or a cancelled run never leaves
half a file under a name that something else will read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

_TRIES = 10
_SECONDS_BETWEEN_TRIES = 0.03


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically; parent folders are made as needed.

    Raises:
        OSError: The disk is full or the folder cannot be written; `path` is then unchanged.
    """
    with _temporary_beside(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with line feeds to `path` atomically."""
    write_bytes(path, text.encode("utf-8"))


def save_tensors(
    path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file atomically.

    Args:
        path: Target file.
        tensors: Tensors of any shape; copied to the CPU and made contiguous.
        metadata: Text fields for the file's header.
    """
    ready = {name: value.detach().to("cpu").contiguous() for name, value in tensors.items()}
    with _temporary_beside(path) as temporary:
        save_file(ready, temporary, metadata=dict(metadata or {}))


def copy_file(source: Path, target: Path) -> None:
    """Copy a file of any size to `target` atomically; parent folders are made as needed.

    Raises:
        OSError: One of them cannot be read or written; `target` is then unchanged.
    """
    with _temporary_beside(target) as temporary:
        shutil.copyfile(source, temporary)


def append_json_line(path: Path, record: Mapping[str, Any]) -> None:
    """Append one JSON object as a line; NaN and infinity are refused by the JSON encoder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
    with path.open("a", encoding="utf-8", newline="\n") as stream:
        stream.write(line)


def digest_bytes(data: bytes) -> str:
    """Content digest of `data`: 32 hexadecimal digits (BLAKE2b, 16 bytes)."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def digest_file(path: Path) -> str:
    """Content digest of a file, read in pieces: 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        for piece in iter(lambda: stream.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def when_free(change: Callable[[], None]) -> None:
    """Make a change to a file's name, trying again for a moment while another thread reads it.

    Windows refuses to move or replace a file that is open; readers of the pack are quick.

    Raises:
        OSError: It is still not possible, or was refused for another reason.
    """
    for _ in range(_TRIES - 1):
        try:
            return change()
        except PermissionError:
            time.sleep(_SECONDS_BETWEEN_TRIES)
    return change()


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not mkstemp: its files are readable by their owner only, and the result would be too.
    # A name has room for 255 bytes, and one letter may take four.
    start = path.name.encode("ascii", "replace").decode().replace("?", "_")[:60]
    temporary = path.parent / f".{start}.{secrets.token_hex(8)}.part"
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        # fsync needs a handle that may write, on Windows too.
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        when_free(lambda: os.replace(temporary, path))
    finally:
        temporary.unlink(missing_ok=True)
