"""What a measured step computes: sizes, weights, inputs and the LoRA, all from seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from trainer.model.architecture import HunyuanVideoConfig, expected_shapes
from trainer.model.lora import LoraNetwork, select_targets

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
RANK = 16
GUIDANCE = 6.0
SIGMA = 0.6
LEARNING_RATE = 1e-4
POOLED_WIDTH = 768


@dataclass(frozen=True, slots=True)
class StepCase:
    """Sizes of one comparison."""

    size: str
    """Short name, such as "64x64"."""
    dtype: str
    """A key of DTYPES: of the weights and of the computation."""
    latent: tuple[int, int, int]
    """Latent frames, height and width."""
    hidden: int = 512
    double_blocks: int = 4
    single_blocks: int = 8
    text_width: int = 4096
    text_tokens: int = 64

    @property
    def config(self) -> HunyuanVideoConfig:
        """The model's sizes."""
        return HunyuanVideoConfig(
            hidden_size=self.hidden,
            double_blocks=self.double_blocks,
            single_blocks=self.single_blocks,
            in_channels=16,
            out_channels=16,
            patch_size=(1, 2, 2),
            text_width=self.text_width,
            pooled_width=POOLED_WIDTH,
            has_guidance=True,
            mlp_size=4 * self.hidden,
        )

    @property
    def image_tokens(self) -> int:
        """Tokens of the picture or clip."""
        frames, height, width = self.latent
        return frames * (height // 2) * (width // 2)

    def describe(self) -> dict[str, Any]:
        """The sizes as they appear in the results."""
        return {
            "latent": list(self.latent),
            "image_tokens": self.image_tokens,
            "text_tokens": self.text_tokens,
            "hidden": self.hidden,
            "double_blocks": self.double_blocks,
            "single_blocks": self.single_blocks,
            "dtype": self.dtype,
            "rank": RANK,
            "optimizer": "AdamW",
            "batch": 1,
        }


def read_case(values: Mapping[str, Any]) -> StepCase:
    """The reverse of `dataclasses.asdict` after a way through JSON."""
    frames, height, width = values["latent"]
    return StepCase(**{**values, "latent": (frames, height, width)})


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model is shown, and what it should answer; all float32."""

    latents: Tensor
    """Clean latents [1, 16, F, h, w]."""
    noise: Tensor
    text: Tensor
    """[1, L, T]."""
    pooled: Tensor
    """[1, P]."""

    @property
    def noisy(self) -> Tensor:
        """Latents mixed with noise."""
        return (1 - SIGMA) * self.latents + SIGMA * self.noise

    @property
    def target(self) -> Tensor:
        """The velocity."""
        return self.noise - self.latents


def make_weights(case: StepCase) -> dict[str, Tensor]:
    """Random weights that keep signals near one, the same in every process."""
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for name, shape in expected_shapes(case.config).items():
        values = torch.randn(shape, generator=generator)
        if "norm" in name and not name.endswith("bias"):
            values = 1 + 0.2 * values
        else:
            values *= 0.2 if len(shape) == 1 else 1 / math.sqrt(math.prod(shape[1:]))
        weights[name] = values.to(DTYPES[case.dtype])
    return weights


def make_inputs(case: StepCase) -> Inputs:
    """Random inputs, the same in every process."""
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return Inputs(
        latents=normal(1, 16, *case.latent),
        noise=normal(1, 16, *case.latent),
        text=normal(1, case.text_tokens, case.text_width),
        pooled=normal(1, POOLED_WIDTH),
    )


def make_network(case: StepCase) -> LoraNetwork:
    """A LoRA on the default layers whose `up` matrices are not zero, as after some steps."""
    targets = select_targets(expected_shapes(case.config))
    network = LoraNetwork(targets, rank=RANK, alpha=float(RANK), seed=2)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("lora_up.weight"):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.02)
    return network
