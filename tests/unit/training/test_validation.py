"""The loss with fixed noise: the formula, what it shows, and what it leaves alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.training.training_runs import (
    events_of,
    make_config,
    make_hunyuan,
    make_items,
    make_one_layer,
)
from trainer.data.batches import load_batch
from trainer.training.loop import run_training
from trainer.training.measuring.validation import (
    DEFAULT_SIGMAS,
    ValidationPlan,
    validation_loss,
)
from trainer.training.noise.randomness import placed_generator
from trainer.training.runs.history import read_history

ADAMW = {"name": "adamw", "learning_rate": 0.01}
# A large d0, so that Prodigy moves within the few steps of a test.
PRODIGY = {"name": "prodigy", "d0": 1e-3}


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


# --- measurements of a run ------------------------------------------------------------------------


def measured_run(folder: Path, *, held: int, **train: object) -> list[dict[str, Any]]:
    items = make_items(folder / "c", 5)
    settings = {"steps": 4, "save_every_epochs": 0, "validate_every_steps": 2, **train}
    config = make_config(train=settings, optimizer=ADAMW)
    request = make_one_layer(folder / "run", config, items[held:])
    run_training(dataclasses.replace(request, validation_items=items[:held]))
    return events_of(folder / "run", "validation")


def test_run_measures_from_the_untrained_lora_to_the_last_step(tmp_path: Path) -> None:
    events = measured_run(tmp_path, held=2, steps=5)
    assert [event["step"] for event in events] == [0, 2, 4, 5]
    for event in events:
        assert (len(event["held_out"]), len(event["probe"])) == (2, 3)
        assert event["part"] == "held_out"
        assert event["sigmas"] == list(DEFAULT_SIGMAS)
        rows = event["held_out"]
        assert event["loss"] == pytest.approx(sum(map(sum, rows)) / 10, rel=1e-5)
        columns = [sum(column) / 2 for column in zip(*rows, strict=True)]
        assert event["per_sigma"] == pytest.approx(columns, rel=1e-5)
        assert 0 < event["share"] <= 1
    measurement = read_history(tmp_path / "run").measurements[-1]
    assert measurement.step == 5
    assert measurement.part.shape == (2, len(DEFAULT_SIGMAS))


def test_without_held_out_items_the_probe_stands_in(tmp_path: Path) -> None:
    events = measured_run(tmp_path, held=0, probe_items=2)
    assert {event["part"] for event in events} == {"probe"}
    assert [len(event["probe"]) for event in events] == [2, 2, 2]
    assert read_history(tmp_path / "run").measurements[0].part.shape == (2, len(DEFAULT_SIGMAS))


def test_same_numbers_whatever_the_training_randomness(tmp_path: Path) -> None:
    first = [measured_run(tmp_path / str(seed), held=2, seed=seed)[0] for seed in (1, 2)]
    assert first[0]["held_out"] == first[1]["held_out"]


def test_measuring_more_often_changes_no_loss(tmp_path: Path) -> None:
    often = measured_run(tmp_path / "often", held=1, validate_every_steps=1)
    seldom = measured_run(tmp_path / "seldom", held=1, validate_every_steps=4, probe_items=0)
    assert often[-1]["held_out"] == seldom[-1]["held_out"]
    losses = [
        [event["loss"] for event in events_of(tmp_path / name / "run", "step")]
        for name in ("often", "seldom")
    ]
    assert losses[0] == losses[1]
