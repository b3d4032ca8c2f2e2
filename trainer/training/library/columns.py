"""The course of a run in columns, as a chart wants it, kept up to date line by line."""

from __future__ import annotations

import json
import math
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..runs.history import History, collect_history
from .log_file import parse_line, whole_number

STEP_NUMBERS = ("loss", "lr", "grad_norm", "seconds", "d", "epoch", "device_mb", "host_mb")
_SECONDS_OF = ("load", "model", "optimizer")
_COLUMNS = (*STEP_NUMBERS, *_SECONDS_OF)
_MARKS = {"validation": "validation", "checkpoint": "checkpoints", "sample": "samples"}
_WARNINGS_KEPT = 100
# So many numbers are written at once: other threads get their turn in between.
_CHUNK = 2000


class Columns:
    """One number a step in each column, NaN where the log has none, and all other events.

    Of two events of one step the later one counts, as when a killed run did a step again.
    """

    def __init__(self) -> None:
        """Empty."""
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.steps = array("q")
        self.columns = {name: array("d") for name in _COLUMNS}
        self._has = dict.fromkeys(_COLUMNS, False)
        self._marks: dict[str, dict[object, dict[str, Any]]] = {name: {} for name in _MARKS}
        self.controls: list[dict[str, Any]] = []
        self._length: list[dict[str, Any]] = []
        self.warnings: deque[dict[str, Any]] = deque(maxlen=_WARNINGS_KEPT)
        self.start: dict[str, Any] | None = None
        self.stop: dict[str, Any] | None = None
        self.verdict: dict[str, Any] | None = None
        self.last_step: dict[str, Any] | None = None

    def take(self, line: bytes) -> None:
        """Take a line of the log; rubbish is passed over."""
        record = parse_line(line)
        if record is None:
            return
        kind = record["type"]
        if kind == "step":
            self._take_step(record)
        elif kind in _MARKS:
            self._take_mark(kind, record)
        elif kind == "start":
            self.start, self.stop = record, None
            self._length.append(record)
        elif kind == "stop":
            self.stop = record
        elif kind == "verdict":
            self.verdict = record
        elif kind == "control":
            self.controls.append(record)
            self._length.append(record)
        elif kind == "warning":
            self.warnings.append(record)

    def marks(self, kind: str) -> list[dict[str, Any]]:
        """Events of a kind that belong to a step, in the order of steps."""
        return sorted(self._marks[kind].values(), key=lambda record: int(record["step"]))

    def history(self, folder: Path) -> History:
        """The same as a History, without reading the log again.

        Raises:
            KeyError, TypeError, ValueError: An event other than a step lacks something.
        """
        marks = [record for kind in _MARKS for record in self.marks(kind)]
        course = collect_history(folder, [*self._length, *marks])
        columns = self.columns
        return replace(
            course,
            steps=tuple(self.steps),
            losses=tuple(columns["loss"]),
            epochs=tuple(int(epoch) if epoch == epoch else 0 for epoch in columns["epoch"]),
            learning_rates=tuple(columns["lr"]),
            gradient_norms=tuple(columns["grad_norm"]),
            seconds=tuple(columns["seconds"]),
            ds=tuple(columns["d"]),
        )

    def _take_mark(self, kind: str, record: dict[str, Any]) -> None:
        step = whole_number(record.get("step"))
        if step is None:
            return
        key: object = step
        if kind != "validation" and not isinstance(record.get("path"), str):
            return
        if kind == "sample":
            key = record["path"]
        self._marks[kind][key] = record

    def _take_step(self, record: dict[str, Any]) -> None:
        step = whole_number(record.get("step"))
        if step is None:
            return
        parts = record.get("parts")
        values = {**(parts if isinstance(parts, dict) else {}), **record}
        if not self.steps or step > self.steps[-1]:
            place, is_new = len(self.steps), True
        else:
            place = bisect_left(self.steps, step)
            is_new = self.steps[place] != step
        if is_new:
            self.steps.insert(place, step)
        for name, column in self.columns.items():
            number = _number(values.get(name))
            self._has[name] |= number == number
            if is_new:
                column.insert(place, number)
            else:
                column[place] = number
        self.last_step = record

    def to_json(self, more: Mapping[str, Any]) -> str:
        """All of it as one JSON object, with `more` beside it; [] for columns without a number."""
        fields = {
            **more,
            "controls": self.controls,
            "warnings": list(self.warnings),
            "start": self.start,
            "stop": self.stop,
            "last_step": self.last_step,
        }
        texts = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields.items()]
        texts.append(f'"step":[{_whole_text(self.steps)}]')
        for name, column in self.columns.items():
            texts.append(f'"{name}":[{_number_text(column) if self._has[name] else ""}]')
        return "{" + ",".join(texts) + "}"


def _number(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or abs(value) > 1e300:  # type: ignore[arg-type]
        return math.nan
    return float(value)  # type: ignore[arg-type]


def _whole_text(values: array[int]) -> str:
    return ",".join(
        ",".join(map(str, values[at : at + _CHUNK])) for at in range(0, len(values), _CHUNK)
    )


def _number_text(values: array[float]) -> str:
    """Seven digits: more than a loss in fp32 has, and half as long as all of them."""
    return ",".join(
        ",".join(map(_short_number, values[at : at + _CHUNK]))
        for at in range(0, len(values), _CHUNK)
    )


def _short_number(value: float) -> str:
    return f"{value:.7g}" if value == value else "null"
