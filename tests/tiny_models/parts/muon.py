"""The Muon optimizer for convolution kernels, with a step size that fits AdamW's."""

from __future__ import annotations

import torch
from torch import Tensor


def orthogonal(matrix: Tensor, rounds: int = 5) -> Tensor:
    """Push the singular values of a matrix towards 1 by Newton-Schulz steps."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-12)
    for _ in range(rounds):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)


class ConvMuon(torch.optim.Optimizer):
    """Momentum whose direction is made orthogonal, kernels taken as matrices.

    Args:
        groups: Parameter groups.
        lr: Step size; an update has a root mean square of 0.2 `lr`, as AdamW's has.
        momentum: Share of the old direction that is kept.
    """

    def __init__(self, groups: list[dict], lr: float, momentum: float = 0.9) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by one step."""
        for group in self.param_groups:
            for value in group["params"]:
                if value.grad is None:
                    continue
                state = self.state[value]
                if not state:
                    state["direction"] = torch.zeros_like(value)
                direction = state["direction"].mul_(group["momentum"])
                direction.add_(value.grad / (value.grad.norm() + 1e-12))
                ahead = value.grad / (value.grad.norm() + 1e-12) + group["momentum"] * direction
                flat = ahead.flatten(1)
                update = orthogonal(flat) * (0.2 * max(flat.shape) ** 0.5)
                value.add_(update.view_as(value), alpha=-group["lr"])
