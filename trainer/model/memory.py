"""A first estimate of the memory that training needs, from shapes alone.

Nothing is measured and nothing is loaded. The activation formula counts what the forward pass in
blocks.py stores; the workspace counts what one backward step holds at its worst.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .architecture import HunyuanVideoConfig
from .lora import LoraTarget

CheckpointBlocks = frozenset[int] | Literal["all"] | None
_DOUBLE_WIDTHS = 9
_SINGLE_WIDTHS = 7
_SINGLE_WORKSPACE_WIDTHS = 16
_OPTIMIZER_STATES: Mapping[str, float] = {"adamw": 2.0, "prodigy": 4.0}
"""Tensors as large as the LoRA that an optimizer holds. Source: torch.optim.AdamW (two moments);
prodigyopt 1.1 (two moments, s and p0, before slicing with slice_p)."""


@dataclass(frozen=True, slots=True)
class BatchShape:
    """Size of one batch."""

    batch_size: int
    latent_frames: int
    latent_height: int
    """Pixels / 8."""
    latent_width: int
    """Pixels / 8."""
    text_tokens: int


@dataclass(frozen=True, slots=True)
class TrainingShape:
    """What is trained on a model, as far as memory is concerned."""

    targets: Sequence[LoraTarget]
    rank: int
    optimizer: str = "prodigy"
    compute_bytes: int = 2
    """Bytes of one activation: 2 for bf16, 4 for fp32."""
    lora_bytes: int = 4
    """Bytes of one LoRA parameter: 4 for fp32, 2 for bf16."""
    checkpoint_blocks: CheckpointBlocks = None


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes by purpose."""

    weights_bytes: int
    """Base weights that stay on the device."""
    activation_bytes: int
    """Stored between forward and backward."""
    lora_bytes: int
    """LoRA parameters and their gradients."""
    optimizer_bytes: int
    """State of the optimizer."""
    workspace_bytes: int
    """Temporary tensors while one block runs, and one dequantized weight."""

    @property
    def peak_bytes(self) -> int:
        """All of it together; the real peak differs by the allocator's rounding."""
        return (
            self.weights_bytes
            + self.activation_bytes
            + self.lora_bytes
            + self.optimizer_bytes
            + self.workspace_bytes
        )


def estimate_memory(
    config: HunyuanVideoConfig, batch: BatchShape, training: TrainingShape, weights_bytes: int
) -> MemoryEstimate:
    """Estimate what training takes on the device.

    With D the hidden width, M the MLP width and N the tokens of the batch, a double block stores
    N (9 D + M), a single block N (7 D + M) and a checkpointed block its input, N D.

    Args:
        config: Sizes of the model.
        batch: Size of one micro-batch.
        training: LoRA, optimizer, dtypes and checkpointing.
        weights_bytes: Base weights resident on the device, as their source holds them.
    """
    tokens = batch.batch_size * (_image_tokens(config, batch) + batch.text_tokens)
    parameters = training.rank * sum(
        target.in_features + target.out_features for target in training.targets
    )
    stored = sum(_stored_widths(config, training, index) for index in range(config.blocks))
    recomputed = max(
        (
            _block_widths(config, index) - config.hidden_size
            for index in range(config.blocks)
            if _is_checkpointed(training, index)
        ),
        default=0,
    )
    working = recomputed + _SINGLE_WORKSPACE_WIDTHS * config.hidden_size
    largest_weight = (3 * config.hidden_size + config.mlp_size) * config.hidden_size
    states = _OPTIMIZER_STATES.get(training.optimizer, 2.0)
    return MemoryEstimate(
        weights_bytes=weights_bytes,
        activation_bytes=tokens * stored * training.compute_bytes,
        lora_bytes=2 * parameters * training.lora_bytes,
        optimizer_bytes=int(states * parameters * training.lora_bytes),
        workspace_bytes=(tokens * working + largest_weight) * training.compute_bytes,
    )


def _image_tokens(config: HunyuanVideoConfig, batch: BatchShape) -> int:
    frames, rows, columns = config.patch_size
    return (
        (batch.latent_frames // frames)
        * (batch.latent_height // rows)
        * (batch.latent_width // columns)
    )


def _is_checkpointed(training: TrainingShape, index: int) -> bool:
    chosen = training.checkpoint_blocks
    return chosen is not None and (chosen == "all" or index in chosen)


def _block_widths(config: HunyuanVideoConfig, index: int) -> int:
    widths = _DOUBLE_WIDTHS if index < config.double_blocks else _SINGLE_WIDTHS
    return widths * config.hidden_size + config.mlp_size


def _stored_widths(config: HunyuanVideoConfig, training: TrainingShape, index: int) -> int:
    if _is_checkpointed(training, index):
        return config.hidden_size
    return _block_widths(config, index)
