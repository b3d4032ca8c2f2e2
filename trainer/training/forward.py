"""One pass of items through the model: loading, moving to the device, asking for the velocity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from ..data.batches import Batch, TrainingItem, load_batch
from .interfaces import TrainableLora, VelocityModel
from .noise.flow import NoisyBatch, velocity_loss
from .noise.timesteps import timestep_of


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
