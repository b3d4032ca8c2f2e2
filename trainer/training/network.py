"""Making the LoRA that a run trains."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ..config import LoraSettings
from ..model.lora import LoraNetwork, select_targets

LORA_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def make_network(
    shapes: Mapping[str, tuple[int, ...]],
    settings: LoraSettings,
    seed: int,
    device: torch.device | str = "cpu",
) -> LoraNetwork:
    """A fresh LoRA that can be trained, also when called in inference mode.

    Args:
        shapes: The base model's weight names and shapes.
        settings: Rank, alpha, targets and dtype.
        seed: Same seed, same first weights.
        device: Where the model calculates.

    Raises:
        ConfigError: The targets match no layer.
        ModelMismatchError: A preset of targets finds no layer in this model.
    """
    # A tensor made in inference mode can never be trained.
    with torch.inference_mode(False):
        targets = select_targets(shapes, settings.targets)
        dtype = LORA_DTYPES[settings.dtype]
        return LoraNetwork(targets, settings.rank, settings.alpha, seed, dtype).to(device)
