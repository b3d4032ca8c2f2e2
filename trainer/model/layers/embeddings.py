"""From latents and numbers to tokens and back: patches, sinusoids, and the conditioning vector.

Letters: B batch, C channels, F latent frames, h/w latent size, L tokens, D hidden width.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ..linear import Elementwise, Layers

SINUSOID_WIDTH = 256
GUIDANCE_FACTOR = 1000.0
"""Guidance is embedded as 1000 times the number shown to people (6 becomes 6000)."""


def embed_sinusoid(layers: Layers, values: Tensor, factor: float = 1.0) -> Tensor:
    """Cosines, then sines, of `factor` x `values` [B] at 128 frequencies -> [B, 256].

    The values and angles stay float32 (float64 for a float64 model) and are rounded to the model's
    dtype at the end. ComfyUI multiplies a guidance that is bfloat16 already, so that in a bf16
    model its 6.0 becomes 6016 where it stays 6000 here: a clearly different embedding. A guidance
    of 1.0 is 1000 in both. Source: Vaswani et al. 2017, section 3.5.
    """
    precise = torch.float64 if layers.dtype == torch.float64 else torch.float32
    half = SINUSOID_WIDTH // 2
    steps = torch.arange(half, dtype=torch.float32, device=layers.device)
    frequencies = torch.exp(-math.log(10000.0) * steps / half).to(precise)
    angles = (values.to(layers.device, precise) * factor)[:, None] * frequencies
    return torch.cat((angles.cos(), angles.sin()), dim=-1).to(layers.dtype)


def embed_vector(layers: Layers, name: str, x: Tensor) -> Tensor:
    """`x` [B, I] through the two-layer embedder `name` -> [B, D]."""
    hidden = layers.linear(f"{name}.in_layer", x)
    return layers.linear(f"{name}.out_layer", hidden, prologue=Elementwise(F.silu))


def compute_conditioning(
    layers: Layers, timestep: Tensor, pooled: Tensor | None, guidance: Tensor | None
) -> Tensor:
    """The vector that steers every block [B, D], from timestep, pooled text and guidance."""
    vector = embed_vector(layers, "time_in", embed_sinusoid(layers, timestep))
    if pooled is not None:
        vector = vector + embed_vector(layers, "vector_in", pooled.to(layers.device, layers.dtype))
    if guidance is not None:
        sinusoid = embed_sinusoid(layers, guidance, GUIDANCE_FACTOR)
        vector = vector + embed_vector(layers, "guidance_in", sinusoid)
    return vector


def split_patches(latents: Tensor, patch: tuple[int, int, int]) -> Tensor:
    """Patches of latents [B, C, F, h, w] -> [B, L, C pt ph pw], by frames, rows, columns."""
    batch, channels, *sizes = latents.shape
    pairs = [part for size, step in zip(sizes, patch, strict=True) for part in (size // step, step)]
    # [B, C, F', pt, h', ph, w', pw]
    x = latents.reshape(batch, channels, *pairs)
    return x.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4).flatten(1, 3)


def join_patches(rows: Tensor, grid: tuple[int, int, int], patch: tuple[int, int, int]) -> Tensor:
    """Inverse of `split_patches`: [B, L, C pt ph pw] -> [B, C, F, h, w]."""
    # [B, F', h', w', C, pt, ph, pw]
    x = rows.reshape(rows.shape[0], *grid, -1, *patch).permute(0, 4, 1, 5, 2, 6, 3, 7)
    return x.flatten(6, 7).flatten(4, 5).flatten(2, 3)
