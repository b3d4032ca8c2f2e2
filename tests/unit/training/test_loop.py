"""The training loop: what a step does, resuming, cancelling, saving and divergence."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.training.training_runs import (
    GuidanceRecorder,
    checkpoint_files,
    events_of,
    make_config,
    make_hunyuan,
    make_items,
    make_one_layer,
    stop_after_polls,
)
from trainer.data.batches import BatchSampler, load_batch
from trainer.errors import ConfigError, DatasetError
from trainer.training.loop import run_training
from trainer.training.noise.randomness import placed_generator
from trainer.training.noise.timesteps import sample_sigma
from trainer.training.reports import Hooks, StepReport, TrainRequest

ADAMW = {"name": "adamw", "learning_rate": 0.01}
# A large d0, so that Prodigy moves within the few steps of a test.
PRODIGY = {"name": "prodigy", "d0": 1e-3}


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


def test_batches_together_equal_batches_one_after_another(tmp_path: Path) -> None:
    tall = make_items(tmp_path / "tall", 2, (16, 1, 8, 4), seed=5)
    items = (*make_items(tmp_path, 3), *tall)
    losses = []
    for together in (False, True):
        train = {"steps": 4, "accumulation": 3, "accumulate_together": together}
        request = make_hunyuan(tmp_path / str(together), make_config(train=train), items)
        losses.append(run_training(request).losses)
    assert len(losses[0]) == 4
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_batches_together_can_be_cancelled_before_a_step(tmp_path: Path) -> None:
    train = {"steps": 4, "accumulation": 3, "accumulate_together": True}
    request = make_hunyuan(tmp_path / "run", make_config(train=train), make_items(tmp_path, 3))
    result = run_training(request, Hooks(should_stop=stop_after_polls(3)))
    assert result.stopped
    assert result.steps_done == 1


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
        *["start", "validation", "step", "step", "step", "validation", "verdict"],
        *["step", "checkpoint", "verdict", "step", "step", "validation", "checkpoint"],
        *["verdict", "stop"],
    ]
    assert {"step", "epoch", "loss", "lr", "grad_norm", "seconds", "time"} <= set(logged[2])
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


# --- refusing ------------------------------------------------------------------------------------


def test_no_items_is_refused(tmp_path: Path) -> None:
    request = make_one_layer(tmp_path / "run", make_config(), make_items(tmp_path / "c", 1))
    with pytest.raises(DatasetError, match="no items"):
        run_training(dataclasses.replace(request, items=()))


@pytest.mark.parametrize("name", ["caption_dropout", "validate_every_steps"])
def test_setting_without_its_data_is_refused_before_anything_is_written(
    tmp_path: Path, name: str
) -> None:
    config = make_config(train={name: 1, "probe_items": 0})
    request = make_one_layer(tmp_path / "run", config, make_items(tmp_path / "c", 1))
    with pytest.raises(ConfigError, match=name):
        run_training(request)
    assert not (tmp_path / "run").exists()
