"""The verdict through a run: logged, taken back, and ending a run that gains nothing more."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.training_runs import (
    events_of,
    make_config,
    make_items,
    make_one_layer,
    with_fresh_network,
)
from trainer.training import run_judge
from trainer.training.control import RunControl
from trainer.training.loop import run_training
from trainer.training.reports import Hooks, StepReport, TrainRequest
from trainer.training.results.verdict import Verdict, judge
from trainer.training.runs.history import read_history


def request_for(folder: Path, steps: int = 8, **train: Any) -> TrainRequest:
    config = make_config(
        train={"steps": steps, "save_every_epochs": 0, "validate_every_steps": 2, **train},
        optimizer={"name": "adamw", "learning_rate": 0.01},
    )
    items = make_items(folder / "c", 4)
    request = make_one_layer(folder / "run", config, items[1:])
    return dataclasses.replace(request, validation_items=items[:1])


def test_every_measurement_and_checkpoint_gets_a_verdict(tmp_path: Path) -> None:
    run_training(request_for(tmp_path, save_every_steps=3))
    verdicts = events_of(tmp_path / "run", "verdict")
    assert [verdict["after"] for verdict in verdicts] == [2, 3, 4, 6, 8]
    afterwards = judge(read_history(tmp_path / "run")).to_dict()
    last = {name: value for name, value in verdicts[-1].items() if name in afterwards}
    assert last == afterwards
    assert last["decided_by"] == "validation"


def test_verdict_after_a_command_to_stop_knows_the_last_checkpoint(tmp_path: Path) -> None:
    control = RunControl()

    def on_step(report: StepReport) -> None:
        if report.step == 5:
            control.ask("stop")

    run_training(request_for(tmp_path), Hooks(on_step=on_step, control=control))
    verdict = events_of(tmp_path / "run", "verdict")[-1]
    assert verdict["after"] == 5
    assert verdict["checkpoint"]["step"] == 5


class Judged:
    """Verdicts with a given `stop_now`, one after the other."""

    def __init__(self, *stops: bool) -> None:
        self._stops = list(stops)

    def __call__(self, history: object, window: int = 70) -> Verdict:
        return Verdict(stop_now=self._stops.pop(0) if self._stops else True)


@pytest.mark.parametrize(
    ("patience", "stops", "ends_at"),
    [(1, (True,), 2), (2, (True, False, True, True), 8), (3, (True, True, True), 6), (0, (), 20)],
)
def test_run_ends_by_itself_after_so_many_verdicts_in_a_row(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    patience: int,
    stops: tuple[bool, ...],
    ends_at: int,
) -> None:
    monkeypatch.setattr(run_judge, "judge", Judged(*stops))
    request = request_for(tmp_path, steps=20, patience=patience)
    result = run_training(request)
    assert result.steps_done == ends_at
    assert events_of(tmp_path / "run", "stop")[-1]["reason"] == (
        "auto_stopped" if patience else "finished"
    )
    if patience:
        monkeypatch.undo()
        # Whoever wants more all the same just goes on.
        train = dataclasses.replace(request.config.train, patience=0)
        config = dataclasses.replace(request.config, train=train)
        longer = with_fresh_network(dataclasses.replace(request, config=config))
        assert run_training(longer, resume=True).steps_done == 20


def test_failing_verdict_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(history: object) -> Verdict:
        raise ZeroDivisionError("of what?")

    monkeypatch.setattr(run_judge, "judge", fail)
    assert run_training(request_for(tmp_path)).steps_done == 8
    assert "after step 2: of what?" in events_of(tmp_path / "run", "warning")[0]["text"]


def test_resumed_run_forgets_later_verdicts(tmp_path: Path) -> None:
    request = request_for(tmp_path, save_every_steps=4)
    run_training(request)
    # As after a kill before the last state was written.
    (tmp_path / "run/state/step00000008.safetensors").unlink()
    run_training(with_fresh_network(request), resume=True)
    verdicts = events_of(tmp_path / "run", "verdict")
    assert [verdict["after"] for verdict in verdicts] == [2, 4, 6, 8]
