"""Columns of a run's steps, from logs as they are and as they should not be."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tests.run_folders import lines_of, made_run, start_event, step_event, usual_events
from trainer.training.library.columns import Columns
from trainer.training.runs.history import read_history


def columns_of(*events: dict[str, Any]) -> Columns:
    """Columns after these events."""
    columns = Columns()
    for line in lines_of(events).splitlines():
        columns.take(line)
    return columns


def read(columns: Columns) -> dict[str, Any]:
    """What the browser gets."""
    found: dict[str, Any] = json.loads(columns.to_json({"name": "x"}))
    return found


def test_columns_of_a_run_have_one_entry_a_step() -> None:
    found = read(columns_of(*usual_events()))
    assert found["step"] == [1, 2, 3]
    assert found["loss"] == [1.0, 0.5, 0.3333333]
    assert found["epoch"] == [1, 1, 1]
    assert found["name"] == "x"
    assert found["last_step"]["step"] == 3
    assert (found["start"]["steps_total"], found["stop"]["reason"]) == (3, "finished")


def test_columns_that_no_step_has_are_empty() -> None:
    assert read(columns_of(step_event(1)))["d"] == []


def test_columns_that_some_steps_lack_have_null_there() -> None:
    found = read(columns_of(step_event(1), step_event(2, d=0.5, parts={"load": 0.25})))
    assert found["d"] == [None, 0.5]
    assert found["load"] == [None, 0.25]


def test_columns_of_a_step_done_again_have_the_later_one() -> None:
    found = read(columns_of(*(step_event(n) for n in (1, 2, 4)), step_event(2, loss=9.0)))
    assert (found["step"], found["loss"]) == ([1, 2, 4], [1.0, 9.0, 0.25])


def test_columns_of_a_step_that_comes_late_are_in_order() -> None:
    found = read(columns_of(*(step_event(n) for n in (1, 4, 2))))
    assert (found["step"], found["loss"]) == ([1, 2, 4], [1.0, 0.5, 0.25])


def test_columns_pass_over_steps_without_a_number() -> None:
    wrong = [None, -1, 1.5, "2", True, 2**60, [3]]
    assert read(columns_of(*(step_event(1) | {"step": value} for value in wrong)))["step"] == []


def test_columns_have_null_for_what_is_no_number() -> None:
    values = [math.nan, math.inf, "1", True, None, 10**400, [1.0], {}]
    columns = columns_of(*(step_event(n, loss=v) for n, v in enumerate(values, 1)), step_event(99))
    assert read(columns)["loss"] == [None] * len(values) + [round(1 / 99, 9)]


def test_columns_of_marks_keep_the_later_of_one_step() -> None:
    events = [{"type": "validation", "step": step, "loss": loss} for step, loss in
              ((4, 0.4), (2, 0.2), (4, 0.5))]  # fmt: skip
    found = columns_of(*events).marks("validation")
    assert [(event["step"], event["loss"]) for event in found] == [(2, 0.2), (4, 0.5)]


def test_columns_keep_every_sample_of_a_step() -> None:
    events = [{"type": "sample", "step": 1, "path": f"samples/{n}.png"} for n in (1, 2, 1)]
    assert len(columns_of(*events).marks("sample")) == 2


def test_columns_pass_over_marks_without_step_or_path() -> None:
    columns = columns_of(
        {"type": "sample", "step": 1},
        {"type": "checkpoint", "path": "checkpoints/a"},
        {"type": "checkpoint", "step": 1, "path": 7},
        {"type": "validation", "step": None},
    )
    assert [columns.marks(kind) for kind in ("sample", "checkpoint", "validation")] == [[], [], []]


def test_columns_of_a_resumed_run_have_no_stop() -> None:
    stop = {"type": "stop", "reason": "cancelled", "step": 1}
    found = read(columns_of(start_event(), step_event(1), stop, start_event(steps_done=1)))
    assert found["stop"] is None
    assert found["start"]["steps_done"] == 1


def test_columns_as_a_history_are_the_log_read_anew(tmp_path: Path) -> None:
    measured = {"sigmas": [0.2, 0.8], "held_out": [[0.1, 0.2]], "probe": [], "loss": 0.15}
    control = {"type": "control", "action": "set_steps", "value": 12, "step": 3, "by": ""}
    events = [
        control | {"value": 99},
        *usual_events(),
        start_event(steps_done=3, steps_per_epoch=2, warmup_steps=1),
        control,
        step_event(4, d=0.5, loss=1 / 7),
        {"type": "validation", "step": 4, **measured},
        step_event(2, loss=0.123456789012345),
    ]
    folder = made_run(tmp_path, "a", events)
    found = columns_of(*events).history(folder)
    expected = read_history(folder)
    for field in dataclasses.fields(expected):
        if field.name not in ("measurements", "ds"):
            assert getattr(found, field.name) == getattr(expected, field.name), field.name
    assert found.steps_total == 12
    np.testing.assert_array_equal(found.ds, expected.ds)
    np.testing.assert_array_equal(found.measurements[-1].held_out, [[0.1, 0.2]])


def test_columns_cleared_are_empty() -> None:
    columns = columns_of(*usual_events())
    columns.clear()
    found = read(columns)
    assert (found["step"], found["loss"], found["start"], found["stop"]) == ([], [], None, None)
    assert columns.marks("checkpoint") == []


def test_columns_longer_than_a_chunk_are_whole() -> None:
    found = read(columns_of(*(step_event(n) for n in range(1, 5002))))
    assert found["step"] == list(range(1, 5002))
    assert len(found["loss"]) == 5001
