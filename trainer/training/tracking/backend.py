"""What every tracker can do, and what it is told when it begins."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from ...errors import TrainerError
from .points import Point


class TrackerError(TrainerError):
    """A tracker cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class TrackedRun:
    """The run as trackers show it.

    folder: where this tracker may write. config: settings by section and name, without anything
    private. steps_done: from where it goes on.
    """

    folder: Path
    project: str
    name: str
    tags: tuple[str, ...] = ()
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    steps_done: int = 0

    def flat_config(self) -> dict[str, Any]:
        """The settings as "section.name": value."""
        return {
            f"{section}.{name}": value
            for section, values in self.config.items()
            for name, value in values.items()
        }


class Backend(Protocol):
    """One tracker. All its methods are called from one thread of its own and may raise or hang."""

    name: str

    def open(self, run: TrackedRun) -> str:
        """Begin, or go on; a sentence where it works in another way than asked for, else ""."""

    def write(self, point: Point) -> None:
        """Log one point."""

    def close(self) -> None:
        """Finish what is still to be written."""


def import_library(name: str, package: str, shown: str) -> ModuleType:
    """Import a tracker's library, only now that it is wanted.

    Args:
        name: The module.
        package: What pip calls it.
        shown: What the tracker is called.

    Raises:
        TrackerError: It is not installed, or does not fit what is.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TrackerError(
            f"{shown} cannot be loaded ({error}). Install it with '-m pip install {package}', run "
            "with the Python that runs ComfyUI, or turn this tracker off."
        ) from error
