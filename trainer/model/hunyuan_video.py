"""HunyuanVideo text-to-video, written for training on weights that somebody else owns.

Numerically equal to ComfyUI's own forward on the same weights (a test holds both side by side).
Letters: B batch, C channels, F latent frames, h/w latent size, L text tokens, T text width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ..errors import ConfigError, ModelMismatchError
from .architecture import HunyuanVideoConfig
from .layers.blocks import (
    BlockContext,
    DoubleBlock,
    SingleBlock,
    compute_modulation,
    modulated_norm,
)
from .layers.embeddings import compute_conditioning, join_patches, split_patches
from .layers.refiner import refine_text
from .layers.rope import compute_rotary_table
from .linear import Layers
from .lora import LoraNetwork
from .weights import WeightSource

__all__ = ["HunyuanVideo", "HunyuanVideoConfig"]

CheckpointBlocks = frozenset[int] | Literal["all"] | None
_COMPUTE_DTYPES = (torch.float32, torch.bfloat16, torch.float64)


class HunyuanVideo:
    """The velocity prediction of a HunyuanVideo transformer; only a LoRA can have gradients."""

    def __init__(
        self,
        config: HunyuanVideoConfig,
        source: WeightSource,
        compute_dtype: torch.dtype,
        device: torch.device | str = "cpu",
        checkpoint_blocks: CheckpointBlocks = None,
    ) -> None:
        """Bind the sizes to a source of weights; no weight is read yet.

        Args:
            config: Sizes, from `HunyuanVideoConfig.from_shapes(source.shapes)`.
            source: Asked for every weight in each forward and each backward pass.
            compute_dtype: float32, bfloat16 or float64 (tests).
            device: Where the computation runs.
            checkpoint_blocks: Blocks that store only their input and run again in backward: "all",
                or indices, double blocks first, then single blocks; None for no block.

        Raises:
            ConfigError: The dtype or a block index is out of range.
        """
        if compute_dtype not in _COMPUTE_DTYPES:
            raise ConfigError(
                f"compute_dtype is {compute_dtype}, but training computes in fp32 or bf16. "
                "Choose bf16 on a graphics card and fp32 on the CPU."
            )
        self.config = config
        self.source = source
        self.compute_dtype = compute_dtype
        self.device = torch.device(device)
        self.checkpoint_blocks = checkpoint_blocks

    @property
    def checkpoint_blocks(self) -> CheckpointBlocks:
        """Blocks under full activation checkpointing; may be changed between steps."""
        return self._checkpoint_blocks

    @checkpoint_blocks.setter
    def checkpoint_blocks(self, blocks: CheckpointBlocks) -> None:
        count = self.config.blocks
        if isinstance(blocks, frozenset) and any(not 0 <= index < count for index in blocks):
            raise ConfigError(
                f"checkpoint_blocks names blocks {sorted(blocks)}, but this model has {count} "
                f"blocks. Use numbers from 0 to {count - 1}, or 'all'."
            )
        self._checkpoint_blocks = blocks

    def velocity(
        self,
        noisy_latents: Tensor,
        timestep: Tensor,
        text: Tensor,
        text_mask: Tensor | None,
        pooled: Tensor | None,
        guidance: Tensor | None,
        lora: LoraNetwork | None = None,
    ) -> Tensor:
        """Predict the velocity (noise - latents) of noisy latents.

        Args:
            noisy_latents: [B, C, F, h, w], scaled latents mixed with noise; h and w even.
            timestep: [B], noise share times 1000, in 0..1000.
            text: [B, L, T] text encoder states, padded to the longest where lengths differ.
            text_mask: bool [B, L], True for real tokens; None where every token is real.
            pooled: [B, P] pooled text vector; None for a model that takes none.
            guidance: [B] as shown to people (6.0, not 6000); None adds no guidance. Without effect
                on a model that has no guidance input.
            lora: The LoRA to add; None for the base model.

        Returns:
            Velocity [B, C, F, h, w], float32 (float64 for a float64 model).

        Raises:
            ModelMismatchError: A shape does not fit the model.
        """
        self._check_inputs(noisy_latents, text, text_mask, pooled)
        layers = Layers(self.source, self.compute_dtype, self.device, lora)
        timestep = timestep.to(self.device)
        mask = _effective_mask(text_mask, self.device)
        vector = compute_conditioning(
            layers, timestep, *self._conditioning_inputs(pooled, guidance)
        )
        text_tokens = refine_text(layers, text, timestep, mask)
        latents = noisy_latents.to(self.device, self.compute_dtype)
        image_tokens = layers.linear("img_in.proj", split_patches(latents, self.config.patch_size))
        grid = self._grid(noisy_latents)
        context = self._context(layers, grid, text_tokens.shape[1], mask)
        tokens = self._run_blocks(context, image_tokens, text_tokens, vector)
        return self._finish(layers, tokens[:, : image_tokens.shape[1]], vector, grid)

    def _run_blocks(
        self, context: BlockContext, image: Tensor, text: Tensor, vector: Tensor
    ) -> Tensor:
        layers = context.layers
        for index in range(self.config.double_blocks):
            name = f"double_blocks.{index}"
            block = DoubleBlock(
                context,
                name,
                compute_modulation(layers, f"{name}.img_mod.lin", vector),
                compute_modulation(layers, f"{name}.txt_mod.lin", vector),
            )
            image, text = self._run(index, block.run, image, text)
        tokens = torch.cat((image, text), dim=1)
        for index in range(self.config.single_blocks):
            name = f"single_blocks.{index}"
            (branch,) = compute_modulation(layers, f"{name}.modulation.lin", vector)
            single = SingleBlock(context, name, branch)
            tokens = self._run(self.config.double_blocks + index, single.run, tokens)
        return tokens

    def _run(self, index: int, block: Callable[..., Any], *tokens: Tensor) -> Any:
        chosen = self._checkpoint_blocks
        if chosen is None or (chosen != "all" and index not in chosen):
            return block(*tokens)
        # Nothing in a block is random, so there is no random state to keep.
        return checkpoint(block, *tokens, use_reentrant=False, preserve_rng_state=False)

    def _finish(
        self, layers: Layers, image: Tensor, vector: Tensor, grid: tuple[int, int, int]
    ) -> Tensor:
        parts = layers.linear(
            "final_layer.adaLN_modulation.1", vector, prologue=torch.nn.functional.silu
        )
        shift, scale = parts[:, None, :].chunk(2, dim=-1)
        rows = layers.linear("final_layer.linear", image, shift, scale, prologue=modulated_norm)
        velocity = join_patches(rows, grid, self.config.patch_size)
        return velocity if velocity.dtype == torch.float64 else velocity.float()

    def _context(
        self, layers: Layers, grid: tuple[int, int, int], text_tokens: int, mask: Tensor | None
    ) -> BlockContext:
        rotary = compute_rotary_table(grid, self.compute_dtype, self.device)
        if mask is not None:
            image_tokens = grid[0] * grid[1] * grid[2]
            mask = torch.cat((mask.new_ones(mask.shape[0], image_tokens), mask), dim=1)
        return BlockContext(layers, rotary, rotary.followed_by_text(text_tokens), mask)

    def _grid(self, latents: Tensor) -> tuple[int, int, int]:
        frames, rows, columns = self.config.patch_size
        return (
            latents.shape[2] // frames,
            latents.shape[3] // rows,
            latents.shape[4] // columns,
        )

    def _conditioning_inputs(
        self, pooled: Tensor | None, guidance: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        width = self.config.pooled_width
        return (
            None if width is None or pooled is None else pooled[:, :width],
            guidance if self.config.has_guidance else None,
        )

    def _check_inputs(
        self, latents: Tensor, text: Tensor, mask: Tensor | None, pooled: Tensor | None
    ) -> None:
        config = self.config
        if latents.ndim != 5 or latents.shape[1] != config.in_channels:
            raise ModelMismatchError(
                f"The latents have shape {list(latents.shape)}, but this model takes "
                f"[batch, {config.in_channels}, frames, height, width]. Encode them with the "
                "HunyuanVideo VAE."
            )
        sizes, patch = list(latents.shape[2:]), config.patch_size
        if any(size < 1 or size % step for size, step in zip(sizes, patch, strict=True)):
            raise ModelMismatchError(
                f"The latents have frames, height and width {sizes}, which must be divisible by "
                f"the model's patches {list(patch)}. Use picture sizes that are "
                "multiples of 16 pixels."
            )
        if text.ndim != 3 or text.shape[2] != config.text_width or text.shape[1] < 1:
            raise ModelMismatchError(
                f"The text has shape {list(text.shape)}, but this model takes [batch, tokens, "
                f"{config.text_width}]. Encode captions with this model's text encoder."
            )
        if mask is not None and (
            mask.shape != text.shape[:2] or mask.dtype != torch.bool or not mask.any(dim=1).all()
        ):
            raise ModelMismatchError(
                f"The text mask is {mask.dtype} {list(mask.shape)}, but must be bool "
                f"{list(text.shape[:2])} with at least one real token for each caption."
            )
        if config.pooled_width is None:
            return
        if pooled is None or pooled.ndim != 2 or pooled.shape[1] < config.pooled_width:
            found = "missing" if pooled is None else f"of shape {list(pooled.shape)}"
            raise ModelMismatchError(
                f"The pooled text vector is {found}, but this model takes [batch, "
                f"{config.pooled_width}]. Encode captions with both text encoders (CLIP-L too)."
            )


def _effective_mask(mask: Tensor | None, device: torch.device) -> Tensor | None:
    """None where nothing is padded: attention without a mask may use faster kernels."""
    return None if mask is None or bool(mask.all()) else mask.to(device)
