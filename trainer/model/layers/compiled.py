"""The element-wise kernels through torch.compile, as an option."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from . import elementwise
from .elementwise import EAGER, NORM_EPS, Kernels


def kernels_for(*, compiled: bool) -> Kernels:
    """The element-wise functions, compiled or as they are."""
    return _compiled_kernels() if compiled else EAGER


@functools.cache
def _compiled_kernels() -> Kernels:
    return Kernels(
        modulated_norm=_Compiled(elementwise.modulated_norm),
        modulated_norm_backward=_Compiled(_modulated_norm_backward),
        gelu=_Compiled(elementwise.gelu),
        gelu_backward=_Compiled(_gelu_backward),
        turn_heads=_Compiled(_turn_heads),
        turn_heads_backward=_Compiled(_turn_heads_backward),
    )


class _Compiled:
    """A function that is compiled when it is first used, or runs as it is where that fails."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._plain = function
        self._compiled: Callable[..., Any] | None = torch.compile(function, dynamic=True)

    def __call__(self, *arguments: Any) -> Any:
        if self._compiled is None:
            return self._plain(*arguments)
        try:
            return self._compiled(*arguments)
        # Whatever goes wrong in a compiler (no C++ compiler, no Triton) is no reason to stop.
        except Exception as error:
            self._compiled = None
            _warn_once(str(error).strip().splitlines()[0] if str(error).strip() else repr(error))
            return self._plain(*arguments)


@functools.cache
def _warn_once(reason: str) -> None:
    warnings.warn(
        f"torch.compile does not work here ({reason}); training goes on without it.",
        stacklevel=4,
    )


def _modulated_norm_backward(
    grad: Tensor, x: Tensor, scale: Tensor, mean: Tensor, rstd: Tensor
) -> Tensor:
    """As `elementwise.modulated_norm_backward`, in one pass.

    Source: Ba et al. 2016, "Layer Normalization"; the gradient follows by differentiation.
    """
    wide = torch.promote_types(x.dtype, torch.float32)
    g = grad.to(wide) * (1 + scale.to(wide))
    normed = (x.to(wide) - mean) * rstd
    shared = (g * normed).mean(dim=-1, keepdim=True)
    return ((g - g.mean(dim=-1, keepdim=True) - normed * shared) * rstd).to(x.dtype)


def _gelu_backward(grad: Tensor, x: Tensor) -> Tensor:
    result: Tensor = torch.ops.aten.gelu_backward(grad, x, approximate="tanh")
    return result


def _turn_heads(x: Tensor, weight: Tensor, turn: Tensor | None) -> Tensor:
    wide = torch.promote_types(x.dtype, torch.float32)
    y = x.to(wide)
    y = y * torch.rsqrt(y.square().mean(dim=-1, keepdim=True) + NORM_EPS) * weight
    return _turned(y, turn, 1.0).to(x.dtype)


def _turn_heads_backward(grad: Tensor, x: Tensor, weight: Tensor, turn: Tensor | None) -> Tensor:
    wide = torch.promote_types(x.dtype, torch.float32)
    g = _turned(grad.to(wide), turn, -1.0) * weight
    x_wide = x.to(wide)
    inverse = torch.rsqrt(x_wide.square().mean(dim=-1, keepdim=True) + NORM_EPS)
    normed = x_wide * inverse
    shared = (g * normed).mean(dim=-1, keepdim=True)
    return ((g - normed * shared) * inverse).to(x.dtype)


def _turned(x: Tensor, turn: Tensor | None, sign: float) -> Tensor:
    if turn is None:
        return x
    cosine, sine = turn[:, None, :, 0], sign * turn[:, None, :, 1]
    first, second = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    turned = torch.stack((first * cosine - second * sine, first * sine + second * cosine), dim=-1)
    return turned.flatten(-2)
