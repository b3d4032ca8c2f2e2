"""Element-wise work of the blocks, forward and backward, written out.

Nothing here is stored by autograd: the functions that use it keep their inputs and run it again in
backward. Letters: N packed rows, D hidden width, K heads, C = 128 channels a head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

NORM_EPS = 1e-6


def modulated_norm(x: Tensor, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Layer norm without learned weights, times (1 + scale), plus shift.

    Args:
        x: [N, D].
        shift: [1, D].
        scale: [1, D].

    Returns:
        The result [N, D], and the mean and the inverse deviation of each row [N, 1].
    """
    normed, mean, rstd = torch.native_layer_norm(x, [x.shape[-1]], None, None, NORM_EPS)
    return torch.addcmul(shift, normed, 1 + scale), mean, rstd


def modulated_norm_backward(
    grad: Tensor, x: Tensor, scale: Tensor, mean: Tensor, rstd: Tensor
) -> Tensor:
    """Gradient of `modulated_norm` for x [N, D]; `grad` [N, D] is overwritten."""
    grads = torch.ops.aten.native_layer_norm_backward(
        grad.mul_(1 + scale), x, [x.shape[-1]], mean, rstd, None, None, [True, False, False]
    )
    result: Tensor = grads[0]
    return result


def gelu(x: Tensor) -> Tensor:
    """GELU in its tanh form."""
    return F.gelu(x, approximate="tanh")


def gelu_backward(grad: Tensor, x: Tensor) -> Tensor:
    """Gradient of `gelu` for x; `grad` is overwritten."""
    result: Tensor = torch.ops.aten.gelu_backward.grad_input(
        grad, x, approximate="tanh", grad_input=grad
    )
    return result


def turn_heads(x: Tensor, weight: Tensor, turn: Tensor | None) -> Tensor:
    """RMS norm over a head's channels with a learned scale, then the rotary turn.

    Source of the norm: Zhang and Sennrich 2019, "Root Mean Square Layer Normalization",
    equation 4; of the turn: rope.py. Both run in float32 (float64 for a float64 model) and the
    result is rounded once.

    Args:
        x: Queries or keys [N, K, C].
        weight: [C].
        turn: Cosine and sine of each token's angles [N, C / 2, 2], or None for no turn.
    """
    wide = torch.promote_types(x.dtype, torch.float32)
    y = F.rms_norm(x.to(wide), (x.shape[-1],), None, NORM_EPS).mul_(weight)
    if turn is not None:
        _as_complex(y).mul_(torch.view_as_complex(turn)[:, None, :])
    return y.to(x.dtype)


def turn_heads_backward(grad: Tensor, x: Tensor, weight: Tensor, turn: Tensor | None) -> Tensor:
    """Gradient of `turn_heads` for x [N, K, C]."""
    wide = torch.promote_types(x.dtype, torch.float32)
    g = grad.to(wide, copy=True, memory_format=torch.contiguous_format)
    if turn is not None:
        _as_complex(g).mul_(torch.view_as_complex(turn)[:, None, :].conj())
    g.mul_(weight)
    normed = x.to(wide)
    inverse = torch.linalg.vector_norm(normed, dim=-1, keepdim=True)
    inverse = inverse.square_().div_(x.shape[-1]).add_(NORM_EPS).rsqrt_()
    normed = normed * inverse
    shared = torch.linalg.vecdot(g, normed).unsqueeze(-1).div_(x.shape[-1])
    return g.addcmul_(normed, shared, value=-1.0).mul_(inverse).to(x.dtype)


def _as_complex(x: Tensor) -> Tensor:
    """Neighbouring channels of a contiguous [N, K, C] as complex numbers, the same memory."""
    return torch.view_as_complex(x.view(*x.shape[:-1], -1, 2))


@dataclass(frozen=True, slots=True)
class Kernels:
    """The functions above, as they are or compiled."""

    modulated_norm: Callable[..., tuple[Tensor, Tensor, Tensor]] = modulated_norm
    modulated_norm_backward: Callable[..., Tensor] = modulated_norm_backward
    gelu: Callable[..., Tensor] = gelu
    gelu_backward: Callable[..., Tensor] = gelu_backward
    turn_heads: Callable[..., Tensor] = turn_heads
    turn_heads_backward: Callable[..., Tensor] = turn_heads_backward


EAGER = Kernels()
