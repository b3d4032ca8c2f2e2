"""The run folder: everything a run leaves on disk, readable and editable by hand.

config.toml      the settings
events.jsonl     one JSON object a line: what happened, with `type` and `time`
checkpoints/     LoRA files, one for each save
state/           what resuming needs
samples/         previews
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import StateError
from ...files import append_json_line, write_text

# Events that belong to a step and are taken back when the run resumes from before it.
STEP_EVENTS = frozenset({"step", "validation", "checkpoint", "sample"})


class Run:
    """Names of the parts of one run folder, and its event log."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is read or made yet."""
        self.folder = Path(folder)
        self.config_path = self.folder / "config.toml"
        self.events_path = self.folder / "events.jsonl"
        self.checkpoints = self.folder / "checkpoints"
        self.states = self.folder / "state"
        self.samples = self.folder / "samples"

    @property
    def exists(self) -> bool:
        """Whether a run was begun in this folder."""
        return self.events_path.exists() or self.states.exists()

    def checkpoint_path(self, name: str, epoch: int, step: int) -> Path:
        """File of the checkpoint of a step."""
        return self.checkpoints / f"{name}_epoch{epoch:04d}_step{step:06d}.safetensors"

    def relative(self, path: Path) -> str:
        """A path as events hold it: from the run folder, with forward slashes."""
        return path.relative_to(self.folder).as_posix()

    def append_event(self, kind: str, /, **values: Any) -> dict[str, Any]:
        """Append an event to the log and return it.

        Raises:
            OSError: The disk is full or the file cannot be written.
        """
        record = {"type": kind, "time": round(time.time(), 3), **values}
        # A full disk or a killed process may have left half a line: begin a new one after it.
        if not _ends_with_newline(self.events_path):
            with self.events_path.open("a", encoding="utf-8", newline="\n") as stream:
                stream.write("\n")
        append_json_line(self.events_path, record)
        return record

    def events(self) -> Iterator[dict[str, Any]]:
        """All events in order; half lines, left by a killed process, are passed over.

        Raises:
            StateError: There is no event log.
        """
        try:
            stream = self.events_path.open(encoding="utf-8", errors="replace")
        except OSError as error:
            raise StateError(
                f"'{self.folder}' is not a run folder: {error}. Give the folder of a run, the one "
                "that holds events.jsonl."
            ) from error
        with stream:
            for line in stream:
                try:
                    record = json.loads(line)
                except json.JSONDecodeError:
                    continue
                if isinstance(record, dict) and "type" in record:
                    yield record

    def drop_events_after(self, step: int) -> None:
        """Take back the step events after `step`, which will be made again."""
        if not self.events_path.exists():
            return
        kept = [record for record in self.events() if not _is_after(record, step)]
        lines = [json.dumps(record, ensure_ascii=False) for record in kept]
        write_text(self.events_path, "".join(line + "\n" for line in lines))


def _is_after(record: Mapping[str, Any], step: int) -> bool:
    if record["type"] == "verdict":  # its "step" is the one that it would take
        return bool(record.get("after", 0) > step)
    return record["type"] in STEP_EVENTS and record.get("step", 0) > step


def _ends_with_newline(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) == 0:
                return True
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"
    except FileNotFoundError:
        return True
