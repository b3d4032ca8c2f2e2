"""The settings as a tracker may show them to others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from ...settings import looks_like_key

HIDDEN = "(hidden)"


def shareable_config(values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """A copy in which paths are only their last name and nothing looks like a key.

    A path tells the user's name and how the disk is laid out; trackers' pages are often public.
    """
    return {
        section: {name: _shareable(value) for name, value in content.items()}
        for section, content in values.items()
    }


def _shareable(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute():
        value = PureWindowsPath(value).name  # knows both kinds of slashes
    elif value.startswith(("~", "..")):
        value = PureWindowsPath(value).name
    return HIDDEN if looks_like_key(value) else value
