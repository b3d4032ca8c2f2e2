"""What is to be trained, as far as memory and time are concerned: shapes and number formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from ..errors import ConfigError
from ..model.architecture import HunyuanVideoConfig, expected_shapes
from ..model.lora import LoraTarget, select_targets
from ..setting_groups import LoraSettings, OptimizerSettings

LATENT_PIXELS = 8
"""Pixels along one side of a latent. Source: the HunyuanVideo VAE."""
FRAMES_STEP = 4
"""Frames of a clip to one latent frame, beside the first. Source: the HunyuanVideo VAE."""


@dataclass(frozen=True, slots=True)
class SampleShape:
    """Size of one picture or clip with its caption."""

    latent_frames: int
    latent_height: int
    """Pixels / 8."""
    latent_width: int
    """Pixels / 8."""
    text_tokens: int = 256

    @classmethod
    def of_pixels(
        cls, width_px: int, height_px: int, frames: int = 1, text_tokens: int = 256
    ) -> SampleShape:
        """The shape that a picture, or a clip of 4 n + 1 frames, has as latents.

        Raises:
            ConfigError: A size is no multiple of 16 pixels, or the frames are not 4 n + 1.
        """
        if width_px < 16 or height_px < 16 or width_px % 16 or height_px % 16:
            raise ConfigError(
                f"The size {width_px}x{height_px} cannot be trained on: width and height must be "
                "multiples of 16 pixels."
            )
        if frames < 1 or frames % FRAMES_STEP != 1:
            raise ConfigError(
                f"A clip of {frames} frames cannot be trained on. Use 1, 5, 9, 13 and so on."
            )
        latent_frames = 1 + (frames - 1) // FRAMES_STEP
        return cls(
            latent_frames, height_px // LATENT_PIXELS, width_px // LATENT_PIXELS, text_tokens
        )

    def tokens(self, config: HunyuanVideoConfig) -> int:
        """Image and text tokens together."""
        frames, rows, columns = config.patch_size
        image = (
            (self.latent_frames // frames)
            * (self.latent_height // rows)
            * (self.latent_width // columns)
        )
        return image + self.text_tokens

    @property
    def words(self) -> str:
        """Such as "960x1712" or "544x960, 33 frames", for people."""
        size = f"{self.latent_width * LATENT_PIXELS}x{self.latent_height * LATENT_PIXELS}"
        frames = 1 + (self.latent_frames - 1) * FRAMES_STEP
        return size if frames == 1 else f"{size}, {frames} frames"


@dataclass(frozen=True, slots=True)
class Workload:
    """One training step, as shapes."""

    config: HunyuanVideoConfig
    targets: tuple[LoraTarget, ...]
    batch: tuple[SampleShape, ...]
    """Samples that go through the model together: one micro-batch."""
    lora: LoraSettings = field(default_factory=LoraSettings)
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    accumulation: int = 1
    """Micro-batches of a step."""
    compute_dtype: torch.dtype = torch.bfloat16

    @classmethod
    def of_sizes(
        cls,
        config: HunyuanVideoConfig,
        batch: Sequence[SampleShape],
        lora: LoraSettings | None = None,
    ) -> Workload:
        """A step of a complete model of these sizes, with the defaults for everything else."""
        lora = lora or LoraSettings()
        chosen = tuple(select_targets(expected_shapes(config), lora.targets))
        return cls(config, chosen, tuple(batch), lora)

    @property
    def rank(self) -> int:
        """Inner size of the LoRA."""
        return self.lora.rank

    @property
    def lora_bytes(self) -> int:
        """Bytes of one LoRA parameter and of its gradient."""
        return 4 if self.lora.dtype == "fp32" else 2

    @property
    def tokens(self) -> int:
        """Tokens of one micro-batch."""
        return sum(sample.tokens(self.config) for sample in self.batch)

    @property
    def parameters(self) -> int:
        """LoRA parameters in all."""
        return self.rank * sum(t.in_features + t.out_features for t in self.targets)

    def parameters_by_block(self) -> list[int]:
        """LoRA parameters of each block; those outside of the blocks count to the first one."""
        counts = [0] * self.config.blocks
        for target in self.targets:
            kind, *rest = target.name.split(".")
            index = int(rest[0]) if kind.endswith("_blocks") else 0
            first = self.config.double_blocks if kind == "single_blocks" else 0
            counts[first + index] += self.rank * (target.in_features + target.out_features)
        return counts

    @property
    def input_bytes(self) -> int:
        """Latents, noise and their mixture, and the captions' states, all float32."""
        latents = sum(
            self.config.in_channels * s.latent_frames * s.latent_height * s.latent_width
            for s in self.batch
        )
        text = sum(s.text_tokens * self.config.text_width for s in self.batch)
        return 4 * (3 * latents + text)


RELEASED = HunyuanVideoConfig(
    hidden_size=3072,
    double_blocks=20,
    single_blocks=40,
    in_channels=16,
    out_channels=16,
    patch_size=(1, 2, 2),
    text_width=4096,
    pooled_width=768,
    has_guidance=True,
    mlp_size=12288,
)
"""HunyuanVideo text-to-video as released, 13 billion parameters."""
