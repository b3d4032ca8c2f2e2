"""Cancelling, failing and going on: nothing is lost, and the result is the same."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from tests.unit.training.training_runs import (
    GuidanceRecorder,
    checkpoint_files,
    curve,
    events_of,
    make_config,
    make_hunyuan,
    make_items,
    make_one_layer,
    stop_after_polls,
    with_fresh_network,
)
from trainer.errors import DivergedError, StateError
from trainer.training.loop import run_training
from trainer.training.reports import Hooks, StepReport

ADAMW = {"name": "adamw", "learning_rate": 0.01}
# A large d0, so that Prodigy moves within the few steps of a test.
PRODIGY = {"name": "prodigy", "d0": 1e-3}


# --- cancelling and resuming ----------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [ADAMW, PRODIGY], ids=["adamw", "prodigy"])
@pytest.mark.parametrize("polls", [1, 4, 8, 11, 13], ids=lambda polls: f"after_{polls}_polls")
def test_resume_of_a_cancelled_run_equals_an_unbroken_one_bit_for_bit(
    tmp_path: Path, optimizer: dict[str, Any], polls: int
) -> None:
    # 5 batches an epoch, 2 a step: stops fall between steps, in mid-epoch and in mid-accumulation.
    items = make_items(tmp_path / "c", 5)
    train = {"epochs": 2, "accumulation": 2, "save_every_epochs": 1}
    config = make_config(train=train, optimizer=optimizer, schedule={"warmup_steps": 2})
    whole = make_hunyuan(tmp_path / "whole", config, items)
    unbroken = run_training(whole)
    broken = with_fresh_network(whole, tmp_path / "broken")
    stopped = run_training(broken, Hooks(should_stop=stop_after_polls(polls)))
    assert stopped.stopped
    assert stopped.steps_done < len(unbroken.losses)
    resumed = run_training(with_fresh_network(broken), resume=True)
    assert not resumed.stopped
    assert resumed.losses == unbroken.losses
    assert curve(tmp_path / "broken") == curve(tmp_path / "whole")
    assert resumed.last_checkpoint is not None
    assert unbroken.last_checkpoint is not None
    assert resumed.last_checkpoint.read_bytes() == unbroken.last_checkpoint.read_bytes()
    for name, value in unbroken.lora_state.items():
        assert torch.equal(value, resumed.lora_state[name])


def test_resume_several_times_in_a_row_equals_unbroken(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 3)
    config = make_config(train={"steps": 8}, optimizer=PRODIGY)
    whole = make_one_layer(tmp_path / "whole", config, items)
    unbroken = run_training(whole)
    request = with_fresh_network(whole, tmp_path / "broken")
    result = run_training(request, Hooks(should_stop=stop_after_polls(3)))
    rounds = 0
    while result.stopped:
        rounds += 1
        request = with_fresh_network(request)
        result = run_training(request, Hooks(should_stop=stop_after_polls(5)), resume=True)
    assert rounds > 1
    assert result.losses == unbroken.losses
    assert (tmp_path / "broken/checkpoints").exists()
    final = unbroken.last_checkpoint
    assert final is not None
    assert (tmp_path / "broken/checkpoints" / final.name).read_bytes() == final.read_bytes()


def test_cancel_takes_effect_within_one_batch(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 4)
    model = GuidanceRecorder()
    config = make_config(train={"epochs": 1, "accumulation": 4})
    request = make_one_layer(tmp_path / "run", config, items)
    request = dataclasses.replace(request, model=model)
    # One question before the step, then one before each batch.
    result = run_training(request, Hooks(should_stop=stop_after_polls(3)))
    assert len(model.timesteps) == 2
    assert result.stopped
    assert result.steps_done == 0
    assert result.last_checkpoint is None
    assert events_of(tmp_path / "run", "stop")[-1]["reason"] == "cancelled"


@pytest.mark.parametrize("hook", ["on_step", "on_event", "should_stop"])
def test_exception_in_a_hook_stops_saves_and_is_handed_over(tmp_path: Path, hook: str) -> None:
    calls = 0

    def raise_at_fifth(*_: object) -> bool:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise InterruptedError("cancelled by the host")
        return False

    config = make_config(train={"steps": 30}, optimizer=ADAMW)
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 3))
    result = run_training(request, Hooks(**{hook: raise_at_fifth}))
    assert result.stopped
    assert isinstance(result.stop_cause, InterruptedError)
    assert 1 <= result.steps_done <= 5
    assert result.last_checkpoint is not None
    assert result.last_checkpoint.is_file()
    again = run_training(with_fresh_network(request), resume=True)
    assert len(again.losses) == 30


def test_error_inside_a_step_keeps_what_was_trained(tmp_path: Path) -> None:
    class Breaking(GuidanceRecorder):
        def velocity(self, *values: Any, **named: Any) -> torch.Tensor:
            if len(self.timesteps) == 4:
                raise RuntimeError("out of memory")
            return super().velocity(*values, **named)

    config = make_config(train={"steps": 9, "save_every_epochs": 0}, optimizer=ADAMW)
    whole = make_one_layer(tmp_path / "whole", config, make_items(tmp_path / "c", 3))
    unbroken = run_training(whole)
    request = with_fresh_network(whole, tmp_path / "run")
    with pytest.raises(RuntimeError, match="out of memory"):
        run_training(dataclasses.replace(request, model=Breaking()))
    assert events_of(tmp_path / "run", "stop")[-1]["text"] == "out of memory"
    resumed = run_training(with_fresh_network(request), resume=True)
    assert resumed.losses == unbroken.losses


def test_resume_of_a_finished_run_for_longer_goes_on_from_its_end(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 3)
    short = make_config(train={"steps": 3}, optimizer=ADAMW)
    request = make_one_layer(tmp_path / "run", short, items)
    first = run_training(request)
    longer = make_config(train={"steps": 5}, optimizer=ADAMW)
    again = dataclasses.replace(with_fresh_network(request), config=longer)
    result = run_training(again, resume=True)
    assert result.losses[:3] == first.losses
    assert result.steps_done == 5


def test_begin_in_a_folder_with_a_run_is_refused(tmp_path: Path) -> None:
    config = make_config(train={"steps": 1})
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 1))
    run_training(request)
    with pytest.raises(StateError, match="already holds a run"):
        run_training(with_fresh_network(request))


def test_resume_of_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    request = make_one_layer(tmp_path / "run", make_config(), make_items(tmp_path / "c", 1))
    with pytest.raises(StateError, match="no run to resume"):
        run_training(request, resume=True)


def test_resume_with_other_settings_names_what_differs(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 2)
    request = make_one_layer(tmp_path / "run", make_config(train={"steps": 4}), items)
    run_training(request, Hooks(should_stop=stop_after_polls(3)))
    other = make_config(train={"steps": 4, "seed": 8})
    with pytest.raises(StateError, match=r"train\.seed was 7 and is now 8"):
        run_training(dataclasses.replace(with_fresh_network(request), config=other), resume=True)


def test_resume_with_other_pictures_is_refused(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 3)
    request = make_one_layer(tmp_path / "run", make_config(train={"steps": 4}), items)
    run_training(request, Hooks(should_stop=stop_after_polls(3)))
    changed = dataclasses.replace(with_fresh_network(request), items=items[:2])
    with pytest.raises(StateError, match="pictures"):
        run_training(changed, resume=True)


# --- divergence and full disks --------------------------------------------------------------------


class DivergingModel(GuidanceRecorder):
    """Gives NaN at its fourth call."""

    def velocity(self, *values: Any, **named: Any) -> torch.Tensor:
        result = super().velocity(*values, **named)
        return result * math.nan if len(self.timesteps) == 4 else result


def test_loss_of_nan_stops_with_numbers_and_spoils_nothing(tmp_path: Path) -> None:
    config = make_config(train={"steps": 9, "save_every_steps": 2, "save_every_epochs": 0})
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 3))
    request = dataclasses.replace(request, model=DivergingModel())
    with pytest.raises(DivergedError, match=r"nan at step 4 .*at step 3.*step000002.*d_coef"):
        run_training(request)
    assert list(checkpoint_files(tmp_path / "run")) == ["lora_epoch0001_step000002.safetensors"]
    with safe_open(
        tmp_path / "run/checkpoints/lora_epoch0001_step000002.safetensors", framework="pt"
    ) as stream:
        assert all(torch.isfinite(stream.get_tensor(name)).all() for name in stream.keys())
    assert all(torch.isfinite(value).all() for value in request.network.state().values())
    assert events_of(tmp_path / "run", "stop")[-1]["reason"] == "diverged"


def test_failed_save_on_the_way_warns_and_the_run_goes_on(tmp_path: Path) -> None:
    config = make_config(train={"steps": 6, "save_every_steps": 2, "save_every_epochs": 0})
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 3))
    folder = tmp_path / "run/checkpoints"

    def block_then_free(report: StepReport) -> None:
        if report.step == 3:  # a file in the folder's place: nothing can be written
            folder.rename(tmp_path / "run/aside")
            folder.write_text("")
        if report.step == 5:
            folder.unlink()
            (tmp_path / "run/aside").rename(folder)

    result = run_training(request, Hooks(on_step=block_then_free))
    assert not result.stopped
    (warning,) = events_of(tmp_path / "run", "warning")
    assert "step000004" in warning["text"]
    assert "step000002" in warning["text"]
    assert [record["step"] for record in events_of(tmp_path / "run", "checkpoint")] == [2, 6]


def test_failed_last_save_is_an_error_and_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    config = make_config(train={"steps": 4, "save_every_steps": 2, "save_every_epochs": 0})
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 3))
    states = tmp_path / "run/state"

    def block(report: StepReport) -> None:
        if report.step == 3:
            states.rename(tmp_path / "run/aside")
            states.write_text("")

    with pytest.raises(StateError, match="Cannot save the training state"):
        run_training(request, Hooks(on_step=block))
    assert "lora_epoch0001_step000002.safetensors" in checkpoint_files(tmp_path / "run")
    states.unlink()
    (tmp_path / "run/aside").rename(states)
    resumed = run_training(with_fresh_network(request), resume=True)
    assert len(resumed.losses) == 4
