"""What trackers are told: numbers, words and pictures of one step, made from a run's events."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..runs.run_folder import Run

AVERAGED_STEPS = 70


@dataclass(frozen=True)
class Picture:
    """A preview: its file, and the words below it."""

    path: Path
    caption: str


@dataclass(frozen=True)
class Point:
    """All there is to log of one event.

    step: optimizer steps done. is_step: whether it is one of the many, of which some may be left
    out where a tracker cannot keep up.
    """

    step: int
    scalars: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    is_step: bool = False


class PointMaker:
    """Turns events into points, with the names that charts will carry."""

    def __init__(self, run_folder: Path) -> None:
        """Begin with an empty running average.

        Args:
            run_folder: Where the paths of samples begin.
        """
        self._folder = run_folder
        self._losses: deque[float] = deque(maxlen=AVERAGED_STEPS)
        self._last_step = 0

    def recall(self, steps_done: int) -> None:
        """Take up the average of a resumed run where it was.

        Raises:
            StateError: The run folder has no event log.
        """
        done = {
            record["step"]: record["loss"]
            for record in Run(self._folder).events()
            if record["type"] == "step" and record["step"] <= steps_done
        }
        self._losses.extend(done[step] for step in sorted(done)[-AVERAGED_STEPS:])
        self._last_step = steps_done

    def point_of(self, record: Mapping[str, Any]) -> Point | None:
        """The point of an event; None for events that no tracker shows."""
        makers = {
            "step": self._step,
            "validation": self._validation,
            "checkpoint": self._checkpoint,
            "sample": self._sample,
            "verdict": self._verdict,
            "stop": self._stop,
        }
        maker = makers.get(record["type"])
        return None if maker is None else maker(record)

    def _step(self, record: Mapping[str, Any]) -> Point:
        if record["step"] <= self._last_step:
            self._losses.clear()  # taken back to a checkpoint: the average begins anew
        self._last_step = record["step"]
        self._losses.append(record["loss"])
        values = {
            "loss": record["loss"],
            f"loss_average{AVERAGED_STEPS}": sum(self._losses) / len(self._losses),
            "learning_rate": record.get("lr"),
            "gradient_norm": record.get("grad_norm"),
            "prodigy_d": record.get("d"),
            "epoch": record.get("epoch"),
            "seconds/step": record.get("seconds"),
            "memory/device_mb": record.get("device_mb"),
            "memory/host_mb": record.get("host_mb"),
        }
        values |= {f"seconds/{name}": value for name, value in record.get("parts", {}).items()}
        return Point(record["step"], _numbers(values), is_step=True)

    def _validation(self, record: Mapping[str, Any]) -> Point:
        part = "probe" if record.get("part") == "probe" else "validation"
        sigmas = record.get("sigmas", ())
        values = {f"{part}/loss": record["loss"], "validation/share_of_time": record.get("share")}
        for sigma, loss in zip(sigmas, record.get("per_sigma", ()), strict=False):
            values[f"{part}/sigma_{sigma:g}"] = loss
        if part == "validation" and record.get("probe"):
            values["probe/loss"] = _mean(record["probe"])
        return Point(record["step"], _numbers(values))

    def _checkpoint(self, record: Mapping[str, Any]) -> Point:
        return Point(record["step"], texts={"checkpoint": record["path"]})

    def _sample(self, record: Mapping[str, Any]) -> Point:
        caption = f"step {record['step']}, seed {record.get('seed', 0)}: {record.get('text', '')}"
        picture = Picture(self._folder / record["path"], caption)
        number = int(record.get("prompt", 0)) + 1
        return Point(record["step"], pictures={f"samples/prompt_{number}": picture})

    def _verdict(self, record: Mapping[str, Any]) -> Point:
        words = " ".join(record.get("sentences", ()))
        texts = {"verdict": words} if words else {}
        # The record's own "step" is the one the verdict would take, not the one it was made at.
        return Point(self._last_step, texts=texts)

    def _stop(self, record: Mapping[str, Any]) -> Point:
        words = ": ".join(part for part in (record["reason"], record.get("text", "")) if part)
        return Point(record.get("step", self._last_step), texts={"stop": words})


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The values that are there and finite; charts have no place for others."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }


def _mean(rows: Sequence[Sequence[float]]) -> float:
    values = [value for row in rows for value in row]
    return sum(values) / len(values) if values else math.nan
