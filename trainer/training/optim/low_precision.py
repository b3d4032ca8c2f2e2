"""An optimizer whose parameters or state are bfloat16 between steps and float32 within one.

Any optimizer of torch's form can be inside; none of its arithmetic is repeated here. For the time
of a step its bfloat16 tensors are widened, and afterwards rounded back stochastically. The wide
copies take at most what the float32 settings take all the time, and only while the activations of
the step are gone already, so that they do not raise the peak of training.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...optimizer_memory import split_pieces
from .rounding import round_stochastically, rounding_generator

_STEPS = "rounded_steps"


@dataclass(frozen=True, slots=True)
class Rounding:
    """How an optimizer's tensors are stored between steps."""

    state_dtype: torch.dtype
    """float32 or bfloat16."""
    seed: int
    """The run's seed."""
    in_pieces: bool
    """Whether a parameter's step looks at no other parameter (true of AdamW, not of Prodigy)."""


class LowPrecisionOptimizer(torch.optim.Optimizer):
    """Another optimizer with one group of parameters, run in float32 and stored in less.

    The parameters have the dtype that the LoRA has; their state has `Rounding.state_dtype`, but for
    single numbers (AdamW's step) and Prodigy's starting point, which is kept in the parameters' own
    dtype because it is exact there.
    """

    def __init__(self, inner: torch.optim.Optimizer, rounding: Rounding) -> None:
        """Wrap a fresh optimizer; its hyperparameters stay reachable through `param_groups`."""
        # Not initialised as an optimizer of its own: groups, state and hooks are those of `inner`.
        self._inner = inner
        self._rounding = rounding
        (group,) = inner.param_groups
        self._numbers = {parameter: n for n, parameter in enumerate(group["params"])}
        self._dtypes = {parameter: parameter.dtype for parameter in group["params"]}
        group.setdefault(_STEPS, 0)

    @property
    def param_groups(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The inner optimizer's one group."""
        return self._inner.param_groups

    @property
    def state(self) -> Any:  # type: ignore[override]
        """The inner optimizer's state, as it is stored."""
        return self._inner.state

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients."""
        self._inner.zero_grad(set_to_none)

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step of the inner optimizer on float32 tensors."""
        if closure is not None:
            raise NotImplementedError("A closure would see the parameters in another dtype.")
        group = self._inner.param_groups[0]
        everything: list[Tensor] = group["params"]
        try:
            for piece in self._pieces(everything):
                group["params"] = piece
                with self._widened(piece):
                    self._inner.step()
        finally:
            group["params"] = everything
        group[_STEPS] += 1

    def state_dict(self) -> dict[str, Any]:
        """As torch defines it, with the tensors as they are stored."""
        return self._inner.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave, in the very dtypes it came in."""
        self._inner.load_state_dict(state_dict)
        # torch casts state to the parameter's dtype, which would round it to nearest here.
        parameters = self.param_groups[0]["params"]
        for number, entries in state_dict["state"].items():
            parameter = parameters[number]
            for name, value in entries.items():
                if isinstance(value, Tensor):
                    device = self.state[parameter][name].device
                    self.state[parameter][name] = value.detach().to(device, copy=True)

    def _pieces(self, parameters: list[Tensor]) -> Iterator[list[Tensor]]:
        if not self._rounding.in_pieces:
            yield parameters
            return
        for piece in split_pieces([parameter.numel() for parameter in parameters]):
            yield parameters[piece]

    @contextmanager
    def _widened(self, parameters: list[Tensor]) -> Iterator[None]:
        """Parameters, gradients and state as float32 inside, as they are stored outside."""
        ready = [parameter for parameter in parameters if parameter.grad is not None]
        grads = [parameter.grad for parameter in ready]
        for parameter in ready:
            _set_data(parameter, parameter.detach().float(), parameter.grad)
            entries = self.state[parameter]
            entries.update({name: _widen(value) for name, value in entries.items()})
        try:
            yield
        finally:
            for parameter, grad in zip(ready, grads, strict=True):
                self._store(parameter, grad)

    @torch.no_grad()
    def _store(self, parameter: Tensor, grad: Tensor | None) -> None:
        step, number = self.param_groups[0][_STEPS], self._numbers[parameter]
        generator = rounding_generator(self._rounding.seed, step, number, parameter.device)
        dtype = self._dtypes[parameter]
        _set_data(parameter, _narrow(parameter.detach(), dtype, generator), grad)
        entries = self.state[parameter]
        for name in sorted(entries):
            if isinstance(entries[name], Tensor) and entries[name].ndim > 0:
                wanted = dtype if name == "p0" else self._rounding.state_dtype
                entries[name] = _narrow(entries[name], wanted, generator)


def _set_data(parameter: Tensor, data: Tensor, grad: Tensor | None) -> None:
    """Give a parameter other numbers, and its gradient in the same dtype."""
    parameter.grad = None  # torch holds both to one dtype
    parameter.data = data
    parameter.grad = None if grad is None else grad.to(data.dtype)


def _widen(value: Any) -> Any:
    is_narrow = isinstance(value, Tensor) and value.dtype == torch.bfloat16
    return value.float() if is_narrow else value


def _narrow(value: Tensor, dtype: torch.dtype, generator: torch.Generator) -> Tensor:
    is_rounded = dtype == torch.bfloat16 and value.dtype == torch.float32
    return round_stochastically(value, generator) if is_rounded else value
