"""The loss with fixed noise: the formula, what it shows, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.unit.training.training_runs import (
    make_config,
    make_hunyuan,
    make_items,
    make_one_layer,
)
from trainer.data.batches import load_batch
from trainer.training.loop import run_training
from trainer.training.noise.randomness import placed_generator
from trainer.training.measuring.validation import ValidationPlan, validation_loss

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
