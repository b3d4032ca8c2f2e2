"""Which noise levels are trained: draws of sigma (0 clean picture, 1 pure noise).

The model is fed timestep = 1000 * sigma, which is what it is fed when sampling. musubi-tuner feeds
1000 * sigma + 1 in its direct modes; that offset is left out here on purpose.
"""

from __future__ import annotations

import torch

from ...config import TimestepSettings

TIMESTEPS = 1000.0


def sigma_from_uniform(u: torch.Tensor, settings: TimestepSettings) -> torch.Tensor:
    """Sigma for given uniform draws, in closed form.

    With N the standard normal quantile of u and S the logistic function:
    uniform u; sigmoid S(scale N); logit_normal S(mean + std N); logsnr S(-(mean + std N) / 2);
    shift k s / (1 + (k - 1) s) with s = S(scale N). The result is then squeezed linearly into
    min_sigma .. max_sigma.

    Args:
        u: Draws from 0 to 1, of any shape.
        settings: The distribution.

    Returns:
        Sigma in float64, of the shape of `u`.

    Source: Esser et al. 2024, arXiv:2403.03206, section 3.1 and equation 23; the same option names
    and values as musubi-tuner 0.3.4 (compared in the tests).
    """
    u = u.to(torch.float64)
    normal = torch.special.ndtri(u)
    if settings.distribution == "uniform":
        sigma = u
    elif settings.distribution == "logit_normal":
        sigma = torch.sigmoid(settings.mean + settings.std * normal)
    elif settings.distribution == "logsnr":
        sigma = torch.sigmoid(-(settings.mean + settings.std * normal) / 2)
    else:
        sigma = torch.sigmoid(settings.scale * normal)
    if settings.distribution == "shift":
        sigma = settings.shift * sigma / (1 + (settings.shift - 1) * sigma)
    return settings.min_sigma + (settings.max_sigma - settings.min_sigma) * sigma


def sample_sigma(
    settings: TimestepSettings, batch: int, generator: torch.Generator
) -> torch.Tensor:
    """Draw sigmas at random.

    Returns:
        Sigma [B] float32 on the CPU, from 0 to 1.
    """
    u = torch.rand(batch, generator=generator, dtype=torch.float64)
    return sigma_from_uniform(u, settings).to(torch.float32)


def timestep_of(sigma: torch.Tensor) -> torch.Tensor:
    """Timestep that the model is fed for a noise level: 1000 * sigma, without an offset."""
    return sigma * TIMESTEPS
