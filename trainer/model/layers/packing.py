"""Tokens of several samples in one matrix, without padding.

All samples of a step lie one after the other in packed rows [N, D]. Matrix products then run over
all of them with one weight, whatever their picture sizes and text lengths; attention and modulation
look at one sample at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Segments:
    """How many packed rows each sample has."""

    lengths: tuple[int, ...]

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.lengths)

    @property
    def rows(self) -> tuple[slice, ...]:
        """Where each sample's rows lie."""
        ends = tuple(accumulate(self.lengths))
        return tuple(
            slice(end - length, end) for end, length in zip(ends, self.lengths, strict=True)
        )

    def spread(self, vectors: Tensor) -> Tensor:
        """One vector a sample [S, D] as something that broadcasts over packed rows [N, D]."""
        if len(self.lengths) == 1:
            return vectors
        counts = torch.tensor(self.lengths, device=vectors.device)
        return vectors.repeat_interleave(counts, dim=0, output_size=sum(self.lengths))

    def sum(self, rows: Tensor) -> Tensor:
        """Sum of each sample's rows [N, D] -> [S, D]."""
        return torch.stack([rows[part].sum(dim=0) for part in self.rows])


def interleave(first: Segments, second: Segments) -> Segments:
    """Segments of samples that have the rows of `first` and behind them those of `second`."""
    return Segments(tuple(a + b for a, b in zip(first.lengths, second.lengths, strict=True)))


def join_samples(first: Tensor, second: Tensor, parts: tuple[Segments, Segments]) -> Tensor:
    """Rows of two packed tensors, sample by sample: first[0], second[0], first[1], ..."""
    return torch.cat(list(_alternate(first, second, parts)))


def take_first(joined: Tensor, parts: tuple[Segments, Segments]) -> Tensor:
    """The rows that came from the first tensor of `join_samples`."""
    first, second = parts
    if len(first) == 1:
        return joined[: first.lengths[0]]
    both = interleave(first, second)
    return torch.cat(
        [joined[here][:length] for here, length in zip(both.rows, first.lengths, strict=True)]
    )


def _alternate(first: Tensor, second: Tensor, parts: tuple[Segments, Segments]) -> Iterator[Tensor]:
    for a, b in zip(parts[0].rows, parts[1].rows, strict=True):
        yield first[a]
        yield second[b]


def pack(samples: Sequence[Tensor]) -> tuple[Tensor, Segments]:
    """Samples [L, D] of any lengths as packed rows."""
    segments = Segments(tuple(len(sample) for sample in samples))
    return (samples[0] if len(samples) == 1 else torch.cat(list(samples))), segments
