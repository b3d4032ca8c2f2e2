"""The token refiner: two small self-attention blocks that turn text states into text tokens.

It has no LoRA targets by default and its inputs need no gradient, so normally nothing is stored.
Letters: B batch, L text tokens, T text width, D hidden width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ..linear import Layers
from .attention import NORM_EPS, attend, split_heads
from .embeddings import embed_sinusoid, embed_vector

REFINER_BLOCKS = 2


def refine_text(layers: Layers, text: Tensor, timestep: Tensor, mask: Tensor | None) -> Tensor:
    """Text states [B, L, T] -> text tokens [B, L, D].

    Args:
        layers: The model's layers.
        text: Text encoder states.
        timestep: [B], in 0..1000.
        mask: bool [B, L], True for real tokens; None where all are real. Padding changes nothing
            of what real tokens become.
    """
    text = text.to(layers.device, layers.dtype)
    count: Tensor | int = text.shape[1]
    if mask is not None:
        # Masked keys weigh exactly zero, but zero times NaN is NaN: padding is cleared first.
        text = text.where(mask[:, :, None], text.new_zeros(()))
        count = mask.sum(dim=1, keepdim=True).to(text.dtype)
    mean = text.sum(dim=1) / count
    context = embed_vector(layers, "txt_in.t_embedder", embed_sinusoid(layers, timestep))
    context = context + embed_vector(layers, "txt_in.c_embedder", mean)
    tokens = layers.linear("txt_in.input_embedder", text)
    for index in range(REFINER_BLOCKS):
        block = _RefinerBlock(layers, f"txt_in.individual_token_refiner.blocks.{index}")
        tokens = block.run(tokens, context, mask)
    return tokens


@dataclass(frozen=True, slots=True)
class _RefinerBlock:
    layers: Layers
    name: str

    def run(self, tokens: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
        layers, name = self.layers, self.name
        gates = layers.linear(f"{name}.adaLN_modulation.1", context, prologue=F.silu)
        attention_gate, mlp_gate = gates[:, None, :].chunk(2, dim=-1)
        fused = layers.linear(f"{name}.self_attn.qkv", tokens, prologue=self._norm("norm1"))
        gathered = attend(*split_heads(fused), mask)
        tokens = tokens + layers.linear(f"{name}.self_attn.proj", gathered) * attention_gate
        hidden = layers.linear(f"{name}.mlp.0", tokens, prologue=self._norm("norm2"))
        return tokens + layers.linear(f"{name}.mlp.2", hidden, prologue=F.silu) * mlp_gate

    def _norm(self, part: str) -> _AffineNorm:
        return _AffineNorm(self.layers, f"{self.name}.{part}")


@dataclass(frozen=True, slots=True)
class _AffineNorm:
    """Layer norm whose weight and bias are asked for whenever it runs."""

    layers: Layers
    name: str

    def __call__(self, x: Tensor) -> Tensor:
        weight = self.layers.vector(f"{self.name}.weight")
        bias = self.layers.vector(f"{self.name}.bias")
        return F.layer_norm(x, (x.shape[-1],), weight, bias, NORM_EPS)
