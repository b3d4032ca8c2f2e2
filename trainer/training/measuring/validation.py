"""Loss on given items with fixed noise and fixed noise levels, so that two values can be compared.

The training loss mostly shows which noise level was drawn. Here every item is measured at the
same levels with the same noise each time, with the LoRA or without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from ..data.batches import TrainingItem
from .forward import compute_loss, load_on_device
from .interfaces import TrainableLora, VelocityModel
from .noise.flow import add_noise
from .noise.randomness import placed_generator

DEFAULT_SIGMAS = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class ValidationPlan:
    """What is measured.

    sigmas: noise levels from 0 to 1. guidance: in sampling units. latent_scale: factor from raw
    latents to latents.
    """

    sigmas: tuple[float, ...] = DEFAULT_SIGMAS
    seed: int = 0
    guidance: float = 1.0
    latent_scale: float = 0.476986
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


@dataclass(frozen=True)
class ValidationResult:
    """Mean loss, and the mean at each noise level."""

    mean: float
    per_sigma: Mapping[float, float]


def validation_loss(
    model: VelocityModel,
    items: Sequence[TrainingItem],
    plan: ValidationPlan,
    lora: TrainableLora | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ValidationResult | None:
    """Measure the loss without gradients and without touching any other random stream.

    Args:
        model: The model.
        items: Items to measure on, one after the other.
        plan: Noise levels, seed and units.
        lora: The LoRA, or None for the base model alone.
        should_stop: Asked before each item.

    Returns:
        The losses, or None when stopped or when there are no items.
    """
    sums = dict.fromkeys(plan.sigmas, 0.0)
    with torch.no_grad():
        for item in items:
            if should_stop():
                return None
            for sigma, loss in _item_losses(model, item, plan, lora).items():
                sums[sigma] += loss / len(items)
    if not items or not sums:
        return None
    return ValidationResult(sum(sums.values()) / len(sums), sums)


def _item_losses(
    model: VelocityModel, item: TrainingItem, plan: ValidationPlan, lora: TrainableLora | None
) -> dict[float, float]:
    batch = load_on_device([item], plan.latent_scale, plan.device)
    losses = {}
    for sigma in plan.sigmas:
        generator = placed_generator(plan.seed, "validation", item.key, repr(sigma))
        noise = torch.randn(batch.latents.shape, generator=generator).to(plan.device)
        noisy = add_noise(batch.latents, noise, torch.tensor([sigma], device=plan.device))
        losses[sigma] = compute_loss(model, batch, noisy, plan.guidance, lora).item()
    return losses
