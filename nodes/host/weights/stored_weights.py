"""Weights as they lie in the modules of a loaded MODEL, and the dense weights made of them.

For whoever copies weights to the device ahead of their use: the stored bytes travel, and the dense
weight is made on the device by the same steps that ComfyUI's cast takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import comfy.ops
import torch
from torch import Tensor

from ....trainer.model.streaming.stored import StoredWeight

_QUANTIZED = getattr(comfy.ops, "QuantizedTensor", None)
# 0.3.75's scaled fp8 layers leave the multiplication with the first to their own forward; some
# 4-bit layers multiply their input by the second, one number for each column of the weight.
_SCALES = ("scale_weight", "pre_quant_scale")

Rebuild = Callable[[Sequence[Tensor]], Tensor]


def stored_weight(module: torch.nn.Module, kind: str) -> StoredWeight | None:
    """How a parameter lies in main memory, or None where only ComfyUI can hand it out.

    None is the answer for vectors (the source keeps copies of them on the device), for weights on
    another device than the CPU, and where ComfyUI's cast does more than move and dequantize:
    patches that run with every cast, GGUF, and dynamic VRAM, which decides from one request to the
    next what stays on the device.

    Args:
        module: Owner of the parameter.
        kind: The parameter's name in it, such as "weight".
    """
    tensor = getattr(module, kind)
    if kind != "weight" or tensor.ndim < 2 or has_cast_of_its_own(module):
        return None
    taken = _take_apart(tensor)
    if taken is None:
        return None
    numbers, rebuild = taken
    parts = tuple(part.detach() for part in (*numbers, *scales_of(module)))
    if any(part.device.type != "cpu" or not part.is_contiguous() for part in parts):
        return None
    count = len(numbers)

    def assemble(copies: tuple[Tensor, ...], dtype: torch.dtype) -> Tensor:
        return to_dense(rebuild(copies[:count]), copies[count:], dtype)

    return StoredWeight(parts, assemble)


def has_cast_of_its_own(module: torch.nn.Module) -> bool:
    """Whether a layer's weight comes right only from ComfyUI's (or a loader's) cast."""
    return (
        hasattr(module, "_v")
        or hasattr(module, "forward_ggml_cast_weights")
        or bool(getattr(module, "weight_function", ()))
        or getattr(module, "weight_lowvram_function", None) is not None
    )


def scales_of(module: torch.nn.Module) -> tuple[Tensor, ...]:
    """What a layer's own forward multiplies its weight or its input by."""
    found = (getattr(module, name, None) for name in _SCALES)
    return tuple(scale for scale in found if scale is not None)


def to_dense(weight: Tensor, scales: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    """The dense weight [O, I] in `dtype`.

    Args:
        weight: [O, I], plain or quantized, in any dtype.
        scales: What the layer multiplies it by; each a scalar or [I].
        dtype: Of the result, and of the multiplication.
    """
    given = weight
    if is_quantized(weight):
        # Most formats come out in the dtype that the tensor claims to have.
        weight = weight if weight.dtype == dtype else weight.to(dtype=dtype)
        weight = weight.dequantize() if is_quantized(weight) else weight
    weight = weight.to(dtype)
    for scale in scales:
        scale = scale.to(device=weight.device, dtype=dtype)
        # In place where there is a copy already: these are the largest tensors of a step.
        weight = weight * scale if weight is given else weight.mul_(scale)
    return weight


def is_quantized(tensor: Tensor) -> bool:
    """Whether this is one of ComfyUI's quantized tensors."""
    return _QUANTIZED is not None and isinstance(tensor, _QUANTIZED)


def _take_apart(tensor: Tensor) -> tuple[tuple[Tensor, ...], Rebuild] | None:
    """A tensor's plain tensors and how to join them again; None for a class not known here."""
    if is_quantized(tensor):
        names, context = tensor.__tensor_flatten__()
        size, stride = tensor.shape, tensor.stride()

        def rebuild(parts: Sequence[Tensor]) -> Tensor:
            inner = dict(zip(names, parts, strict=True))
            joined: Tensor = _QUANTIZED.__tensor_unflatten__(inner, context, size, stride)
            return joined

        return tuple(getattr(tensor, name) for name in names), rebuild
    if type(tensor) in (Tensor, torch.nn.Parameter):
        return (tensor.data,), lambda parts: parts[0]
    return None
