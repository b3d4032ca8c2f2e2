"""Saving LoRA files that ComfyUI's stock loader takes in full."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save

from ..errors import ExportError
from ..files import write_bytes
from .formats import load_lora_file, read_layers, write_layers

FILE_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def save_lora(
    path: Path,
    state: Mapping[str, torch.Tensor],
    metadata: Mapping[str, str],
    *,
    dtype: str = "bf16",
    form: str = "kohya",
) -> Path:
    """Write a LoRA as a safetensors file, whole or not at all.

    The same tensors and metadata always give the same bytes.

    Args:
        path: Target file.
        state: A LoRA network's state: "<ComfyUI module>.lora_down.weight", ".lora_up.weight",
            ".alpha" (without alpha the scale is 1).
        metadata: Text fields of the file.
        dtype: "bf16", "fp16" or "fp32". bf16 by default: half the size, and loaders turn the
            LoRA into the model's own format anyway. Resuming uses the run's state instead.
        form: Naming scheme, one of `formats.FORMATS`.

    Returns:
        `path`.

    Raises:
        ExportError: A value cannot be held in fp16, or the format or dtype is not known.
        OSError: The file cannot be written.
    """
    if dtype not in FILE_DTYPES:
        raise ExportError(f"The dtype '{dtype}' is not known. Use {', '.join(FILE_DTYPES)}.")
    tensors = {
        name: _ready(name, tensor, dtype)
        for name, tensor in write_layers(read_layers(state), form).items()
    }
    write_bytes(path, _with_sorted_metadata(save(tensors, metadata=dict(metadata))))
    return path


def convert_lora(source: Path, target: Path, form: str, *, dtype: str | None = None) -> int:
    """Rewrite a LoRA file of any known form in another one, keeping its metadata.

    Args:
        source: The file to read.
        target: The file to write.
        form: One of `formats.FORMATS`.
        dtype: "bf16", "fp16", "fp32"; None keeps the source's.

    Returns:
        The number of layers.

    Raises:
        ExportError: The source cannot be read, or the form is not known.
    """
    lora = load_lora_file(source)
    tensors = write_layers(lora.layers, form)
    if dtype is not None and dtype not in FILE_DTYPES:
        raise ExportError(f"The dtype '{dtype}' is not known. Use {', '.join(FILE_DTYPES)}.")
    ready = {
        name: tensor.contiguous() if dtype is None else _ready(name, tensor, dtype)
        for name, tensor in tensors.items()
    }
    try:
        write_bytes(target, _with_sorted_metadata(save(ready, metadata=dict(lora.metadata))))
    except OSError as error:
        raise ExportError(
            f"Cannot write '{target}': {error}. Choose another place or free some space."
        ) from error
    return len(lora.layers)


def _ready(name: str, tensor: torch.Tensor, dtype: str) -> torch.Tensor:
    plain = tensor.detach().to("cpu")
    ready = plain if name.endswith(".alpha") else plain.to(FILE_DTYPES[dtype])
    if not torch.isfinite(ready).all():
        raise ExportError(
            f"'{name}' has values that are NaN, infinite or too large for {dtype}. "
            "The training diverged, or fp16 is too narrow: use an earlier checkpoint or bf16."
        )
    return ready.contiguous()


def _with_sorted_metadata(data: bytes) -> bytes:
    """The same safetensors file with its text fields in order.

    safetensors writes them in an order that changes from call to call, which would make equal
    LoRAs differ as files. Source: the format's description, github.com/huggingface/safetensors.
    """
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]
