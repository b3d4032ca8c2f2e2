"""The token refiner: two small self-attention blocks that turn text states into text tokens.

It has no LoRA targets by default and its inputs need no gradient, so normally nothing is stored.
Letters: N packed rows, S samples, T text width, D hidden width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ..linear import Elementwise, Layers
from .attention import attend_plainly
from .blocks import gated_add
from .elementwise import NORM_EPS
from .embeddings import embed_sinusoid, embed_vector
from .packing import Segments

REFINER_BLOCKS = 2


def refine_text(layers: Layers, text: Tensor, segments: Segments, timestep: Tensor) -> Tensor:
    """Text states [N, T] -> text tokens [N, D].

    Args:
        layers: The model's layers.
        text: Text encoder states of all samples, packed.
        segments: How many each sample has.
        timestep: [S], in 0..1000.
    """
    text = text.to(layers.device, layers.dtype)
    counts = timestep.new_tensor(segments.lengths).to(layers.device, layers.dtype)
    mean = segments.sum(text) / counts[:, None]
    context = embed_vector(layers, "txt_in.t_embedder", embed_sinusoid(layers, timestep))
    context = context + embed_vector(layers, "txt_in.c_embedder", mean)
    tokens = layers.linear("txt_in.input_embedder", text)
    for index in range(REFINER_BLOCKS):
        block = _RefinerBlock(layers, f"txt_in.individual_token_refiner.blocks.{index}", segments)
        tokens = block.run(tokens, context)
    return tokens


@dataclass(frozen=True, slots=True)
class _RefinerBlock:
    layers: Layers
    name: str
    segments: Segments

    def run(self, tokens: Tensor, context: Tensor) -> Tensor:
        layers, name, segments = self.layers, self.name, self.segments
        silu = Elementwise(F.silu)
        gates = layers.linear(f"{name}.adaLN_modulation.1", context, prologue=silu)
        attention_gate, mlp_gate = gates.chunk(2, dim=-1)
        fused = layers.linear(f"{name}.self_attn.qkv", tokens, prologue=self._norm("norm1"))
        projected = layers.linear(f"{name}.self_attn.proj", attend_plainly(fused, segments))
        tokens = gated_add(tokens, projected, attention_gate, segments)
        hidden = layers.linear(f"{name}.mlp.0", tokens, prologue=self._norm("norm2"))
        narrow = layers.linear(f"{name}.mlp.2", hidden, prologue=silu)
        return gated_add(tokens, narrow, mlp_gate, segments)

    def _norm(self, part: str) -> Elementwise:
        return Elementwise(_AffineNorm(self.layers, f"{self.name}.{part}"))


@dataclass(frozen=True, slots=True)
class _AffineNorm:
    """Layer norm whose weight and bias are asked for whenever it runs."""

    layers: Layers
    name: str

    def __call__(self, x: Tensor) -> Tensor:
        weight = self.layers.vector(f"{self.name}.weight")
        bias = self.layers.vector(f"{self.name}.bias")
        return F.layer_norm(x, (x.shape[-1],), weight, bias, NORM_EPS)
