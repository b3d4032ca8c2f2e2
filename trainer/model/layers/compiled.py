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
    compiler = _Compiler()
    return Kernels(
        modulated_norm=_Compiled(_modulated_norm, elementwise.modulated_norm, compiler),
        modulated_norm_backward=_Compiled(
            _modulated_norm_backward, elementwise.modulated_norm_backward, compiler
        ),
        gelu=_Compiled(elementwise.gelu, elementwise.gelu, compiler),
        gelu_backward=_Compiled(_gelu_backward, elementwise.gelu_backward, compiler),
        turn_heads=_Compiled(_turn_heads, elementwise.turn_heads, compiler),
        turn_heads_backward=_Compiled(
            _turn_heads_backward, elementwise.turn_heads_backward, compiler
        ),
    )


class _Compiler:
    """Whether torch.compile works here, as far as is known; all kernels share one."""

    def __init__(self) -> None:
        self.works = True

    def give_up(self, error: Exception) -> None:
        """Warn, and leave every other kernel uncompiled too."""
        self.works = False
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        warnings.warn(
            f"torch.compile does not work here ({reason}); training goes on without it.",
            stacklevel=4,
        )


class _Compiled:
    """A kernel that is compiled when it is first used, with an eager one for where that fails."""

    def __init__(
        self, function: Callable[..., Any], eager: Callable[..., Any], compiler: _Compiler
    ) -> None:
        self._compiled: Callable[..., Any] = torch.compile(function, dynamic=True)
        self._eager = eager
        self._compiler = compiler

    def __call__(self, *arguments: Any) -> Any:
        if not self._compiler.works:
            return self._eager(*arguments)
        # Kernels run inside autograd functions, where no graph is recorded; a tensor that wants a
        # gradient all the same would only get a graph of its own compiled for it.
        given = [x.detach() if isinstance(x, Tensor) else x for x in arguments]
        try:
            return self._compiled(*given)
        except torch.OutOfMemoryError:
            raise
        # Whatever else goes wrong in a compiler (no C++ compiler, no Triton) is no reason to stop.
        except Exception as error:
            self._compiler.give_up(error)
            return self._eager(*arguments)


def _modulated_norm(x: Tensor, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    normed, mean, rstd = torch.native_layer_norm(x, [x.shape[-1]], None, None, NORM_EPS)
    return torch.addcmul(shift, normed, 1 + scale), mean, rstd


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


def _turn_heads_backward(
    grad: Tensor, x: Tensor, weight: Tensor, turn: Tensor | None, out: Tensor
) -> None:
    wide = torch.promote_types(x.dtype, torch.float32)
    g = _turned(grad.to(wide), turn, -1.0) * weight
    x_wide = x.to(wide)
    inverse = torch.rsqrt(x_wide.square().mean(dim=-1, keepdim=True) + NORM_EPS)
    normed = x_wide * inverse
    shared = (g * normed).mean(dim=-1, keepdim=True)
    out.copy_((g - normed * shared) * inverse)


def _turned(x: Tensor, turn: Tensor | None, sign: float) -> Tensor:
    if turn is None:
        return x
    cosine, sine = turn[:, None, :, 0], sign * turn[:, None, :, 1]
    first, second = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
    turned = torch.stack((first * cosine - second * sine, first * sine + second * cosine), dim=-1)
    return turned.flatten(-2)
