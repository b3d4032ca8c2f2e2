"""Attention over image and text tokens together, with normalised and turned queries and keys.

One autograd function from the fused qkv of each stream to what the tokens gathered. It keeps the
fused qkv, its own output and the log-sum-exp; norms and rotary turns are done again in backward.
Letters: N packed rows, K heads, L tokens of one sample, C = 128 channels a head, D = K C.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..linear import Layers
from .attention_kernels import choose_kernel
from .packing import Segments

HEAD_WIDTH = 128


@dataclass(frozen=True, slots=True)
class Stream:
    """Packed tokens that take part in an attention, with norms of their own."""

    segments: Segments
    norm: str
    """Module name in front of "query_norm" and "key_norm"."""
    turns: tuple[Tensor | None, ...]
    """For each sample the rotary turns of its tokens [L, C / 2, 2], or None."""


def attend(
    layers: Layers, streams: tuple[Stream, ...], fused: tuple[Tensor, ...], chunks: int = 1
) -> tuple[Tensor, ...]:
    """Attention among all tokens of each sample, over all streams.

    Args:
        layers: Asked for the norms' scales in forward and again in backward.
        streams: One or two streams with the same number of samples.
        fused: For each stream queries, keys and values side by side [N, 3D].
        chunks: Groups of heads that are worked on one after the other.

    Returns:
        For each stream what its tokens gathered [N, D].
    """
    gathered: tuple[Tensor, ...] = _JointAttention.apply(_Call(layers, streams, chunks), *fused)
    return gathered


def attend_plainly(fused: Tensor, segments: Segments) -> Tensor:
    """Attention within one stream [N, 3D] -> [N, D] without norms and turns, by autograd."""
    parts = []
    for rows in segments.rows:
        query, key, value = (part.transpose(0, 1)[None] for part in _heads(fused[rows]).unbind(1))
        mixed = F.scaled_dot_product_attention(query, key, value)
        parts.append(mixed[0].transpose(0, 1).flatten(1))
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _heads(fused: Tensor) -> Tensor:
    """Fused qkv [L, 3D] as [L, 3, K, C]."""
    return fused.view(fused.shape[0], 3, -1, HEAD_WIDTH)


Scales = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class _Call:
    layers: Layers
    streams: tuple[Stream, ...]
    chunks: int

    def scales(self) -> Scales:
        """Learned scales of queries and keys [C], for each stream."""
        vector = self.layers.vector
        return [
            (vector(f"{s.norm}.query_norm.scale"), vector(f"{s.norm}.key_norm.scale"))
            for s in self.streams
        ]

    def pieces(self, heads: int) -> Iterator[tuple[int, int, slice]]:
        """Sample, its number among all pieces, and the heads of each piece of work."""
        size = -(-heads // self.chunks)
        number = 0
        for sample in range(len(self.streams[0].segments)):
            for first in range(0, heads, size):
                yield sample, number, slice(first, min(first + size, heads))
                number += 1

    def inputs(
        self, fused: tuple[Tensor, ...], scales: Scales, sample: int, heads: slice
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [1, K, L, C] of one sample over all streams."""
        turn_heads = self.layers.kernels.turn_heads
        parts: tuple[list[Tensor], ...] = ([], [], [])
        for stream, rows, (query_scale, key_scale) in zip(self.streams, fused, scales, strict=True):
            query, key, value = _heads(rows[stream.segments.rows[sample]])[:, :, heads].unbind(1)
            turn = stream.turns[sample]
            parts[0].append(turn_heads(query, query_scale, turn))
            parts[1].append(turn_heads(key, key_scale, turn))
            parts[2].append(value)
        query, key, value = (p[0] if len(p) == 1 else torch.cat(p) for p in parts)
        return query.transpose(0, 1)[None], key.transpose(0, 1)[None], value.transpose(0, 1)[None]

    def take(self, joined: Tensor) -> list[Tensor]:
        """As `spread`, without a copy, where all heads of the only sample are there."""
        tokens = joined[0].transpose(0, 1).contiguous()  # kernels write tokens first: no copy
        lengths = [stream.segments.lengths[0] for stream in self.streams]
        return list(torch.split(tokens, lengths))

    def spread(self, joined: Tensor, targets: list[Tensor], sample: int, heads: slice) -> None:
        """Put one sample's tokens [1, K, L, C] into the rows of each stream [N, K, C]."""
        tokens = joined[0].transpose(0, 1)
        first = 0
        for stream, target in zip(self.streams, targets, strict=True):
            last = first + stream.segments.lengths[sample]
            target[stream.segments.rows[sample], heads] = tokens[first:last]
            first = last

    def collect(self, sources: list[Tensor], sample: int, heads: slice) -> Tensor:
        """The reverse of `spread`: one sample's tokens [1, K, L, C] out of every stream."""
        parts = [
            source[stream.segments.rows[sample], heads]
            for stream, source in zip(self.streams, sources, strict=True)
        ]
        tokens = parts[0] if len(parts) == 1 else torch.cat(parts)
        return tokens.transpose(0, 1)[None]


class _JointAttention(torch.autograd.Function):
    """Keeps the fused qkv, the output and the log-sum-exp."""

    @staticmethod
    def forward(ctx: Any, call: _Call, *fused: Tensor) -> tuple[Tensor, ...]:
        scales = call.scales()
        width = fused[0].shape[-1] // 3
        heads = width // HEAD_WIDTH
        outputs: list[Tensor] = []
        residues: list[Tensor] = []
        ends: list[int] = []
        pieces = list(call.pieces(heads))
        for sample, _, group in pieces:
            query, key, value = call.inputs(fused, scales, sample, group)
            made, residue = choose_kernel(query, key, value).forward(query, key, value)
            del query, key, value
            if len(pieces) == 1:
                outputs = call.take(made)
            else:
                outputs = outputs or [x.new_empty(len(x), heads, HEAD_WIDTH) for x in fused]
                call.spread(made, outputs, sample, group)
            residues += residue
            ends.append(len(residues))
        gathered = tuple(x.flatten(1) for x in outputs)
        ctx.call, ctx.ends = call, ends
        ctx.save_for_backward(*fused, *gathered, *residues)
        return gathered

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        call: _Call = ctx.call
        count = len(call.streams)
        saved = ctx.saved_tensors
        fused, residues = saved[:count], saved[2 * count :]
        outputs = [x.view(x.shape[0], -1, HEAD_WIDTH) for x in saved[count : 2 * count]]
        wide_grads = [x.reshape(x.shape[0], -1, HEAD_WIDTH) for x in grads]
        scales = call.scales()
        results = [torch.empty_like(x) for x in fused]
        heads = outputs[0].shape[1]
        pieces = list(call.pieces(heads))
        starts = [0, *ctx.ends]  # a kernel is chosen for each piece, by its length
        for sample, number, group in pieces:
            query, key, value = call.inputs(fused, scales, sample, group)
            found = choose_kernel(query, key, value).backward(
                call.collect(wide_grads, sample, group), query, key, value,
                call.collect(outputs, sample, group),
                *residues[starts[number] : starts[number + 1]],
            )  # fmt: skip
            del query, key, value
            _turn_back(call, found, fused, scales, results, (sample, group))
        return (None, *results)


def _turn_back(
    call: _Call,
    found: tuple[Tensor, Tensor, Tensor],
    fused: tuple[Tensor, ...],
    scales: Scales,
    results: list[Tensor],
    piece: tuple[int, slice],
) -> None:
    """Bring gradients of queries, keys and values back through turns and norms into `results`."""
    backward = call.layers.kernels.turn_heads_backward
    sample, heads = piece
    grads = [grad[0].transpose(0, 1) for grad in found]
    first = 0
    for stream, rows, stream_scales, result in zip(
        call.streams, fused, scales, results, strict=True
    ):
        here = stream.segments.rows[sample]
        last = first + stream.segments.lengths[sample]
        given = _heads(rows[here])[:, :, heads]
        target = _heads(result[here])[:, :, heads]
        turn = stream.turns[sample]
        for part, scale in enumerate(stream_scales):
            backward(grads[part][first:last], given[:, part], scale, turn, target[:, part])
        target[:, 2] = grads[2][first:last]
        first = last
