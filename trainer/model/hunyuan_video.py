"""HunyuanVideo text-to-video, written for training on weights that somebody else owns.

Numerically equal to ComfyUI's own forward on the same weights (a test holds both side by side).
Letters: B batch, C channels, F latent frames, h/w latent size, L text tokens, T text width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import ConfigError, ModelMismatchError
from .activation_policy import ActivationPolicy
from .architecture import HunyuanVideoConfig
from .checkpointing import InMainMemory, InputStore, OnDevice, run_checkpointed
from .layers.blocks import (
    BlockContext,
    DoubleBlock,
    ModulatedNorm,
    SingleBlock,
)
from .layers.compiled import kernels_for
from .layers.embeddings import compute_conditioning, join_patches, split_patches
from .layers.packing import Segments, interleave, join_samples, pack, take_first
from .layers.refiner import refine_text
from .layers.rope import compute_turns, followed_by_text
from .linear import Elementwise, Layers
from .lora import LoraNetwork
from .weights import WeightSource

__all__ = ["HunyuanVideo", "HunyuanVideoConfig", "ModelInput"]

_COMPUTE_DTYPES = (torch.float32, torch.bfloat16, torch.float64)
Grid = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ModelInput:
    """What the model looks at for one sample."""

    noisy_latents: Tensor
    """[C, F, h, w], scaled latents mixed with noise; h and w even."""
    timestep: Tensor
    """Scalar, noise share times 1000, in 0..1000."""
    text: Tensor
    """[L, T] text encoder states without padding."""
    pooled: Tensor | None
    """[P] pooled text vector; None for a model that takes none."""
    guidance: Tensor | None
    """Scalar as shown to people (6.0, not 6000); None adds no guidance."""


class HunyuanVideo:
    """The velocity prediction of a HunyuanVideo transformer; only a LoRA can have gradients."""

    def __init__(
        self,
        config: HunyuanVideoConfig,
        source: WeightSource,
        compute_dtype: torch.dtype,
        device: torch.device | str = "cpu",
        policy: ActivationPolicy | None = None,
    ) -> None:
        """Bind the sizes to a source of weights; no weight is read yet.

        Args:
            config: Sizes, from `HunyuanVideoConfig.from_shapes(source.shapes)`.
            source: Asked for every weight in each forward and each backward pass.
            compute_dtype: float32, bfloat16 or float64 (tests). Autocast regions change nothing.
                float32 products have the precision that the process has set for all its work
                (torch.set_float32_matmul_precision), which is full unless somebody lowered it.
            device: Where the computation runs.
            policy: What is kept between forward and backward; None keeps all blocks whole.

        Raises:
            ConfigError: The dtype is none of these, or the policy does not fit the model.
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
        self.policy = policy or ActivationPolicy()

    @property
    def policy(self) -> ActivationPolicy:
        """What is kept between forward and backward; may be changed between steps."""
        return self._policy

    @policy.setter
    def policy(self, policy: ActivationPolicy) -> None:
        policy.check(self.config.blocks, self.config.heads)
        self._policy = policy

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
        """Predict the velocity (noise - latents) of a batch of noisy latents of one size.

        Args:
            noisy_latents: [B, C, F, h, w], scaled latents mixed with noise; h and w even.
            timestep: [B], noise share times 1000, in 0..1000.
            text: [B, L, T] text encoder states, padded to the longest where lengths differ.
            text_mask: bool [B, L], True for real tokens; None where every token is real. Padding
                costs nothing: it is taken out before the first layer.
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
        inputs = [
            ModelInput(
                latents,
                timestep[i],
                text[i] if text_mask is None else text[i][text_mask[i]],
                None if pooled is None else pooled[i],
                None if guidance is None else guidance[i],
            )
            for i, latents in enumerate(noisy_latents)
        ]
        return torch.stack(self._run(inputs, lora))

    def velocities(
        self, inputs: Sequence[ModelInput], lora: LoraNetwork | None = None
    ) -> list[Tensor]:
        """Predict the velocities of samples of any sizes; every weight is asked for once.

        Args:
            inputs: One or more samples; picture sizes and text lengths may differ.
            lora: The LoRA to add; None for the base model.

        Returns:
            For each sample its velocity [C, F, h, w], float32 (float64 for a float64 model).

        Raises:
            ModelMismatchError: A shape does not fit the model.
        """
        for sample in inputs:
            pooled = None if sample.pooled is None else sample.pooled[None]
            self._check_inputs(sample.noisy_latents[None], sample.text[None], None, pooled)
        return self._run(inputs, lora)

    def _run(self, inputs: Sequence[ModelInput], lora: LoraNetwork | None) -> list[Tensor]:
        # Every dtype is written out, so whatever autocast region this runs in must not add any.
        with torch.autocast(self.device.type, enabled=False):
            return self._predict(inputs, lora)

    def _predict(self, inputs: Sequence[ModelInput], lora: LoraNetwork | None) -> list[Tensor]:
        kernels = kernels_for(compiled=self._policy.compiled)
        layers = Layers(self.source, self.compute_dtype, self.device, lora, kernels)
        timestep = torch.stack([sample.timestep for sample in inputs]).to(self.device)
        vector = compute_conditioning(layers, timestep, *self._conditioning_inputs(inputs))
        text, text_segments = pack([sample.text for sample in inputs])
        text = refine_text(layers, text, text_segments, timestep)
        patches, image_segments = pack([self._patches(sample) for sample in inputs])
        image = layers.linear("img_in.proj", patches)
        grids = [self._grid(sample.noisy_latents) for sample in inputs]
        context = self._context(layers, grids, image_segments, text_segments)
        image = self._run_blocks(context, image, text, vector)
        rows = self._finish(layers, image, image_segments, vector)
        return [
            self._velocity(rows[here], grid)
            for here, grid in zip(image_segments.rows, grids, strict=True)
        ]

    def _run_blocks(
        self, context: BlockContext, image: Tensor, text: Tensor, vector: Tensor
    ) -> Tensor:
        """Image rows behind the last block."""
        store: InputStore = InMainMemory(self.device) if self._policy.host_inputs else OnDevice()
        streams: tuple[Tensor, ...] = (image, text)
        del image, text
        for index in range(self.config.double_blocks):
            double = DoubleBlock(context, f"double_blocks.{index}")
            streams = self._run_block(index, double, streams, vector, store)
        parts = (context.image, context.text)
        streams = (join_samples(streams[0], streams[1], parts),)
        for index in range(self.config.single_blocks):
            single = SingleBlock(context, f"single_blocks.{index}")
            number = self.config.double_blocks + index
            streams = self._run_block(number, single, streams, vector, store)
        return take_first(streams[0], parts)

    def _run_block(
        self,
        index: int,
        block: DoubleBlock | SingleBlock,
        streams: tuple[Tensor, ...],
        vector: Tensor,
        store: InputStore,
    ) -> tuple[Tensor, ...]:
        modulation = block.modulation(vector)
        if index in self._policy.checkpoint_blocks and torch.is_grad_enabled():
            lora = block.context.layers.lora
            parameters = [] if lora is None else lora.parameters_in(block.name)
            return run_checkpointed(block.run, streams, modulation, parameters, store)
        outputs = block.run(*streams, *modulation)
        return (outputs,) if isinstance(outputs, Tensor) else outputs

    def _finish(self, layers: Layers, image: Tensor, segments: Segments, vector: Tensor) -> Tensor:
        parts = layers.linear(
            "final_layer.adaLN_modulation.1", vector, prologue=Elementwise(torch.nn.functional.silu)
        )
        shift, scale = parts.chunk(2, dim=-1)
        prologue = ModulatedNorm(segments, layers.kernels)
        return layers.linear("final_layer.linear", image, shift, scale, prologue=prologue)

    def _velocity(self, rows: Tensor, grid: Grid) -> Tensor:
        velocity = join_patches(rows[None], grid, self.config.patch_size)[0]
        return velocity if velocity.dtype == torch.float64 else velocity.float()

    def _context(
        self, layers: Layers, grids: list[Grid], image: Segments, text: Segments
    ) -> BlockContext:
        known = {grid: compute_turns(grid, self.compute_dtype, self.device) for grid in set(grids)}
        turns = tuple(known[grid] for grid in grids)
        joint = tuple(
            followed_by_text(table, length)
            for table, length in zip(turns, text.lengths, strict=True)
        )
        return BlockContext(
            layers, image, text, interleave(image, text), turns, joint,
            self.config.mlp_size, self._policy.attention_chunks,
        )  # fmt: skip

    def _patches(self, sample: ModelInput) -> Tensor:
        latents = sample.noisy_latents.to(self.device, self.compute_dtype)
        return split_patches(latents[None], self.config.patch_size)[0]

    def _grid(self, latents: Tensor) -> Grid:
        frames, rows, columns = self.config.patch_size
        return (
            latents.shape[-3] // frames,
            latents.shape[-2] // rows,
            latents.shape[-1] // columns,
        )

    def _conditioning_inputs(
        self, inputs: Sequence[ModelInput]
    ) -> tuple[Tensor | None, Tensor | None]:
        """Pooled vectors [S, P] and guidance [S], each None where the model takes none."""
        width = self.config.pooled_width
        pooled = [x.pooled[:width] for x in inputs if x.pooled is not None and width is not None]
        guidance = [x.guidance for x in inputs if x.guidance is not None]
        return (
            torch.stack(pooled) if len(pooled) == len(inputs) else None,
            torch.stack(guidance)
            if self.config.has_guidance and len(guidance) == len(inputs)
            else None,
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
