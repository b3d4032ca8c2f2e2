"""Stochastic rounding from float32 to bfloat16: right on average, where nearest is not.

bfloat16 has 8 bits of precision, so an update below 1/512 of a weight vanishes when it is rounded
to the nearest number, every time. Rounded up with a chance equal to the part that is cut off, it
is kept on average. Source: Gupta et al. 2015, "Deep Learning with Limited Numerical Precision",
section 3.1. Our own code.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..noise.randomness import placed_generator

_CUT_BITS = 16
"""bfloat16 is the upper half of a float32, so rounding is whole-number work on its bits."""


def rounding_generator(
    seed: int, step: int, parameter: int, device: torch.device
) -> torch.Generator:
    """The random numbers for rounding one parameter and its optimizer state after one step.

    They follow from their place alone, so a resumed run rounds as an unbroken one does.
    """
    placed = placed_generator(seed, "rounding", step, parameter)
    if device.type == "cpu":
        return placed
    return torch.Generator(device).manual_seed(placed.initial_seed())


def round_stochastically(values: Tensor, generator: torch.Generator) -> Tensor:
    """`values` in bfloat16, each rounded to one of its two neighbours, right on average.

    A number that bfloat16 holds exactly, zeros of both signs, infinities and NaN stay as they are.
    Beyond the largest bfloat16 (3.39e38) a number can become infinite, as in nearest rounding.

    Args:
        values: float32, of any shape.
        generator: On the device of `values`.

    Returns:
        bfloat16, of the same shape.
    """
    values = values.contiguous()
    bits = torch.empty_like(values, dtype=torch.int32)
    bits.random_(0, 1 << _CUT_BITS, generator=generator)
    # The carry out of the lower half steps away from zero, to the neighbour of the same sign.
    bits.add_(values.view(torch.int32)).bitwise_and_(-(1 << _CUT_BITS))
    # A carry could turn a NaN into a number.
    return torch.where(values.isfinite(), bits.view(torch.float32), values).to(torch.bfloat16)
