"""What the training part needs from a model and a LoRA, so that any that fits can be trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import torch

from ..model.hunyuan_video import ModelInput


class TrainableLora(Protocol):
    """A LoRA whose parameters can be trained, saved and restored."""

    def parameters(self) -> Iterable[torch.Tensor]:
        """The tensors to train, always in the same order."""
        ...

    def state(self) -> Mapping[str, torch.Tensor]:
        """All tensors by name: "<module>.lora_down.weight", "<module>.lora_up.weight"."""
        ...

    def load_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take over the tensors that `state` gave."""
        ...


class VelocityModel(Protocol):
    """A flow model: B batch, C channels, F frames, h/w latent size, L text tokens, D text width."""

    def velocity(
        self,
        noisy_latents: torch.Tensor,
        timestep: torch.Tensor,
        text: torch.Tensor,
        text_mask: torch.Tensor | None,
        pooled: torch.Tensor | None,
        guidance: torch.Tensor | None,
        lora: Any = None,
    ) -> torch.Tensor:
        """Predict noise - latents.

        Args:
            noisy_latents: [B,C,F,h,w].
            timestep: [B], 0 to 1000.
            text: [B,L,D].
            text_mask: bool [B,L], or None when every token counts.
            pooled: [B,768], or None.
            guidance: [B] in sampling units, or None.
            lora: The LoRA to apply, or None for the base model alone.

        Returns:
            Velocity [B,C,F,h,w].
        """
        ...

    def velocities(self, inputs: Sequence[ModelInput], lora: Any = None) -> list[torch.Tensor]:
        """Predict noise - latents for samples of any sizes, [C,F,h,w] each."""
        ...
