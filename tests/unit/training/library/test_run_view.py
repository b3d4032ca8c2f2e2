"""What the library says of one run, and what it reads for it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.run_folders import lines_of, made_run, start_event, step_event, usual_events
from trainer.files import write_bytes
from trainer.training.library.run_view import RunView


def view_of(base: Path, *events: dict[str, Any], name: str = "a run") -> RunView:
    """A view of a run with these events."""
    return RunView(made_run(base, name, events))


def append(view: RunView, data: bytes) -> None:
    """Add to the log."""
    with view.log.path.open("ab") as stream:
        stream.write(data)


def test_overview_of_a_finished_run(tmp_path: Path) -> None:
    view = view_of(tmp_path, *usual_events())
    found = view.overview()
    assert found["bytes"] == sum(
        path.stat().st_size for path in view.folder.rglob("*") if path.is_file()
    )
    assert found["updated"] == pytest.approx(view.log.path.stat().st_mtime, abs=0.01)
    assert found["loss"] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    expected = {
        "name": "a run",
        "started": 1000.0,
        "state": "finished",
        "step": 3,
        "steps_total": 3,
        "samples": ["/hunyuan_lora/runs/a%20run/file?path=samples/step%202.png"],
        "verdict": {"step": 2, "decided_by": "guide", "stop_now": False, "sentences": ["Go on."]},
        "settings": {"train.steps": 3, "train.seed": 42, "output.name": "made"},
        "checkpoints": 1,
    }
    assert {name: found[name] for name in expected} == expected
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("finished", "finished"),
        ("stopped", "stopped"),
        ("auto_stopped", "stopped"),
        ("cancelled", "cancelled"),
        ("diverged", "failed"),
        ("error", "failed"),
        (None, "interrupted"),
    ],
)
def test_overview_state_is_that_of_the_last_stop(
    tmp_path: Path, reason: str | None, state: str
) -> None:
    stops = [{"type": "stop", "step": 1, "reason": reason}] if reason else []
    view = view_of(tmp_path, start_event(), step_event(1), *stops)
    assert view.overview()["state"] == state
    assert json.loads(view.history())["state"] == state


@pytest.mark.parametrize("state", ["running", "paused"])
def test_overview_state_of_a_live_run_is_what_is_told(tmp_path: Path, state: str) -> None:
    view = view_of(tmp_path, *usual_events())
    assert view.overview(state)["state"] == state
    assert json.loads(view.history(state))["state"] == state


def test_overview_of_a_run_taken_up_again_is_not_that_of_the_old_stop(tmp_path: Path) -> None:
    view = view_of(tmp_path, *usual_events(), start_event(steps_total=9))
    assert view.overview()["state"] == "interrupted"
    assert view.overview()["steps_total"] == 9


def test_overview_follows_a_changed_number_of_steps(tmp_path: Path) -> None:
    control = {"type": "control", "step": 1, "action": "set_steps", "value": 77, "by": "x"}
    assert view_of(tmp_path, start_event(), control).overview()["steps_total"] == 77


def test_overview_names_only_pictures_that_are_there(tmp_path: Path) -> None:
    gone = {"type": "sample", "step": 3, "path": "samples/gone.png"}
    outside = {"type": "sample", "step": 3, "path": "samples/../config.toml"}
    found = view_of(tmp_path, *usual_events(), gone, outside).overview()
    assert len(found["samples"]) == 1


def test_overview_of_a_log_of_rubbish_is_that_of_a_run_without_events(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    write_bytes(view.log.path, os.urandom(5000) + b'\n{"type": "step", NaN\nnull\n{"type": []}\n')
    found = view.overview()
    assert (found["step"], found["loss"], found["state"]) == (0, None, "interrupted")
    assert json.loads(view.history())["step"] == []


def test_overview_of_settings_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    view = view_of(tmp_path, *usual_events())
    (view.folder / "config.toml").write_bytes(b"\xff = [")
    assert view.overview()["settings"] == {}


def test_overview_of_odd_settings_is_json(tmp_path: Path) -> None:
    view = view_of(tmp_path, *usual_events())
    text = "top = 1\n[a]\nb = nan\nc = 2020-01-01\nd = [1, 2]\n[a.e]\nf = 1\n"
    (view.folder / "config.toml").write_text(text)
    expected = {"top": 1, "a.b": None, "a.c": "2020-01-01", "a.d": [1, 2], "a.e": "{'f': 1}"}
    assert view.overview()["settings"] == expected


def test_overview_follows_the_size_on_disk(tmp_path: Path) -> None:
    view = view_of(tmp_path, *usual_events())
    before = view.overview()["bytes"]
    (view.folder / "checkpoints" / "more.safetensors").write_bytes(b"x" * 1000)
    assert view.overview()["bytes"] == before + 1000


def test_history_leaves_out_checkpoints_and_samples_that_are_gone(tmp_path: Path) -> None:
    gone = [
        {"type": "checkpoint", "step": 3, "epoch": 1, "path": "checkpoints/gone.safetensors"},
        {"type": "checkpoint", "step": 4, "epoch": 1, "path": "../../x"},
        {"type": "sample", "step": 3, "path": "samples/gone.png"},
    ]
    found = json.loads(view_of(tmp_path, *usual_events(), *gone).history())
    assert [mark["step"] for mark in found["checkpoints"]] == [2]
    assert [mark["step"] for mark in found["samples"]] == [2]


def test_history_then_events_give_every_event_once(tmp_path: Path) -> None:
    view = view_of(tmp_path, start_event(), step_event(1))
    history = json.loads(view.history())
    append(view, lines_of([step_event(2), step_event(3)]) + b'{"type": "st')
    found = view.events(history["next"], history["id"])
    assert [event["step"] for event in found["events"]] == [2, 3]
    assert "reset" not in found
    append(view, b'op"}\n')
    last = view.events(found["next"], found["id"])
    assert [event["type"] for event in last["events"]] == ["stop"]
    assert not last["more"]


def test_events_of_a_rewritten_log_are_a_reset(tmp_path: Path) -> None:
    view = view_of(tmp_path, start_event(), *(step_event(n) for n in (1, 2, 3)))
    history = json.loads(view.history())
    write_bytes(view.log.path, lines_of([start_event(), step_event(1)]))
    found = view.events(history["next"], history["id"])
    assert found["reset"]
    assert [event["type"] for event in found["events"]] == ["start", "step"]
    again = json.loads(view.history())
    assert (again["step"], again["id"]) == ([1], found["id"])
    assert again["next"] == found["next"]


def test_events_come_in_pieces_until_there_are_no_more(tmp_path: Path) -> None:
    view = view_of(tmp_path, *(step_event(n) for n in range(1, 20_001)))
    steps: list[int] = []
    answer = {"next": 0, "id": "", "more": True}
    while answer["more"]:
        answer = view.events(answer["next"], answer["id"])
        steps += [event["step"] for event in answer["events"]]
    assert steps == list(range(1, 20_001))


def test_polling_a_run_of_100000_steps_reads_only_what_is_new(tmp_path: Path) -> None:
    view = view_of(tmp_path, start_event(), *(step_event(n) for n in range(1, 100_001)))
    size = view.log.path.stat().st_size
    assert len(json.loads(view.history())["loss"]) == 100_000
    view.overview()
    # Twice, for list and chart, and a cut line at the end of each piece of 1 MiB again.
    assert 2 * size <= view.log.bytes_read < 2.01 * size
    before = view.log.bytes_read
    for _ in range(50):
        view.history()
        view.overview()
        view.events(size)
    assert view.log.bytes_read == before
    line = lines_of([step_event(100_001)])
    append(view, line)
    view.history()
    view.overview()
    assert view.log.bytes_read == before + 2 * len(line)


def test_history_after_its_memory_was_given_back_is_the_same(tmp_path: Path) -> None:
    view = view_of(tmp_path, *usual_events())
    before = view.history()
    view.forget_columns()
    assert view.history() == before
