"""All runs of one place: found by name, put into the recycle folder and back."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from ...errors import ConflictError, NotFoundError
from ...files import when_free
from ..runs.run_folder import Run
from .run_view import RunView

# Charts of so many runs stay in memory; each costs about 9 MB at 100,000 steps.
_CHARTS_KEPT = 8


class RunLibrary:
    """The folders runs/ and recycled/ below `root`; nothing outside them is read or changed.

    A name is never made into a path: it has to be one of those that the folder lists. Links, and
    folders that are reached through one, are not runs.
    """

    def __init__(self, root: Path) -> None:
        """Name the place; it need not exist yet."""
        self.root = root
        self.runs = root / "runs"
        self.recycled = root / "recycled"
        self._views: dict[str, RunView] = {}
        self._charts: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Names of all runs."""
        return list(_run_names(self.runs))

    def recycled_names(self) -> list[str]:
        """Names of all runs in the recycle folder."""
        return list(_run_names(self.recycled))

    def view(self, name: str) -> RunView:
        """A run's contents.

        Raises:
            NotFoundError: There is no run of that name.
        """
        if not _has_run(self.runs, name):
            raise NotFoundError(_no_run(name, "Reload the list of runs."))
        with self._lock:
            return self._views.setdefault(name, RunView(self.runs / name))

    def views(self) -> list[RunView]:
        """The contents of all runs; what is not there any more is forgotten."""
        names = self.names()
        with self._lock:
            for gone in self._views.keys() - set(names):
                del self._views[gone]
            return [self._views.setdefault(name, RunView(self.runs / name)) for name in names]

    def view_chart(self, name: str) -> RunView:
        """As `view`, for a caller that will ask for the history: others' is forgotten in time."""
        view = self.view(name)
        with self._lock:
            self._charts[name] = None
            self._charts.move_to_end(name)
            oldest = next(iter(self._charts)) if len(self._charts) > _CHARTS_KEPT else None
            forgotten = None
            if oldest is not None:
                del self._charts[oldest]
                forgotten = self._views.get(oldest)
        if forgotten is not None:
            forgotten.forget_columns()
        return view

    def recycle(self, name: str) -> Path:
        """Move a run into the recycle folder; returns where it is now.

        Raises:
            NotFoundError: There is no run of that name.
            ConflictError: It cannot be moved.
        """
        source = self.view(name).folder
        target = _free_name(self.recycled, name)
        _move(source, target, f"The run '{name}' cannot be moved to the recycle folder")
        with self._lock:
            self._views.pop(name, None)
        return target

    def restore(self, name: str) -> Path:
        """Move a run out of the recycle folder; returns where it is now.

        Raises:
            NotFoundError: No run of that name is in the recycle folder.
            ConflictError: There is a run of that name again, or it cannot be moved.
        """
        if not _has_run(self.recycled, name):
            raise NotFoundError(
                f"There is no run '{_shown(name)}' in the recycle folder '{self.recycled}'."
            )
        target = self.runs / name
        if os.path.lexists(target):
            raise ConflictError(
                f"The run '{name}' cannot be restored, because there is a run of that name again. "
                "Rename or delete that one first."
            )
        _move(self.recycled / name, target, f"The run '{name}' cannot be restored")
        return target


def _run_names(folder: Path) -> Iterator[str]:
    for entry, home in _entries(folder):
        if _is_run(entry, home):
            yield entry.name


def _has_run(folder: Path, name: str) -> bool:
    return any(entry.name == name and _is_run(entry, home) for entry, home in _entries(folder))


def _entries(folder: Path) -> list[tuple[os.DirEntry[str], Path]]:
    try:
        home = folder.resolve(strict=True)
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if _is_text(entry.name)]
    except (OSError, RuntimeError):
        return []
    return [(entry, home) for entry in sorted(found, key=lambda entry: entry.name)]


def _is_run(entry: os.DirEntry[str], home: Path) -> bool:
    try:
        if entry.is_symlink() or not entry.is_dir(follow_symlinks=False):
            return False
        path = Path(entry.path)
        # A junction of Windows is no symbolic link to Python 3.10, but leads elsewhere as well.
        return Run(path).exists and path.resolve(strict=True) == home / entry.name
    except (OSError, RuntimeError):
        return False


def _is_text(name: str) -> bool:
    """Whether a name can be sent: one of bytes that are no UTF-8 cannot."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _free_name(folder: Path, name: str) -> Path:
    target, number = folder / name, 1
    while os.path.lexists(target):
        number += 1
        target = folder / f"{name} ({number})"
    return target


def _move(source: Path, target: Path, failed: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        when_free(lambda: os.rename(source, target))
    except OSError as error:
        raise ConflictError(
            f"{failed}: {error.strerror or error}. Close whatever has its files open and try again."
        ) from error


def _no_run(name: str, advice: str) -> str:
    return f"There is no run '{_shown(name)}'. {advice}"


def _shown(name: str) -> str:
    return name[:100].encode("utf-8", "replace").decode("utf-8")
