"""Loss on given items with fixed noise and fixed noise levels, so that two values can be compared.

The training loss mostly shows which noise level was drawn. Here every item is measured at the
same levels with the same noise each time, with the LoRA or without it. The noise follows from the
item alone, not from the run's seed, so runs with other seeds can be compared as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from ...data.batches import TrainingItem
from ..interfaces import TrainableLora, VelocityModel
from ..noise.flow import add_noise
from ..noise.randomness import placed_generator
from ..steps.forward import compute_loss, load_on_device

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
    """Losses by item and noise level: losses[n][s] belongs to item n and sigmas[s]."""

    sigmas: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]

    @property
    def mean(self) -> float:
        """Mean over items and noise levels, all alike."""
        return sum(map(sum, self.losses)) / (len(self.losses) * len(self.sigmas))

    @property
    def per_sigma(self) -> dict[float, float]:
        """Mean over the items at each noise level."""
        columns = zip(*self.losses, strict=True)
        means = (sum(column) / len(self.losses) for column in columns)
        return dict(zip(self.sigmas, means, strict=True))


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
        should_stop: Asked before each pass through the model.

    Returns:
        The losses, or None when stopped or when there is nothing to measure.
    """
    rows = []
    with torch.no_grad():
        for item in items:
            row = _item_losses(model, item, plan, lora, should_stop)
            if row is None:
                return None
            rows.append(row)
    return ValidationResult(plan.sigmas, tuple(rows)) if rows and plan.sigmas else None


def _item_losses(
    model: VelocityModel,
    item: TrainingItem,
    plan: ValidationPlan,
    lora: TrainableLora | None,
    should_stop: Callable[[], bool],
) -> tuple[float, ...] | None:
    batch = load_on_device([item], plan.latent_scale, plan.device)
    losses = []
    for sigma in plan.sigmas:
        if should_stop():
            return None
        generator = placed_generator(plan.seed, "validation", item.key, repr(sigma))
        noise = torch.randn(batch.latents.shape, generator=generator).to(plan.device)
        noisy = add_noise(batch.latents, noise, torch.tensor([sigma], device=plan.device))
        losses.append(compute_loss(model, batch, noisy, plan.guidance, lora).item())
    return tuple(losses)
