"""Block checkpointing: only a block's input is kept, and the block runs once more in backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Block = Callable[..., Tensor | tuple[Tensor, ...]]


class KeptInputs(Protocol):
    """Where the inputs of one checkpointed block wait for the backward pass."""

    def take(self) -> tuple[Tensor, ...]:
        """The tensors again, on the device they came from; asked for once."""
        ...


class InputStore(Protocol):
    """Keeps inputs of checkpointed blocks from forward to backward, last in, first out."""

    def keep(self, tensors: tuple[Tensor, ...]) -> KeptInputs:
        """Keep one block's inputs."""
        ...


def run_checkpointed(
    block: Block,
    tokens: tuple[Tensor, ...],
    others: tuple[Tensor, ...],
    parameters: Sequence[Tensor],
    store: InputStore,
) -> tuple[Tensor, ...]:
    """Run `block(*tokens, *others)` now and again in backward.

    Args:
        block: Pure function of tensors; nothing in it is random.
        tokens: Large inputs, which go to the store.
        others: Small inputs, which stay where they are.
        parameters: What the block trains beside its inputs.
        store: Where the tokens wait.

    Returns:
        The block's outputs.
    """
    outputs: tuple[Tensor, ...] = _Checkpointed.apply(
        block, store, len(tokens), len(others), *tokens, *others, *parameters
    )
    return outputs


class OnDevice:
    """The plain store: tensors stay where they are."""

    def keep(self, tensors: tuple[Tensor, ...]) -> KeptInputs:
        """Hold on to them."""
        return _Held(tensors)


class _Held:
    def __init__(self, tensors: tuple[Tensor, ...]) -> None:
        self._tensors: tuple[Tensor, ...] | None = tensors

    def take(self) -> tuple[Tensor, ...]:
        assert self._tensors is not None  # autograd frees a graph after one backward
        tensors, self._tensors = self._tensors, None
        return tensors


class InMainMemory:
    """Inputs wait in main memory: copied out behind the computation, and back one block ahead.

    On CUDA the copies run on a stream of their own from and to pinned memory. Elsewhere the same
    order of copies is made at once.
    """

    def __init__(self, device: torch.device) -> None:
        """For tensors on `device`."""
        self._device = device
        self._stream: Any = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._waiting: list[_Moved] = []

    def keep(self, tensors: tuple[Tensor, ...]) -> KeptInputs:
        """Start copying them to main memory."""
        moved = _Moved(self, tensors)
        self._waiting.append(moved)
        return moved

    def fetch_before(self, moved: _Moved) -> None:
        """Start bringing back what the block before `moved` needs."""
        while self._waiting and self._waiting[-1] is not moved:
            self._waiting.pop()  # a block whose gradient nobody wanted
        if self._waiting:
            self._waiting.pop()
        if self._waiting:
            self._waiting[-1].fetch()

    def copied(self, source: Tensor, target: Tensor) -> torch.cuda.Event | None:
        """Copy on the own stream, behind everything that was issued so far; when it is done."""
        if self._stream is None:
            target.copy_(source)
            return None
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            target.copy_(source, non_blocking=True)
            # Neither may be used again for something else before the copy is done.
            (source if source.is_cuda else target).record_stream(self._stream)
            event: torch.cuda.Event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(self._stream)
        return event

    @property
    def pins(self) -> bool:
        """Whether main memory has to be pinned for copies in the background."""
        return self._stream is not None


class _Moved:
    def __init__(self, store: InMainMemory, tensors: tuple[Tensor, ...]) -> None:
        self._store = store
        self._device = tensors[0].device
        self._host = [torch.empty_like(x, device="cpu", pin_memory=store.pins) for x in tensors]
        self._back: list[Tensor] | None = None
        self._events = [store.copied(x, y) for x, y in zip(tensors, self._host, strict=True)]

    def fetch(self) -> None:
        if self._back is not None:
            return
        self._back = [torch.empty_like(x, device=self._device) for x in self._host]
        self._events = [
            self._store.copied(x, y) for x, y in zip(self._host, self._back, strict=True)
        ]

    def take(self) -> tuple[Tensor, ...]:
        self.fetch()
        assert self._back is not None  # fetch has just made it
        for event in self._events:
            if event is not None:
                event.wait()
        tensors, self._back = tuple(self._back), None
        self._store.fetch_before(self)
        self._host = []
        return tensors


class _Checkpointed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, block: Block, store: InputStore, tokens: int, others: int, *inputs: Tensor
    ) -> tuple[Tensor, ...]:
        given = inputs[: tokens + others]
        outputs = block(*given)
        ctx.block, ctx.tokens = block, tokens
        ctx.kept = store.keep(given[:tokens])
        ctx.save_for_backward(*inputs[tokens:])
        ctx.others = others
        return (outputs,) if isinstance(outputs, Tensor) else outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:
        wanted = ctx.needs_input_grad[4:]
        saved = ctx.saved_tensors
        given = (*ctx.kept.take(), *saved[: ctx.others])
        parameters = saved[ctx.others :]
        leaves = [
            tensor.detach().requires_grad_(is_wanted)
            for tensor, is_wanted in zip(given, wanted, strict=False)
        ]
        with torch.enable_grad():
            outputs = ctx.block(*leaves)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        targets = [
            tensor
            for tensor, is_wanted in zip([*leaves, *parameters], wanted, strict=True)
            if is_wanted
        ]
        # A LoRA on the block's modulation layer is trained through `others`.
        found = iter(torch.autograd.grad(outputs, targets, grads, allow_unused=True))
        return (None,) * 4 + tuple(next(found) if is_wanted else None for is_wanted in wanted)
