"""The memory estimate against closed forms and real optimizers."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from prodigyopt import Prodigy

from tests.unit.model.reference_model import FULL, TINY
from trainer.model.architecture import HunyuanVideoConfig, expected_shapes
from trainer.model.lora import LoraNetwork, LoraTarget, select_targets
from trainer.model.memory import (
    BatchShape,
    CheckpointBlocks,
    MemoryEstimate,
    TrainingShape,
    estimate_memory,
)

PICTURE = BatchShape(1, 1, 96, 128, 256)
"""768 x 1024 pixels: 48 * 64 = 3072 image tokens and 256 text tokens."""


def estimate(
    config: HunyuanVideoConfig = FULL,
    batch: BatchShape = PICTURE,
    checkpoint_blocks: CheckpointBlocks = None,
    optimizer: str = "adamw",
) -> MemoryEstimate:
    targets = select_targets(expected_shapes(config))
    training = TrainingShape(targets, 32, optimizer, checkpoint_blocks=checkpoint_blocks)
    return estimate_memory(config, batch, training, weights_bytes=13_000_000_000)


def test_estimate_full_model_follows_the_closed_form() -> None:
    found = estimate()
    tokens, width = 3072 + 256, 3072
    assert found.activation_bytes == 2 * tokens * width * (20 * 13 + 40 * 11)
    # 117 964 800 parameters at rank 32, in float32, and as much again for gradients.
    assert found.lora_bytes == 2 * 4 * 117_964_800
    assert found.optimizer_bytes == 2 * 4 * 117_964_800
    assert found.weights_bytes == 13_000_000_000
    parts = dataclasses.asdict(found).values()
    assert found.peak_bytes == sum(parts)


def test_estimate_grows_with_batch_and_frames() -> None:
    one = estimate().activation_bytes
    assert estimate(batch=dataclasses.replace(PICTURE, batch_size=2)).activation_bytes == 2 * one
    clip = estimate(batch=dataclasses.replace(PICTURE, latent_frames=9)).activation_bytes
    assert clip / one == pytest.approx((9 * 3072 + 256) / 3328)


def test_estimate_checkpointing_stores_one_width_a_block() -> None:
    all_blocks = estimate(checkpoint_blocks="all")
    assert all_blocks.activation_bytes == 2 * 3328 * 3072 * 60
    some = estimate(checkpoint_blocks=frozenset({0, 59}))
    assert some.activation_bytes == 2 * 3328 * 3072 * (1 + 19 * 13 + 39 * 11 + 1)
    assert all_blocks.workspace_bytes > estimate().workspace_bytes
    assert all_blocks.peak_bytes < some.peak_bytes < estimate().peak_bytes


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("adamw", torch.optim.AdamW),
        ("prodigy", Prodigy),
    ],
)
def test_estimate_optimizer_state_is_what_the_optimizer_holds(
    name: str, make: type[torch.optim.Optimizer]
) -> None:
    network = LoraNetwork([LoraTarget("a", 300, 200)], rank=8, alpha=8.0)
    for parameter in network.parameters():
        parameter.data.fill_(0.1)
        parameter.grad = torch.ones_like(parameter)
    optimizer = make(network.parameters())
    optimizer.step()
    held = sum(
        value.nbytes
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor)
    )
    training = TrainingShape(network.targets, 8, name)
    found = estimate_memory(TINY, PICTURE, training, weights_bytes=0).optimizer_bytes
    assert found == pytest.approx(held, rel=0.01)
