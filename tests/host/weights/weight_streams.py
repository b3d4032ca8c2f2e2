"""Stands in for a graphics card, so that ComfyUI's own streaming runs on the CPU.

`cpu:0` is not equal to `cpu`, yet memory can be had on it: ComfyUI takes weights on `cpu` for
weights in main memory and moves them. Only what a card and its driver do is replaced: streams, and
the library with which newer versions share memory on demand. The library here behaves as badly as
the real one may: every other weight is gone as soon as it is unpinned, and the last ones never get
memory of their own.

Imported by checks that run inside ComfyUI, after `pack.load()`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from importlib import import_module
from typing import Any
from unittest import mock

import comfy.model_management as management
import comfy.model_patcher
import comfy.ops
import torch

CARD = torch.device("cpu:0")
KNOWS_DYNAMIC = hasattr(comfy.model_patcher, "ModelPatcherDynamic")
RUBBISH = 0xFF  # Bytes that are no number in any floating-point format.
seen: Counter[str] = Counter()
"""How often a stream waited, and a weight was kept, filled anew or refused memory of its own;
and how many weights were in use at most."""


class Stream:
    """A queue of copies whose order is that of the calls."""

    def wait_stream(self, other: Any) -> None:
        seen["waits"] += 1

    def synchronize(self) -> None:
        pass

    @staticmethod
    def as_context(stream: Any) -> Any:
        return nullcontext()


class OnDemand:
    """Memory of a model, given to a weight while it is pinned and taken away afterwards."""

    def __init__(self, size: int, device: int | None) -> None:
        del size, device
        self.blocks: list[torch.Tensor] = []
        self.signatures: list[int] = []
        self.is_filled: set[int] = set()
        self.pinned: set[int] = set()

    def alloc(self, size: int) -> tuple[OnDemand, int, int]:
        self.blocks.append(torch.full((size,), RUBBISH, dtype=torch.uint8))
        self.signatures.append(0)
        return self, len(self.blocks) - 1, size

    def fault(self, number: int, size: int) -> bytes | None:
        del size
        if number >= len(self.blocks) * 2 // 3:
            seen["refused"] += 1
            return None
        seen["kept" if number in self.is_filled else "filled"] += 1
        self.is_filled.add(number)
        self.pinned.add(number)
        seen["most_pinned"] = max(seen["most_pinned"], len(self.pinned))
        return self.signatures[number].to_bytes(4, "little")

    def unpin(self, number: int, size: int) -> None:
        del size
        self.pinned.discard(number)
        if number % 2:
            self.take_away(number)

    def take_away(self, number: int) -> None:
        self.blocks[number].data.fill_(RUBBISH)
        self.signatures[number] += 1
        self.is_filled.discard(number)

    def prioritize(self) -> None:
        pass

    def loaded_size(self) -> int:
        return sum(len(self.blocks[number]) for number in self.is_filled)

    def free_memory(self, size: int) -> int:
        freed = self.loaded_size()
        for number in list(self.is_filled):
            self.take_away(number)
        return min(freed, int(size))


class HostMemory:
    """Pinned memory, of which there is none: ComfyUI runs with its pinning switched off."""

    size = 0

    def __init__(self, *_: Any) -> None:
        pass

    def truncate(self, *_: Any, **__: Any) -> None:
        pass


class Growing:
    """The buffer of a stream for weights that got no memory of their own."""

    def __init__(self, *_: Any, **__: Any) -> None:
        # As a sampler's forward pass leaves it behind for the training after it.
        with torch.inference_mode():
            self.bytes = torch.empty(0, dtype=torch.uint8)

    def size(self) -> int:
        return len(self.bytes)

    def get(self, size: int, offset: int = 0) -> tuple[Growing, int, int]:
        if len(self.bytes) < offset + size:
            with torch.inference_mode():
                self.bytes = torch.full((offset + size,), RUBBISH, dtype=torch.uint8)
        return self, offset, size


def bytes_of(allocation: tuple[Any, int, int], device: Any) -> torch.Tensor:
    """The memory of an allocation of any of the two."""
    del device
    owner, place, size = allocation
    return owner.blocks[place] if isinstance(owner, OnDemand) else owner.bytes[place : place + size]


@contextmanager
def two_streams() -> Iterator[None]:
    """ComfyUI streams to the card as it does to CUDA: through the buffers of two streams."""
    streams = [Stream(), Stream()]
    with (
        mock.patch.object(management, "NUM_STREAMS", 2),
        mock.patch.dict(management.STREAMS, {CARD: streams}),
        mock.patch.dict(getattr(management, "STREAM_CAST_BUFFERS", {})),
        mock.patch.dict(getattr(management, "STREAM_AIMDO_CAST_BUFFERS", {})),
    ):
        if hasattr(management, "get_cast_buffer"):
            # What a preview before the training left behind: one buffer that is large enough.
            with torch.inference_mode():
                management.get_cast_buffer(streams[0], CARD, 1_000_000, object())
                management.get_cast_buffer(streams[1], CARD, 10_000, object())
        yield


@contextmanager
def dynamic_memory() -> Iterator[None]:
    """ComfyUI's dynamic VRAM, without its library and without pinned memory."""
    is_cpu = management.is_device_cpu
    changes: list[tuple[Any, dict[str, Any]]] = [
        (import_module("comfy.cli_args").args, {"disable_pinned_memory": True}),
        (import_module("comfy_aimdo.model_vbar"), {"ModelVBAR": OnDemand}),
        (import_module("comfy_aimdo.host_buffer"), {"HostBuffer": HostMemory}),
        (import_module("comfy_aimdo.vram_buffer"), {"VRAMBuffer": Growing}),
        (import_module("comfy_aimdo.torch"), {"aimdo_to_tensor": bytes_of}),
        (management, {"is_device_cpu": lambda device: device != CARD and is_cpu(device)}),
    ]
    with ExitStack() as stack:
        for owner, values in changes:
            stack.enter_context(mock.patch.multiple(owner, **values))
        stack.enter_context(two_streams())
        yield


def load_dynamic(load: Callable[[], Any]) -> Any:
    """A MODEL as a loader gives it with dynamic VRAM: tensors stay in the dtype of the file."""
    patcher = comfy.model_patcher.ModelPatcher
    with mock.patch.object(patcher, "is_dynamic", return_value=True):
        loaded = load()
    return comfy.model_patcher.ModelPatcherDynamic(loaded.model, CARD, torch.device("cpu"))


@contextmanager
def forward_on_the_card() -> Iterator[None]:
    """ComfyUI's own forward pass asks for its weights on the card, whose tensors say `cpu`."""
    cast = comfy.ops.cast_bias_weight

    def to_card(layer: Any, given: Any = None, **options: Any) -> Any:
        dtype = options.pop("dtype", None) or given.dtype
        return cast(layer, dtype=dtype, bias_dtype=dtype, device=CARD, **options)

    with mock.patch.object(comfy.ops, "cast_bias_weight", to_card):
        yield
