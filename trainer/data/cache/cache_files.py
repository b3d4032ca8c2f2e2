"""One cache file: safetensors with a checksum, so that damage is found before it is trained on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from ...errors import CacheError
from ...files import save_tensors

_KINDS = ("latents", "text")
_FORMAT = "hunyuan_lora_studio_cache_1"
_LENGTH_BYTES = 8
_LONGEST_HEADER = 1 << 20


def write_cache_file(
    path: Path, kind: str, tensors: Mapping[str, torch.Tensor], notes: Mapping[str, str]
) -> None:
    """Write tensors with their checksum and what they are.

    Args:
        path: Named after its key.
        kind: "latents" or "text".
        tensors: float32 on the CPU.
        notes: Said in the header, for a person who looks at the file.

    Raises:
        CacheError: The disk is full or the folder cannot be written.
    """
    metadata = {
        **notes,
        "format": _FORMAT,
        "kind": kind,
        "key": path.stem,
        "crc32": _checksum(tensors),
    }
    try:
        save_tensors(path, tensors, metadata)
    except (OSError, SafetensorError) as error:
        raise CacheError(
            f"Cannot write the cache file '{path}': {error}. Check free space and permissions; "
            "what is cached already is kept."
        ) from error


def read_cache_file(path: Path, kind: str) -> dict[str, torch.Tensor]:
    """Read and check a cache file.

    The tensors are copies: a memory-mapped one would crash the process when its file is cut, and
    keep Windows from replacing the file.

    Args:
        path: The file.
        kind: "latents" or "text".

    Raises:
        CacheError: The file is missing, damaged or of another kind.
    """
    data = _read_checked(path, kind)
    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise _damaged(path, f"is damaged ({error})") from error


def read_shape(path: Path, name: str) -> tuple[int, ...]:
    """Read the shape of one tensor from the header alone.

    Raises:
        CacheError: The file is missing or damaged.
    """
    header = read_header(path)
    try:
        return tuple(int(side) for side in header[name]["shape"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"is damaged ({error})") from error


def read_header(path: Path) -> dict[str, Any]:
    """Read the header alone: each tensor's name with its shape, and the notes.

    Raises:
        CacheError: The file is missing or damaged.
    """
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
            return _parse_header(path, stream.read(min(length, _LONGEST_HEADER)), length)
    except FileNotFoundError as error:
        raise _damaged(path, "is missing") from error
    except OSError as error:
        raise _damaged(path, f"is damaged ({error})") from error


def check_file(path: Path) -> str:
    """Read a cache file whole; returns what is wrong with it, or "" when all is well."""
    try:
        _read_checked(path, path.parent.name)
    except CacheError as error:
        return str(error)
    return ""


def list_cache_files(folder: Path) -> list[Path]:
    """List all files of a cache folder, by name.

    Raises:
        CacheError: The folder does not exist or is no cache.
    """
    parts = [folder / kind for kind in _KINDS if (folder / kind).is_dir()]
    if not parts:
        raise CacheError(
            f"'{folder}' is no cache folder: it has no '{_KINDS[0]}' or '{_KINDS[1]}' folder "
            "inside. Give the folder that the caching wrote to."
        )
    return sorted(path for part in parts for path in part.glob("*.safetensors"))


def _read_checked(path: Path, kind: str) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise _damaged(path, "is missing") from error
    except OSError as error:
        raise _damaged(path, f"cannot be read ({error.strerror})") from error
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    header = _parse_header(path, data[_LENGTH_BYTES:start], length)
    metadata = header.get("__metadata__", {})
    if metadata.get("format") != _FORMAT or metadata.get("kind") != kind or kind not in header:
        raise _damaged(path, f"holds no {kind} of this trainer")
    if metadata.get("key") != path.stem:
        raise _damaged(path, "was renamed")
    if metadata.get("crc32") != f"{zlib.crc32(memoryview(data)[start:]):08x}":
        raise _damaged(path, "is damaged (its checksum differs)")
    return data


def _parse_header(path: Path, text: bytes, length: int) -> dict[str, Any]:
    try:
        header = json.loads(text) if len(text) == length else None
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise _damaged(path, "is damaged (it has no whole header)")
    return header


def _damaged(path: Path, what: str) -> CacheError:
    return CacheError(
        f"The cache file '{path}' {what}. Run the caching again; only missing and damaged files "
        "are encoded again."
    )


def _checksum(tensors: Mapping[str, torch.Tensor]) -> str:
    # Tensors of one type lie in the file in the order of their names, without gaps.
    value = 0
    for name in sorted(tensors):
        flat = tensors[name].detach().contiguous().view(-1)
        value = zlib.crc32(flat.numpy().tobytes(), value)
    return f"{value:08x}"
