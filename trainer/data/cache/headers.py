"""The headers of a whole cache folder: which encoder made each file, and of which shape it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import CacheError
from ..file_index import FileIndex
from .cache_files import read_header

_ENCODERS = {"latents": "vae", "text": "text_encoder"}
"""The note that names the encoder, for each kind of file."""
_SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class CacheHeader:
    """What one file says of itself."""

    encoder: str
    """The encoder's identity; empty when the header cannot be read."""
    shape: tuple[int, ...]
    """Shape of the latents [C,F,h,w] or the text [L,D]; empty when the header cannot be read."""


def list_headers(folder: Path, kind: str) -> dict[str, CacheHeader]:
    """The header of every file of a kind, by key; only new and changed files are opened.

    Headers are remembered in `<kind>_index.jsonl` in the cache folder. A damaged file is listed
    with nothing known: the fault is reported by whoever needs the file.

    Args:
        folder: The cache folder.
        kind: "latents" or "text".
    """
    part = folder / kind
    index = FileIndex(folder / f"{kind}_index.jsonl", part)
    try:
        with os.scandir(part) as entries:
            files = [entry for entry in entries if entry.name.endswith(_SUFFIX)]
    except OSError:
        return {}
    headers = {
        entry.name.removesuffix(_SUFFIX): _header(part / entry.name, kind, index)
        for entry in sorted(files, key=lambda entry: entry.name)
    }
    index.save()
    return headers


def _header(path: Path, kind: str, index: FileIndex) -> CacheHeader:
    try:
        # Not the folder's own record of the file, which Windows may bring up to date later.
        status = os.stat(path)
        facts = index.facts(path.name, status)
        if facts is None:
            header = read_header(path)
            shape = [int(side) for side in header[kind]["shape"]]
            facts = [str(header.get("__metadata__", {}).get(_ENCODERS[kind], "")), shape]
            index.note(path.name, status, facts)
    except (OSError, CacheError, KeyError, TypeError, ValueError, AttributeError):
        return CacheHeader("", ())
    return CacheHeader(facts[0], tuple(facts[1]))
