"""Flow matching: noisy latents, their target and the loss.

Letters: B batch, C channels, F latent frames, h/w latent size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ...config import TimestepSettings
from .timesteps import sample_sigma


@dataclass(frozen=True)
class NoisyBatch:
    """What the model sees and what it must answer.

    noisy_latents [B,C,F,h,w], sigma [B] from 0 to 1, target [B,C,F,h,w] = noise - latents.
    """

    noisy_latents: torch.Tensor
    sigma: torch.Tensor
    target: torch.Tensor


def add_noise(latents: torch.Tensor, noise: torch.Tensor, sigma: torch.Tensor) -> NoisyBatch:
    """Mix latents and noise: (1 - sigma) latents + sigma noise.

    Args:
        latents: Scaled latents [B,C,F,h,w].
        noise: Standard normal noise of the same shape.
        sigma: Share of noise [B].

    Source: Lipman et al. 2023, arXiv:2210.02747, with the straight path; the velocity target
    points from the picture to the noise, as HunyuanVideo's does.
    """
    latents, noise = latents.to(torch.float32), noise.to(torch.float32)
    share = sigma.to(torch.float32).view(-1, *[1] * (latents.dim() - 1))
    return NoisyBatch((1 - share) * latents + share * noise, sigma, noise - latents)


def sample_noisy_batch(
    latents: torch.Tensor, settings: TimestepSettings, generators: Sequence[torch.Generator]
) -> NoisyBatch:
    """Draw sigma and noise for a batch, each sample from its own generator.

    One generator a sample makes two batches of one equal to one batch of two.

    Args:
        latents: Scaled latents [B,C,F,h,w] on any device.
        settings: Distribution of sigma.
        generators: B generators on the CPU, so that every device gets the same draws.
    """
    sigmas, noises = [], []
    for generator in generators:
        sigmas.append(sample_sigma(settings, 1, generator))
        noises.append(torch.randn(latents.shape[1:], generator=generator))
    device = latents.device
    return add_noise(latents, torch.stack(noises).to(device), torch.cat(sigmas).to(device))


def velocity_loss(velocity: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean squared error over everything, in float32 whatever the model calculates in."""
    return torch.nn.functional.mse_loss(velocity.to(torch.float32), target.to(torch.float32))
