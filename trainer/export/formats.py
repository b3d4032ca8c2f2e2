"""The naming schemes of LoRA files, read and written.

    kohya      lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight   ComfyUI's module names;
               the form that this project saves, and ComfyUI loads in full
    comfy      diffusion_model.double_blocks.0.img_attn.qkv.lora_down.weight
    musubi     lora_unet_double_blocks_0_img_mlp_fc1.lora_down.weight    the original code's names
    diffusers  diffusion_model.double_blocks.0.img_mlp.fc1.lora_A.weight  no alpha: it is folded
               into the weights as sqrt(alpha / rank) on both sides

R rank, I input width, O output width of a layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from safetensors import SafetensorError, safe_open

from ..errors import ExportError
from .lora_names import flatten, from_original, to_original, unflatten

LoraFormat = Literal["kohya", "comfy", "musubi", "diffusers"]
FORMATS: tuple[str, ...] = get_args(LoraFormat)

_PARTS = {
    ".lora_down.weight": "down",
    ".lora_A.weight": "down",
    ".lora_up.weight": "up",
    ".lora_B.weight": "up",
    ".alpha": "alpha",
}
_DOTTED_PREFIXES = ("diffusion_model.", "transformer.")
_FLAT_PREFIX = "lora_unet_"


@dataclass(frozen=True)
class LoraLayer:
    """One adapted layer: down [R,I], up [O,R]; the product is scaled by alpha / R."""

    down: torch.Tensor
    up: torch.Tensor
    alpha: float


@dataclass(frozen=True)
class LoraFile:
    """A LoRA read from a file: layers by ComfyUI module name, and the file's text fields."""

    layers: Mapping[str, LoraLayer]
    metadata: Mapping[str, str]


def read_layers(tensors: Mapping[str, torch.Tensor], source: str = "LoRA") -> dict[str, LoraLayer]:
    """Layers by ComfyUI module name from tensors in any of the known schemes.

    Without an alpha, alpha is the rank (scale 1), as every loader takes it.

    Raises:
        ExportError: A key is not known, or a layer lacks one of its halves.
    """
    parts: dict[str, dict[str, torch.Tensor]] = {}
    unknown = []
    for key, tensor in tensors.items():
        name, part = _parse_key(key)
        if name is None or part is None:
            unknown.append(key)
        else:
            parts.setdefault(name, {})[part] = tensor
    if unknown:
        raise ExportError(
            f"{source} has {len(unknown)} key(s) that belong to no known HunyuanVideo LoRA form, "
            f"such as '{unknown[0]}'. Known forms: {', '.join(FORMATS)}. Check that it is a "
            "HunyuanVideo LoRA."
        )
    if not parts:
        raise ExportError(f"{source} holds no LoRA layers. Check that it is a LoRA file.")
    return {name: _join_layer(name, found, source) for name, found in parts.items()}


def write_layers(layers: Mapping[str, LoraLayer], form: str = "kohya") -> dict[str, torch.Tensor]:
    """Tensors in one of the schemes; weights keep their dtype, alpha is float32.

    Raises:
        ExportError: The scheme is not known.
    """
    if form not in FORMATS:
        raise ExportError(f"The format '{form}' is not known. Use one of {', '.join(FORMATS)}.")
    tensors: dict[str, torch.Tensor] = {}
    for name, layer in layers.items():
        if form == "diffusers":
            base = f"diffusion_model.{to_original(name)}"
            fold = math.sqrt(layer.alpha / layer.down.shape[0])
            tensors[f"{base}.lora_A.weight"] = _scaled(layer.down, fold)
            tensors[f"{base}.lora_B.weight"] = _scaled(layer.up, fold)
            continue
        base = {
            "kohya": _FLAT_PREFIX + flatten(name),
            "comfy": f"diffusion_model.{name}",
            "musubi": _FLAT_PREFIX + flatten(to_original(name)),
        }[form]
        tensors[f"{base}.lora_down.weight"] = layer.down
        tensors[f"{base}.lora_up.weight"] = layer.up
        tensors[f"{base}.alpha"] = torch.tensor(layer.alpha, dtype=torch.float32)
    return tensors


def load_lora_file(path: Path) -> LoraFile:
    """Read a LoRA safetensors file of any known scheme.

    Raises:
        ExportError: The file is missing, is not safetensors, or holds something else.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = dict(stream.metadata() or {})
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}
    except (OSError, SafetensorError) as error:
        raise ExportError(
            f"Cannot read '{path}': {error}. Give the path of a LoRA in safetensors form."
        ) from error
    return LoraFile(read_layers(tensors, f"'{path.name}'"), metadata)


def _parse_key(key: str) -> tuple[str | None, str | None]:
    for suffix, part in _PARTS.items():
        if key.endswith(suffix):
            return _parse_module(key.removesuffix(suffix)), part
    return None, None


def _parse_module(base: str) -> str | None:
    if base.startswith(_FLAT_PREFIX):
        return unflatten(base.removeprefix(_FLAT_PREFIX))
    for prefix in _DOTTED_PREFIXES:
        base = base.removeprefix(prefix)
    name = from_original(base)
    # A dotted name may belong to any layer of the model, but only to a HunyuanVideo one.
    known = ("double_blocks.", "single_blocks.", "txt_in.", "img_in.", "final_layer.")
    more = ("time_in.", "vector_in.", "guidance_in.")
    return name if name.startswith(known + more) else None


def _join_layer(name: str, found: Mapping[str, torch.Tensor], source: str) -> LoraLayer:
    missing = [part for part in ("down", "up") if part not in found]
    if missing:
        raise ExportError(
            f"{source} lacks the {' and '.join(missing)} half of layer '{name}'. "
            "The file is not complete; get or save it again."
        )
    down, up = found["down"], found["up"]
    if down.dim() != 2 or up.dim() != 2 or down.shape[0] != up.shape[1]:
        raise ExportError(
            f"{source}: the halves of layer '{name}' have shapes {list(down.shape)} and "
            f"{list(up.shape)}, which do not fit together. Get or save the file again."
        )
    alpha = float(found["alpha"]) if "alpha" in found else float(down.shape[0])
    return LoraLayer(down, up, alpha)


def _scaled(tensor: torch.Tensor, factor: float) -> torch.Tensor:
    return tensor if factor == 1 else (tensor.to(torch.float32) * factor).to(tensor.dtype)
