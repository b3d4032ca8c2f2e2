"""Attention over the image and text tokens together, with normalised and turned queries and keys.

Letters: B batch, L tokens, N heads, D = 128 channels a head.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from ..linear import Layers, recomputed
from .rope import RotaryTable

HEAD_WIDTH = 128
NORM_EPS = 1e-6


def split_heads(fused: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values [B, N, L, D] as views of the fused linear's output [B, L, 3ND]."""
    parts = fused.reshape(*fused.shape[:2], 3, -1, HEAD_WIDTH).permute(2, 0, 3, 1, 4)
    query, key, value = parts.unbind(0)
    return query, key, value


def attend(query: Tensor, key: Tensor, value: Tensor, key_mask: Tensor | None) -> Tensor:
    """Attention of [B, N, L, D] -> [B, L, ND]; keys where `key_mask` [B, L] is False are unseen."""
    mask = None if key_mask is None else key_mask[:, None, None, :]
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return mixed.transpose(1, 2).flatten(2)


@dataclass(frozen=True, slots=True)
class HeadNorm:
    """RMS norm of queries and keys over a head's channels, then the rotary turn.

    The learned scales are asked for whenever the norm runs, in backward too.
    """

    layers: Layers
    name: str
    rotary: RotaryTable | None

    def __call__(self, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised and turned `query` and `key`, both [B, N, L, D]."""
        return self._one(query, "query_norm"), self._one(key, "key_norm")

    def _one(self, x: Tensor, kind: str) -> Tensor:
        scale = self.layers.vector(f"{self.name}.{kind}.scale")
        x = F.rms_norm(x, (x.shape[-1],), scale, NORM_EPS)
        return x if self.rotary is None else self.rotary.rotate(x)


def attend_two_streams(
    image: tuple[Tensor, HeadNorm], text: tuple[Tensor, HeadNorm], key_mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Attention over two streams with their own norms, given as fused [B, L, 3ND] outputs.

    Returns:
        What image tokens [B, Li, ND] and text tokens [B, Lt, ND] gathered.
    """
    (image_fused, image_norm), (text_fused, text_norm) = image, text
    image_query, image_key, image_value = split_heads(image_fused)
    text_query, text_key, text_value = split_heads(text_fused)

    def joined(*parts: Tensor) -> tuple[Tensor, Tensor]:
        image_parts, text_parts = image_norm(*parts[:2]), text_norm(*parts[2:])
        query, key = (torch.cat(pair, dim=2) for pair in zip(image_parts, text_parts, strict=True))
        return query, key

    query, key = recomputed(joined, image_query, image_key, text_query, text_key)
    value = torch.cat((image_value, text_value), dim=2)
    mixed = attend(query, key, value, key_mask)
    image_tokens = image_fused.shape[1]
    return mixed[:, :image_tokens], mixed[:, image_tokens:]


def attend_one_stream(fused: Tensor, norm: HeadNorm, key_mask: Tensor | None) -> Tensor:
    """Attention within one stream, given as the fused linear's output [B, L, 3ND] -> [B, L, ND]."""
    query, key, value = split_heads(fused)
    query, key = recomputed(norm, query, key)
    return attend(query, key, value, key_mask)
