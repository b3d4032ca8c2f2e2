"""Files inside a run folder: found only where they really lie in it, whatever links say."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import NotFoundError
from .log_file import finite

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PICTURE_TYPES = {
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
}
_FORBIDDEN = set('\\:*?"<>|')


def file_inside(folder: Path, part: str, path: object) -> Path | None:
    """A file of a run by its path from the run folder, or None.

    Args:
        folder: The run folder.
        part: The folder below it in which the file must lie, links resolved ("samples").
        path: The path, with forward slashes, as events hold it; anything at all may come.
    """
    if not isinstance(path, str) or len(path) > 1000:
        return None
    names = path.split("/")
    is_plain = all(name not in ("", ".", "..") for name in names)
    has_forbidden = any(letter in _FORBIDDEN or ord(letter) < 32 for letter in path)
    if len(names) < 2 or names[0] != part or not is_plain or has_forbidden:
        return None
    try:
        home = folder.resolve(strict=True) / part
        found = folder.joinpath(*names).resolve(strict=True)
        return found if found.is_relative_to(home) and found.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None


def find_picture(folder: Path, path: object) -> Path:
    """A sample's picture.

    Raises:
        NotFoundError: It is no picture of this run's samples.
    """
    found = file_inside(folder, "samples", path)
    if found is None or found.suffix.lower() not in PICTURE_TYPES:
        raise NotFoundError(
            f"'path' is {str(path)[:200]!r}, which is no picture of the run '{folder.name}'. "
            "Give the path of a sample as the run's log has it."
        )
    return found


def own_file(folder: Path, name: str) -> Path | None:
    """A file right in a run folder, or None when it is missing or a link out of it."""
    try:
        home = folder.resolve(strict=True)
        found = (folder / name).resolve(strict=True)
        return found if found.parent == home and found.is_file() else None
    except (OSError, RuntimeError):
        return None


def folder_bytes(folder: Path) -> int:
    """Size of everything in a folder; links are not followed, and files that vanish count 0."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total


def stamp_of(folder: Path, names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Something that changes when one of these files, or the list in one of these folders, does."""
    stamps = []
    for name in names:
        try:
            status = os.stat(folder / name)
            stamps.append((status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append((0, 0))
    return tuple(stamps)


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings in config.toml as "section.name": value; empty when they cannot be read."""
    path = own_file(folder, "config.toml")
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    flat: dict[str, Any] = {}
    for section, content in values.items():
        inner = content if isinstance(content, Mapping) else {"": content}
        for name, value in inner.items():
            flat[f"{section}.{name}".rstrip(".")] = _plain(value)
    return flat


def _plain(value: object) -> Any:
    """A TOML value as JSON: dates and nested tables become text."""
    if value is None or isinstance(value, bool | int | float | str):
        return finite(value)
    if isinstance(value, list) and all(isinstance(v, bool | int | float | str) for v in value):
        return finite(value)
    return str(value)
