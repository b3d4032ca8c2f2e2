"""One run as the library shows it: kept in memory, and brought up to date when it is asked for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...errors import StateError
from ..results.verdict import judge
from ..runs.run_folder import Run
from .columns import Columns
from .contents import file_inside, folder_bytes, read_settings, stamp_of
from .log_file import LogFile, LogFollower, finite, parse_line
from .summary import Summary, state_of

_SAMPLES_SHOWN = 4
_VERDICT_SHOWN = ("step", "decided_by", "stop_now", "sentences")
_CHANGING = ("events.jsonl", "checkpoints", "state", "samples")


class RunView:
    """Reads of one run folder; any thread may ask, one at a time is served."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is read yet."""
        self.folder = folder
        self.log = LogFile(Run(folder).events_path)
        self._lock = threading.Lock()
        self._summary = Summary()
        self._summary_follower = LogFollower(self.log, self._summary)
        self._columns: Columns | None = None
        self._columns_follower: LogFollower | None = None
        self._size: tuple[object, int] = (None, 0)
        self._verdict: tuple[object, dict[str, Any]] = (None, {})
        self._settings: tuple[object, dict[str, Any]] = (None, {})

    def overview(self, live_state: str | None = None) -> dict[str, Any]:
        """The run's entry in the list of runs.

        Args:
            live_state: "running" or "paused" when it runs now.
        """
        with self._lock:
            self._summary_follower.catch_up()
            summary = self._summary
            step, loss = summary.last_step()
            ((changed_ns, _),) = stamp_of(self.folder, ("events.jsonl",))
            return {
                "name": self.folder.name,
                "started": summary.started,
                "updated": round(changed_ns / 1e9, 3),
                "state": live_state or state_of(summary.start, summary.stop),
                "step": step,
                "steps_total": summary.steps_total,
                "loss": loss,
                "bytes": self._bytes(),
                "samples": self._sample_addresses(),
                "verdict": _short_verdict(summary.verdict),
                "settings": self._current_settings(),
                "checkpoints": len(self._existing(list(summary.checkpoints.values()))),
            }

    def history(self, live_state: str | None = None) -> str:
        """Everything a chart draws, as JSON text."""
        with self._lock:
            columns, follower = self._current_columns()
            marks = {
                "validation": columns.marks("validation"),
                "checkpoints": self._with_file(columns.marks("checkpoint")),
                "samples": self._with_file(columns.marks("sample")),
            }
            return columns.to_json(
                {
                    "name": self.folder.name,
                    "state": live_state or state_of(columns.start, columns.stop),
                    "next": follower.offset,
                    "id": follower.log_id,
                    "verdict": columns.verdict,
                    "settings": self._current_settings(),
                    **marks,
                }
            )

    def events(self, after: int, log_id: str = "") -> dict[str, Any]:
        """Events from byte `after` of the log on, a piece at a time."""
        piece = self.log.read(after, log_id)
        found = [record for record in map(parse_line, piece.lines) if record is not None]
        answer = {"events": found, "next": piece.next, "id": piece.log_id}
        answer["more"] = piece.has_more and bool(piece.lines)
        return answer | {"reset": True} if piece.is_reset else answer

    def verdict(self, window: int) -> dict[str, Any]:
        """What the run's log says by now, judged anew only when there is more in it.

        Args:
            window: Steps of the guide's running average.

        Raises:
            StateError: There is no log, or it holds events that cannot be read.
            ConfigError: The window is below 1.
        """
        with self._lock:
            columns, follower = self._current_columns()
            key = (follower.log_id, follower.offset, window)
            if self._verdict[0] != key:
                self._verdict = (key, self._judge(columns, window))
            return self._verdict[1]

    def _judge(self, columns: Columns, window: int) -> dict[str, Any]:
        try:
            history = columns.history(self.folder)
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(
                f"'{self.log.path}' holds events that cannot be read: {error!r}. Mend or remove "
                "those lines."
            ) from error
        judged: dict[str, Any] = finite(judge(history, window).to_dict())
        return judged

    def forget_columns(self) -> None:
        """Give the memory of the chart's numbers back."""
        with self._lock:
            self._columns = self._columns_follower = None

    def _current_columns(self) -> tuple[Columns, LogFollower]:
        if self._columns is None or self._columns_follower is None:
            self._columns = Columns()
            self._columns_follower = LogFollower(self.log, self._columns)
        self._columns_follower.catch_up()
        return self._columns, self._columns_follower

    def _bytes(self) -> int:
        stamp = stamp_of(self.folder, _CHANGING)
        if self._size[0] != stamp:
            self._size = (stamp, folder_bytes(self.folder))
        return self._size[1]

    def _current_settings(self) -> dict[str, Any]:
        stamp = stamp_of(self.folder, ("config.toml",))
        if self._settings[0] != stamp:
            self._settings = (stamp, read_settings(self.folder))
        return self._settings[1]

    def _sample_addresses(self) -> list[str]:
        newest: list[str] = []
        for path in reversed(self._summary.samples):
            is_new = path not in newest and len(newest) < _SAMPLES_SHOWN
            if is_new and file_inside(self.folder, "samples", path) is not None:
                newest.append(path)
        return [sample_address(self.folder.name, path) for path in newest]

    def _with_file(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        there = self._existing([record["path"] for record in records])
        return [record for record in records if record["path"] in there]

    def _existing(self, paths: list[str]) -> set[str]:
        """Those of the paths whose file is there; each folder is listed once for all of them."""
        names: dict[str, set[str]] = {}
        found = set()
        for path in paths:
            parent, _, name = path.rpartition("/")
            if parent not in ("checkpoints", "samples"):
                continue
            if parent not in names:
                names[parent] = _names_in(self.folder / parent)
            if name in names[parent]:
                found.add(path)
        return found


def sample_address(run_name: str, path: str) -> str:
    """Where the server gives a sample's picture."""
    return f"/hunyuan_lora/runs/{quote(run_name, safe='')}/file?path={quote(path, safe='/')}"


def _names_in(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir()}
    except OSError:
        return set()


def _short_verdict(verdict: dict[str, Any] | None) -> dict[str, Any] | None:
    if verdict is None:
        return None
    return {name: finite(verdict.get(name)) for name in _VERDICT_SHOWN}
