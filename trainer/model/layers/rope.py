"""Rotary positions of image tokens; text tokens all sit at position zero and are not turned.

Source: Su et al. 2021, "RoFormer", equation 34, with one share of the head for each of time, row
and column. Shares (16, 56, 56) and theta 256: ComfyUI comfy/model_detection.py. Our own code.
"""

from __future__ import annotations

import torch
from torch import Tensor

AXES = (16, 56, 56)
THETA = 256.0


def compute_turns(grid: tuple[int, int, int], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Cosine and sine of the angle of each token and each pair of head channels [L, 64, 2].

    Args:
        grid: Frames, rows and columns of patches; tokens come in that order.
        dtype: The model's. Angles are computed in float64; the table is float32, or float64 for a
            float64 model.
        device: Where the table is to be.
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
    return torch.stack((cosine, sine), dim=-1)


def followed_by_text(turns: Tensor, text_tokens: int) -> Tensor:
    """The table for image tokens [L, 64, 2] with unturned text tokens behind them."""
    still = turns.new_zeros(text_tokens, *turns.shape[1:])
    still[..., 0] = 1.0
    return torch.cat((turns, still))
