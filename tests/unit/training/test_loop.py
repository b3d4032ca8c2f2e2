"""The training loop: what a step does, resuming, cancelling, saving and divergence."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from tests.unit.training.training_runs import (
    OneLayerModel,
    make_config,
    make_hunyuan,
    make_items,
    make_one_layer,
    with_fresh_network,
)
from trainer.data.batches import BatchSampler, load_batch
from trainer.errors import ConfigError, DatasetError, DivergedError, StateError
from trainer.training.loop import run_training
from trainer.training.noise.randomness import placed_generator
from trainer.training.noise.timesteps import sample_sigma
from trainer.training.reports import Hooks, StepReport, TrainRequest
from trainer.training.validation import ValidationPlan, validation_loss

ADAMW = {"name": "adamw", "learning_rate": 0.01}
# A large d0, so that Prodigy moves within the few steps of a test.
PRODIGY = {"name": "prodigy", "d0": 1e-3}


def stop_after_polls(count: int) -> Callable[[], bool]:
    """A should_stop that says yes from its `count`-th question on."""
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > count

    return should_stop


def events_of(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = (folder / "events.jsonl").read_text("utf-8").splitlines()
    return [record for line in lines if (record := json.loads(line))["type"] == kind]


def checkpoint_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "checkpoints").iterdir())}


def curve(folder: Path) -> list[tuple[Any, ...]]:
    """Everything logged of each step but times."""
    return [
        (row["step"], row["epoch"], row["loss"], row["lr"], row["grad_norm"], row.get("d"))
        for row in events_of(folder, "step")
    ]


# --- what one step does ---------------------------------------------------------------------------


def expected_step(request: TrainRequest, number: int) -> tuple[float, float]:
    """Loss and gradient length of a step of epoch 0 with the network as it is, by the formulas."""
    config = request.config
    train = config.train
    batches = BatchSampler(request.items, train.batch_size, train.seed).epoch_batches(0)
    first = number * train.accumulation
    order = [index for batch in batches[first : first + train.accumulation] for index in batch]
    state = request.network.state()
    name = "double_blocks.0.img_attn.proj"
    down = state[f"{name}.lora_down.weight"].clone().requires_grad_()
    up = state[f"{name}.lora_up.weight"].clone().requires_grad_()
    losses = []
    for place, index in enumerate(order):
        batch = load_batch([request.items[index]], request.latent_scale)
        generator = placed_generator(train.seed, "noise", number, place)
        sigma = sample_sigma(config.timestep, 1, generator).item()
        noise = torch.randn(batch.latents.shape[1:], generator=generator)
        latents = batch.latents[0]
        noisy = (1 - sigma) * latents + sigma * noise
        weight = 0.5 * torch.eye(16) + config.lora.alpha / config.lora.rank * up @ down
        velocity = torch.einsum("oc,cfhw->ofhw", weight, noisy) + 0.01 * batch.text.mean()
        losses.append(((velocity - (noise - latents)) ** 2).mean())
    loss = torch.stack(losses).mean()
    loss.backward()
    assert down.grad is not None
    assert up.grad is not None
    return loss.item(), math.sqrt(float(down.grad.square().sum() + up.grad.square().sum()))


@pytest.mark.parametrize(("batch_size", "accumulation"), [(1, 1), (1, 3), (2, 2), (3, 1)])
def test_first_step_equals_the_formulas_by_hand(
    tmp_path: Path, batch_size: int, accumulation: int
) -> None:
    config = make_config(
        train={"steps": 1, "batch_size": batch_size, "accumulation": accumulation},
        optimizer=ADAMW,
    )
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 3))
    loss, norm = expected_step(request, 0)
    reports: list[StepReport] = []
    run_training(request, Hooks(on_step=reports.append))
    assert reports[0].loss == pytest.approx(loss, rel=1e-5)
    assert reports[0].grad_norm == pytest.approx(norm, rel=1e-5)


def test_two_batches_of_one_equal_one_batch_of_two(tmp_path: Path) -> None:
    # Two items with the same content, so that the order within a step does not matter.
    (item,) = make_items(tmp_path / "c", 1)
    items = (item, dataclasses.replace(item, key="twin"))
    curves = []
    for size, accumulation in ((1, 2), (2, 1)):
        train = {"steps": 4, "batch_size": size, "accumulation": accumulation}
        config = make_config(train=train, optimizer=ADAMW)
        curves.append(run_training(make_hunyuan(tmp_path / f"run{size}", config, items)).losses)
    # Only the order of float32 sums differs.
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)


@pytest.mark.parametrize(("batch_size", "accumulation"), [(1, 2), (2, 1), (1, 5)])
def test_last_group_of_an_epoch_is_averaged_over_its_true_size(
    tmp_path: Path, batch_size: int, accumulation: int
) -> None:
    train = {"epochs": 1, "batch_size": batch_size, "accumulation": accumulation}
    # So small a learning rate that the network is still as it was at the last step.
    config = make_config(train=train, optimizer={"name": "adamw", "learning_rate": 1e-9})
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 3))
    last = math.ceil(math.ceil(3 / batch_size) / accumulation) - 1
    loss, norm = expected_step(request, last)
    reports: list[StepReport] = []
    run_training(request, Hooks(on_step=reports.append))
    assert len(reports) == last + 1
    assert reports[-1].loss == pytest.approx(loss, rel=1e-5)
    assert reports[-1].grad_norm == pytest.approx(norm, rel=1e-4)


def test_run_learns_down_to_the_least_squares_optimum(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 6)
    config = make_config(
        lora={"rank": 16, "alpha": 16.0},
        train={"steps": 150, "save_every_epochs": 0},
        optimizer={"name": "adamw", "learning_rate": 0.02},
        timestep={"min_sigma": 0.899, "max_sigma": 0.901},
    )
    result = run_training(make_one_layer(tmp_path / "run", config, items))
    # Latents of variance 1/4, velocity w (0.9 noise + 0.1 latents) against noise - latents:
    # loss 1.25 - 2 w 0.875 + w w 0.8125, from 0.578 at w = 0.5 to 0.308 at w = 1.077.
    assert sum(result.losses[:3]) / 3 == pytest.approx(0.578, rel=0.15)
    assert sum(result.losses[-30:]) / 30 == pytest.approx(0.308, rel=0.15)


def test_prodigy_finds_a_learning_rate_and_reports_it(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 3)
    config = make_config(
        lora={"rank": 16, "alpha": 16.0},
        train={"steps": 60, "save_every_epochs": 0},
        timestep={"min_sigma": 0.899, "max_sigma": 0.901},
    )
    reports: list[StepReport] = []
    run_training(make_one_layer(tmp_path / "run", config, items), Hooks(on_step=reports.append))
    assert reports[0].d == pytest.approx(1e-6)
    assert reports[-1].d is not None
    assert reports[-1].d > 1e-5
    share = 0.5 * (1 + math.cos(math.pi * 59 / 60))
    assert reports[-1].lr == pytest.approx(reports[-1].d * share)


def test_same_seed_gives_the_same_curve_and_another_seed_another(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 3)
    curves = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        config = make_config(train={"steps": 4, "seed": seed}, optimizer=ADAMW)
        curves.append(run_training(make_hunyuan(tmp_path / name, config, items)).losses)
    assert curves[0] == curves[1]
    assert curves[0] != curves[2]


def test_run_inside_inference_mode_trains(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 2)
    request = make_hunyuan(tmp_path / "run", make_config(optimizer=PRODIGY), items)
    before = request.network.state()
    with torch.inference_mode():
        result = run_training(request)
    assert any(not torch.equal(before[name], result.lora_state[name]) for name in before)


def test_gradient_is_clipped_to_the_limit_and_reported_before(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 2)
    reports: list[StepReport] = []
    config = make_config(train={"steps": 1, "max_grad_norm": 1e-3}, optimizer=ADAMW)
    request = make_one_layer(tmp_path / "run", config, items)
    run_training(request, Hooks(on_step=lambda report: reports.append(report)))
    assert reports[0].grad_norm > 1e-3


class GuidanceRecorder(OneLayerModel):
    """Remembers the guidance, timesteps and text it was given."""

    def __init__(self) -> None:
        self.guidance: list[float] = []
        self.timesteps: list[float] = []
        self.text_sums: list[float] = []

    def velocity(self, *values: Any, **named: Any) -> torch.Tensor:
        self.timesteps += values[1].tolist()
        self.text_sums.append(float(values[2].sum()))
        self.guidance += values[5].tolist()
        return super().velocity(*values, **named)


@pytest.mark.parametrize(("units", "fed"), [("sampling", 3.0), ("raw", 0.003)])
def test_guidance_units_raw_is_a_thousandth(tmp_path: Path, units: str, fed: float) -> None:
    train = {"steps": 2, "guidance": 3.0, "guidance_units": units}
    model = GuidanceRecorder()
    request = make_one_layer(tmp_path / "run", make_config(train=train), make_items(tmp_path, 1))
    run_training(dataclasses.replace(request, model=model))
    assert model.guidance == pytest.approx([fed, fed])
    assert all(0 <= value <= 1000 for value in model.timesteps)
    assert max(model.timesteps) > 1


def test_caption_dropout_gives_the_empty_caption_at_its_share(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 2)
    empty = make_items(tmp_path / "e", 1, seed=9)[0].text_path
    empty_sum = float(load_batch([dataclasses.replace(items[0], text_path=empty)], 1.0).text.sum())
    train = {"steps": 200, "caption_dropout": 0.3, "save_every_epochs": 0}
    model = GuidanceRecorder()
    request = make_one_layer(tmp_path / "run", make_config(train=train), items)
    run_training(dataclasses.replace(request, model=model, empty_text_path=empty))
    dropped = sum(value == empty_sum for value in model.text_sums)
    # Binomial, 200 draws of 0.3: outside 40..80 about once in 1000.
    assert 40 <= dropped <= 80


# --- counting, reports, events --------------------------------------------------------------------


def test_reports_count_steps_and_epochs_from_one(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 3)
    reports: list[StepReport] = []
    config = make_config(train={"epochs": 2, "accumulation": 2})
    run_training(make_one_layer(tmp_path / "run", config, items), Hooks(on_step=reports.append))
    assert [(report.step, report.epoch) for report in reports] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert {(report.steps_total, report.epochs_total) for report in reports} == {(4, 2)}
    assert reports[-1].remaining_seconds == 0
    assert reports[0].remaining_seconds > 0


def test_events_tell_the_whole_run(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 4)
    seen: list[Mapping[str, Any]] = []
    train = {"epochs": 3, "save_every_epochs": 2, "validate_every_steps": 3}
    request = make_one_layer(tmp_path / "run", make_config(train=train), items[:2])
    request = dataclasses.replace(request, validation_items=items[2:])
    run_training(request, Hooks(on_event=seen.append))
    logged = [json.loads(line) for line in (tmp_path / "run/events.jsonl").read_text().splitlines()]
    assert logged == list(seen)
    kinds = [record["type"] for record in logged]
    assert kinds == [
        *["start", "step", "step", "step", "validation", "step", "checkpoint"],
        *["step", "step", "validation", "checkpoint", "stop"],
    ]
    assert {"step", "epoch", "loss", "lr", "grad_norm", "seconds", "time"} <= set(logged[1])
    assert logged[-1]["reason"] == "finished"
    for record in events_of(tmp_path / "run", "checkpoint"):
        assert (tmp_path / "run" / record["path"]).is_file()


def test_checkpoints_by_steps_epochs_and_end(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 2)
    train = {"steps": 7, "save_every_epochs": 2, "save_every_steps": 3}
    run_training(make_one_layer(tmp_path / "run", make_config(train=train), items))
    steps = [record["step"] for record in events_of(tmp_path / "run", "checkpoint")]
    assert steps == [3, 4, 6, 7]
    assert len(checkpoint_files(tmp_path / "run")) == 4
    assert sorted(path.name for path in (tmp_path / "run/state").iterdir()) == [
        "step00000006.safetensors",
        "step00000007.safetensors",
    ]


def test_validation_does_not_change_training(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 4)
    curves = []
    for name, every in (("with", 1), ("without", 0)):
        config = make_config(train={"steps": 5, "validate_every_steps": every}, optimizer=ADAMW)
        request = make_one_layer(tmp_path / name, config, items[:3])
        request = dataclasses.replace(request, validation_items=items[3:])
        curves.append(run_training(request).losses)
    assert curves[0] == curves[1]


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


# --- refusing ------------------------------------------------------------------------------------


def test_no_items_is_refused(tmp_path: Path) -> None:
    request = make_one_layer(tmp_path / "run", make_config(), make_items(tmp_path / "c", 1))
    with pytest.raises(DatasetError, match="no items"):
        run_training(dataclasses.replace(request, items=()))


@pytest.mark.parametrize("name", ["caption_dropout", "validate_every_steps"])
def test_setting_without_its_data_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    config = make_config(train={name: 1})
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 1))
    with pytest.raises(ConfigError, match=name):
        run_training(request)
    assert not (tmp_path / "run").exists()


# --- validation ----------------------------------------------------------------------------------


def test_validation_loss_equals_the_formula_and_repeats(tmp_path: Path) -> None:
    (item,) = make_items(tmp_path / "c", 1)
    request = make_one_layer(tmp_path / "run", make_config(), (item,))
    plan = ValidationPlan(sigmas=(0.2, 0.8), seed=5, latent_scale=0.5)
    result = validation_loss(request.model, [item], plan)
    assert result is not None
    batch = load_batch([item], 0.5)
    for sigma, measured in result.per_sigma.items():
        generator = placed_generator(5, "validation", item.key, repr(sigma))
        noise = torch.randn(batch.latents.shape, generator=generator)
        noisy = (1 - sigma) * batch.latents + sigma * noise
        velocity = 0.5 * noisy + 0.01 * batch.text.mean()
        expected = ((velocity - (noise - batch.latents)) ** 2).mean().item()
        assert measured == pytest.approx(expected, rel=1e-5)
    assert result.mean == pytest.approx(sum(result.per_sigma.values()) / 2)
    assert validation_loss(request.model, [item], plan) == result


def test_validation_loss_shows_what_the_lora_learned(tmp_path: Path) -> None:
    items = make_items(tmp_path / "c", 4)
    config = make_config(
        lora={"rank": 16, "alpha": 16.0},
        train={"steps": 100, "save_every_epochs": 0},
        optimizer={"name": "adamw", "learning_rate": 0.02},
    )
    request = make_one_layer(tmp_path / "run", config, items[:3])
    plan = ValidationPlan(sigmas=(0.7, 0.9), latent_scale=0.5)
    fresh = validation_loss(request.model, items[3:], plan, request.network)
    assert fresh == validation_loss(request.model, items[3:], plan)  # a fresh LoRA adds nothing
    run_training(request)
    trained = validation_loss(request.model, items[3:], plan, request.network)
    assert fresh is not None
    assert trained is not None
    assert trained.mean < 0.9 * fresh.mean


def test_validation_leaves_random_numbers_and_gradients_alone(tmp_path: Path) -> None:
    request = make_hunyuan(tmp_path / "run", make_config(), make_items(tmp_path / "c", 2))
    before = torch.get_rng_state()
    validation_loss(request.model, request.items, ValidationPlan(), request.network)
    assert torch.equal(before, torch.get_rng_state())
    assert all(parameter.grad is None for parameter in request.network.parameters())


def test_validation_of_nothing_or_stopped_is_none(tmp_path: Path) -> None:
    request = make_one_layer(tmp_path / "run", make_config(), make_items(tmp_path / "c", 1))
    assert validation_loss(request.model, [], ValidationPlan()) is None
    stopped = validation_loss(
        request.model, request.items, ValidationPlan(), should_stop=lambda: True
    )
    assert stopped is None
