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
    # A layer norm's learned weight and bias are the same arithmetic, in one pass over x.
    weight, bias = (1 + scale)[0], shift[0]
    normed, mean, rstd = torch.native_layer_norm(x, [x.shape[-1]], weight, bias, NORM_EPS)
    return normed, mean, rstd


def modulated_norm_backward(
    grad: Tensor, x: Tensor, scale: Tensor, mean: Tensor, rstd: Tensor
) -> Tensor:
    """Gradient of `modulated_norm` for x [N, D]; `grad` [N, D] is overwritten."""
    # On the CPU the kernel that takes a weight is three times slower than this in float32.
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
    dtype, wide = x.dtype, torch.promote_types(x.dtype, torch.float32)
    x = x.to(wide)
    y = (x * _inverse_size(x)).mul_(weight)
    if turn is not None:
        _as_complex(y).mul_(torch.view_as_complex(turn)[:, None, :])
    return y.to(dtype)


def turn_heads_backward(
    grad: Tensor, x: Tensor, weight: Tensor, turn: Tensor | None, out: Tensor
) -> None:
    """Put the gradient of `turn_heads` for x [N, K, C] into `out` [N, K, C], of any strides."""
    wide = torch.promote_types(x.dtype, torch.float32)
    grad = grad.to(wide)
    if turn is None:
        g = grad * weight
    else:
        back = _as_complex(grad) * torch.view_as_complex(turn)[:, None, :].conj()
        g = torch.view_as_real(back).flatten(-2).mul_(weight)
    x = x.to(wide)
    inverse = _inverse_size(x)
    normed = x * inverse
    shared = torch.linalg.vecdot(g, normed).unsqueeze(-1).div_(-x.shape[-1])
    g.addcmul_(normed, shared)
    if out.dtype == g.dtype:
        torch.mul(g, inverse, out=out)
    else:
        out.copy_(g.mul_(inverse))  # faster than a product that is rounded on its way out


def _inverse_size(x: Tensor) -> Tensor:
    """One over the root mean square of each head [N, K, C] -> [N, K, 1], in one reading pass."""
    size: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    size.square_().div_(x.shape[-1]).add_(NORM_EPS)
    return size.rsqrt_()


def _as_complex(x: Tensor) -> Tensor:
    """Neighbouring channels of [N, K, C] as complex numbers, the same memory."""
    return torch.view_as_complex(x.view(*x.shape[:-1], -1, 2))


@dataclass(frozen=True, slots=True)
class Kernels:
    """The functions above, as they are or compiled."""

    modulated_norm: Callable[..., tuple[Tensor, Tensor, Tensor]] = modulated_norm
    modulated_norm_backward: Callable[..., Tensor] = modulated_norm_backward
    gelu: Callable[..., Tensor] = gelu
    gelu_backward: Callable[..., Tensor] = gelu_backward
    turn_heads: Callable[..., Tensor] = turn_heads
    turn_heads_backward: Callable[..., None] = turn_heads_backward


EAGER = Kernels()
