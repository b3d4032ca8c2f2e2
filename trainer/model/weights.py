"""Where the frozen base weights come from: the trainer asks for each one whenever it needs it.

The trainer never copies or owns base weights. A source may keep them quantized, on another device
or on the disk, and may hand out the same buffer again and again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open

from ..errors import ModelMismatchError
from .streaming.stored import StoredWeight, cast_only, scaled

_DTYPE_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
_PREFIXES = ("model.diffusion_model.", "diffusion_model.", "model.model.", "model.")

# Tencent's release names its modules otherwise than ComfyUI. Source: facts read in ComfyUI
# comfy/supported_models.py (HunyuanVideo.process_unet_state_dict); the code is our own.
_RENAMED = (
    (r"^txt_in\.t_embedder\.mlp\.0\.", "txt_in.t_embedder.in_layer."),
    (r"^txt_in\.t_embedder\.mlp\.2\.", "txt_in.t_embedder.out_layer."),
    (r"^txt_in\.c_embedder\.linear_1\.", "txt_in.c_embedder.in_layer."),
    (r"^txt_in\.c_embedder\.linear_2\.", "txt_in.c_embedder.out_layer."),
    (r"^(\w+_in)\.mlp\.0\.", r"\1.in_layer."),
    (r"^(\w+_in)\.mlp\.2\.", r"\1.out_layer."),
    (r"mlp\.fc1\.", "mlp.0."),
    (r"mlp\.fc2\.", "mlp.2."),
    (r"_mod\.linear\.", "_mod.lin."),
    (r"\.modulation\.linear\.", ".modulation.lin."),
    (r"_attn_(qkv|proj)\.", r"_attn.\1."),
    (r"_attn_q_norm\.weight$", "_attn.norm.query_norm.scale"),
    (r"_attn_k_norm\.weight$", "_attn.norm.key_norm.scale"),
    (r"\.q_norm\.weight$", ".norm.query_norm.scale"),
    (r"\.k_norm\.weight$", ".norm.key_norm.scale"),
    (r"\.(query|key)_norm\.weight$", r".\1_norm.scale"),
    # The scale of a scaled float8 layer, in ComfyUI's later form of such files.
    (r"\.weight_scale$", ".scale_weight"),
)
# What scaled float8 files say beside the weights and their scales.
_NO_WEIGHTS = (".scale_input", ".input_scale", "scaled_fp8", ".comfy_quant")
# Whole numbers, two numbers in a byte, and scales for blocks of numbers.
_PACKED = ("U8", "I8", "F4", "F8_E8M0")
_RENAME_RULES = tuple((re.compile(pattern), replacement) for pattern, replacement in _RENAMED)


class WeightSource(Protocol):
    """Gives frozen base weights by ComfyUI's module names.

    A returned tensor may be overwritten as soon as the next weight is asked for, so callers use it
    at once or copy it. `weight` is called in the forward and again in the backward pass, the
    latter possibly from one of autograd's own threads.
    """

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Canonical name -> logical shape of every weight and bias, quantized or not."""
        ...

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """The weight or bias `name`, dense, in `dtype` on `device`.

        Raises:
            ModelMismatchError: There is no such weight.
        """
        ...


def canonical_weight_name(name: str) -> str:
    """Name of a weight in the form the trainer uses: ComfyUI's names, without a prefix.

    Q/K norm scales end in `.query_norm.scale` / `.key_norm.scale` whatever the version calls them.
    """
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            name = name[len(prefix) :]
            break
    for pattern, replacement in _RENAME_RULES:
        name = pattern.sub(replacement, name)
    return name


class MappingSource:
    """Weights held in a dictionary of tensors (tests, small models, already loaded files)."""

    def __init__(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Keep references to `weights`; names may have any form `canonical_weight_name` knows."""
        self._weights = {canonical_weight_name(name): value for name, value in weights.items()}
        self._shapes = {name: tuple(value.shape) for name, value in self._weights.items()}

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Canonical name -> shape."""
        return self._shapes

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """The tensor `name` in `dtype` on `device` (the stored one where nothing has to change).

        Raises:
            ModelMismatchError: There is no such weight.
        """
        if name not in self._weights:
            raise _missing_weight(name, "this model")
        return self._weights[name].detach().to(device=device, dtype=dtype)

    def stored(self, name: str) -> StoredWeight | None:
        """The tensor `name` as it is, or None where it is not in main memory.

        Raises:
            ModelMismatchError: There is no such weight.
        """
        if name not in self._weights:
            raise _missing_weight(name, "this model")
        value = self._weights[name].detach()
        is_copyable = value.device.type == "cpu" and value.is_contiguous()
        return StoredWeight((value,), cast_only) if is_copyable else None


class SafetensorsSource:
    """Weights of a memory-mapped safetensors file; only what is asked for is read.

    Full precision, plain float8 and scaled float8 files are understood; the latter in both forms
    (`<module>.scale_weight` and `<module>.weight_scale`, one number a layer).
    """

    def __init__(self, path: Path) -> None:
        """Open `path` and read its table of contents.

        Raises:
            ModelMismatchError: The file is missing, damaged or holds packed (GGUF-like, 4-bit or
                8-bit integer) weights.
        """
        self._path = path
        try:
            opened: Any = safe_open(path, framework="pt", device="cpu")
            stored_names = list(opened.keys())
        except (OSError, SafetensorError) as error:
            raise ModelMismatchError(
                f"'{path}' cannot be read as a safetensors file ({error}). "
                "Name a complete HunyuanVideo .safetensors file as the model."
            ) from error
        self._file = opened
        self._stored = {canonical_weight_name(name): name for name in stored_names}
        self._shapes = self._read_shapes()

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Canonical name -> shape."""
        return self._shapes

    @property
    def is_scaled(self) -> bool:
        """Whether numbers are multiplied by a scale when they are read."""
        return any(name.endswith(".scale_weight") for name in self._stored)

    @property
    def matrix_bytes(self) -> float:
        """Bytes of one number of a matrix, on average over the file."""
        shapes = {name: shape for name, shape in self._shapes.items() if len(shape) > 1}
        count = sum(math.prod(shape) for shape in shapes.values())
        stored = (self._file.get_slice(self._stored[name]).get_dtype() for name in shapes)
        sizes = (_DTYPE_BYTES[dtype] for dtype in stored)
        total = sum(
            math.prod(shape) * size for shape, size in zip(shapes.values(), sizes, strict=True)
        )
        return total / count

    def weight(self, name: str, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
        """The tensor `name`, dequantized, in `dtype` on `device`.

        Raises:
            ModelMismatchError: There is no such weight.
        """
        if name not in self._shapes:
            raise _missing_weight(name, f"'{self._path}'")
        value: torch.Tensor = self._file.get_tensor(self._stored[name])
        value = value.to(device=device, dtype=dtype)
        scale_name = self._stored.get(_scale_name(name))
        if scale_name is None:
            return value
        scale: torch.Tensor = self._file.get_tensor(scale_name).to(device=device, dtype=dtype)
        return value * scale

    def stored(self, name: str) -> StoredWeight:
        """The tensor `name` and its scale as they lie in the file; the disk is read on copying.

        Raises:
            ModelMismatchError: There is no such weight.
        """
        if name not in self._shapes:
            raise _missing_weight(name, f"'{self._path}'")
        value: torch.Tensor = self._file.get_tensor(self._stored[name])
        scale_name = self._stored.get(_scale_name(name))
        if scale_name is None:
            return StoredWeight((value,), cast_only)
        return StoredWeight((value, self._file.get_tensor(scale_name)), scaled)

    def _read_shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {}
        for name, stored in self._stored.items():
            if name.endswith(_NO_WEIGHTS):
                continue
            entry = self._file.get_slice(stored)
            shape, dtype = tuple(entry.get_shape()), str(entry.get_dtype())
            is_scale = name.endswith(".scale_weight")
            if dtype in _PACKED or (is_scale and math.prod(shape) != 1):
                raise ModelMismatchError(
                    f"'{self._path}' holds packed weights ('{stored}' is {dtype} {list(shape)}), "
                    "which this reader does not unpack. Use a bf16, fp16, fp8 or scaled fp8 file, "
                    "or connect the model inside ComfyUI, which unpacks it."
                )
            if not is_scale:
                shapes[name] = shape
        return shapes


def _scale_name(name: str) -> str:
    return name[: -len("weight")] + "scale_weight" if name.endswith(".weight") else ""


def _missing_weight(name: str, where: str) -> ModelMismatchError:
    return ModelMismatchError(
        f"There is no weight '{name}' in {where}, but training needs it. "
        "Connect a complete HunyuanVideo text-to-video model."
    )


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts block 2 before block 10: ordering that no dictionary order changes."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in name.split("."))


def sorted_names(names: Iterable[str]) -> list[str]:
    """`names` in natural order."""
    return sorted(names, key=natural_key)
