"""What a list of runs says of each: read without looking into every step of its log."""

from __future__ import annotations

from collections import deque
from typing import Any

from .log_file import parse_line, whole_number

# The running average of 70 that charts begin with has so many losses at the curve's end.
_LOSSES_SHOWN = 36
_SAMPLES_KEPT = 24
# A step as the pack itself writes it: of these only the last ones are parsed.
_STEP_START = b'{"type": "step",'
_STATE_OF_REASON = {
    "finished": "finished",
    "stopped": "stopped",
    "auto_stopped": "stopped",
    "cancelled": "cancelled",
    "diverged": "failed",
    "error": "failed",
}


def state_of(start: dict[str, Any] | None, stop: dict[str, Any] | None) -> str:
    """How a run ended that does not run now; "interrupted" when it was killed."""
    if stop is None:
        return "interrupted"
    return _STATE_OF_REASON.get(str(stop.get("reason")), "failed")


class Summary:
    """The last step, the state, the verdict and the newest samples of a run."""

    def __init__(self) -> None:
        """Empty."""
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.started: float | None = None
        self.start: dict[str, Any] | None = None
        self.stop: dict[str, Any] | None = None
        self.verdict: dict[str, Any] | None = None
        self.steps_total = 0
        self.samples: deque[str] = deque(maxlen=_SAMPLES_KEPT)
        self.checkpoints: dict[int, str] = {}
        self._steps: deque[bytes] = deque(maxlen=_LOSSES_SHOWN)

    def take(self, line: bytes) -> None:
        """Take a line of the log; rubbish is passed over."""
        if line.startswith(_STEP_START):
            self._steps.append(line)
            return
        record = parse_line(line)
        if record is None:
            return
        kind, step = record["type"], whole_number(record.get("step"))
        if kind == "step":
            self._steps.append(line)
        elif kind == "start":
            self._take_start(record)
        elif kind == "stop":
            self.stop = record
        elif kind == "verdict":
            self.verdict = record
        elif kind == "control" and record.get("action") == "set_steps":
            self.steps_total = whole_number(record.get("value")) or self.steps_total
        elif kind == "checkpoint" and step is not None and isinstance(record.get("path"), str):
            self.checkpoints[step] = record["path"]
        elif kind == "sample" and isinstance(record.get("path"), str):
            self.samples.append(record["path"])

    def _take_start(self, record: dict[str, Any]) -> None:
        self.start, self.stop = record, None
        self.steps_total = whole_number(record.get("steps_total")) or 0
        time = record.get("time")
        if self.started is None and isinstance(time, int | float):
            self.started = float(time)

    def last_step(self) -> tuple[int, float | None]:
        """The last step, 0 when there is none, and the mean of the last losses."""
        records = [record for record in map(parse_line, self._steps) if record is not None]
        losses = [record.get("loss") for record in records]
        numbers = [float(loss) for loss in losses if isinstance(loss, int | float)]
        steps = [whole_number(record.get("step")) for record in records]
        known = [step for step in steps if step is not None]
        return (known[-1] if known else 0), (sum(numbers) / len(numbers) if numbers else None)
