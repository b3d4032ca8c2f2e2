"""Moving a LoRA and its optimizer's state to main memory and back, so that the device is free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch


@contextmanager
def parked(parameters: Iterable[torch.Tensor], optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Keep everything that training owns in main memory while the block runs, bit for bit.

    Gradients are dropped: the step that they belong to is made again.
    """
    optimizer.zero_grad(set_to_none=True)
    owned = list(parameters)
    places = [tensor.device for tensor in owned]
    states = [
        (state, name, value.device)
        for state in optimizer.state.values()
        for name, value in state.items()
        if isinstance(value, torch.Tensor)
    ]
    for tensor in owned:
        tensor.data = tensor.data.to("cpu", copy=True)
    for state, name, _ in states:
        state[name] = state[name].to("cpu", copy=True)
    try:
        yield
    finally:
        for tensor, place in zip(owned, places, strict=True):
            tensor.data = tensor.data.to(place)
        for state, name, place in states:
            state[name] = state[name].to(place)
