"""Rotary positions of image tokens; text tokens all sit at position zero and are not turned.

Source: Su et al. 2021, "RoFormer", equation 34, with one share of the head for each of time, row
and column. Shares (16, 56, 56) and theta 256: ComfyUI comfy/model_detection.py. Our own code.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

AXES = (16, 56, 56)
THETA = 256.0


@dataclass(frozen=True, slots=True)
class RotaryTable:
    """Cosine and sine of the angle of each token and each pair of head channels [L, 64]."""

    cosine: Tensor
    sine: Tensor

    def followed_by_text(self, text_tokens: int) -> RotaryTable:
        """The table for the image tokens with `text_tokens` unturned tokens behind them."""
        shape = (text_tokens, self.cosine.shape[1])
        return RotaryTable(
            torch.cat((self.cosine, self.cosine.new_ones(shape))),
            torch.cat((self.sine, self.sine.new_zeros(shape))),
        )

    def rotate(self, x: Tensor) -> Tensor:
        """Turn neighbouring channels of `x` [..., L, 128] by the table's angles, in x's dtype."""
        pairs = x.to(self.cosine.dtype).reshape(*x.shape[:-1], -1, 2)
        first, second = pairs.unbind(-1)
        turned = torch.stack(
            (
                first * self.cosine - second * self.sine,
                first * self.sine + second * self.cosine,
            ),
            dim=-1,
        )
        return turned.flatten(-2).to(x.dtype)


def compute_rotary_table(
    grid: tuple[int, int, int], dtype: torch.dtype, device: torch.device
) -> RotaryTable:
    """Table for a grid of (frames, rows, columns) of patches, tokens in that order.

    Angles are computed in float64; the table is float32, or float64 for a float64 model.
    """
    table_dtype = torch.float64 if dtype == torch.float64 else torch.float32
    parts: tuple[list[Tensor], list[Tensor]] = ([], [])
    for axis, (count, width) in enumerate(zip(grid, AXES, strict=True)):
        # On the CPU because some devices have no float64; one axis is a few hundred numbers.
        exponents = torch.arange(0, width, 2, dtype=torch.float64) / width
        angles = torch.outer(torch.arange(count, dtype=torch.float64), THETA**-exponents)
        view = [1, 1, 1, width // 2]
        view[axis] = count
        for part, values in zip(parts, (angles.cos(), angles.sin()), strict=True):
            part.append(values.to(device, table_dtype).view(view).expand(*grid, -1))
    cosine, sine = (torch.cat(part, dim=-1).flatten(0, 2) for part in parts)
    return RotaryTable(cosine, sine)
