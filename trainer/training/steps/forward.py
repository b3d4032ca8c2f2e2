"""One pass of items through the model: loading, moving to the device, asking for the velocity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from ...data.batches import Batch, TrainingItem, load_batch
from ...model.hunyuan_video import ModelInput
from ..interfaces import TrainableLora, VelocityModel
from ..noise.flow import NoisyBatch, velocity_loss
from ..noise.timesteps import timestep_of


def load_on_device(
    items: Sequence[TrainingItem], latent_scale: float, device: torch.device
) -> Batch:
    """Load the cached files of items of one bucket as a batch on `device`."""
    batch = load_batch(items, latent_scale)
    return replace(
        batch,
        latents=batch.latents.to(device),
        text=batch.text.to(device),
        text_mask=None if batch.text_mask is None else batch.text_mask.to(device),
        pooled=None if batch.pooled is None else batch.pooled.to(device),
    )


def compute_loss(
    model: VelocityModel,
    batch: Batch,
    noisy: NoisyBatch,
    guidance: float,
    lora: TrainableLora | None,
) -> torch.Tensor:
    """Loss of the model's velocity for a noisy batch: float32 scalar, mean over everything.

    Args:
        model: The model.
        batch: Text conditioning of the items.
        noisy: Noisy latents, sigma and target.
        guidance: In sampling units.
        lora: The LoRA to apply, or None for the base model alone.
    """
    velocity = model.velocity(
        noisy.noisy_latents,
        timestep_of(noisy.sigma),
        batch.text,
        batch.text_mask,
        batch.pooled,
        torch.full_like(noisy.sigma, guidance),
        lora,
    )
    return velocity_loss(velocity, noisy.target)


def compute_joint_loss(
    model: VelocityModel,
    batches: Sequence[tuple[Batch, NoisyBatch]],
    guidance: float,
    lora: TrainableLora | None,
) -> torch.Tensor:
    """Mean of the loss over the samples of all batches, each weight being asked for once.

    Args:
        model: The model.
        batches: Batches of any sizes with their noisy latents.
        guidance: In sampling units.
        lora: The LoRA to apply, or None for the base model alone.
    """
    inputs = [sample for pair in batches for sample in _split(*pair, guidance)]
    targets = [target for _, noisy in batches for target in noisy.target]
    velocities = model.velocities(inputs, lora)
    losses = [velocity_loss(v, target) for v, target in zip(velocities, targets, strict=True)]
    return torch.stack(losses).mean()


def _split(batch: Batch, noisy: NoisyBatch, guidance: float) -> Iterator[ModelInput]:
    timesteps = timestep_of(noisy.sigma)
    for row in range(len(noisy.target)):
        text = batch.text[row]
        yield ModelInput(
            noisy.noisy_latents[row],
            timesteps[row],
            text if batch.text_mask is None else text[batch.text_mask[row]],
            None if batch.pooled is None else batch.pooled[row],
            torch.full_like(noisy.sigma[row], guidance),
        )
