"""Nested lists and dictionaries of tensors and plain values as one safetensors file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def store(path: Path, content: dict[str, Any]) -> None:
    """Save `content` whole or not at all; tensors as they are, everything else as JSON.

    Args:
        path: The file.
        content: Dictionaries and lists may hold tensors, numbers and texts at any depth.
    """
    tensors: dict[str, torch.Tensor] = {}
    plan = _take_apart(content, tensors)
    part = path.with_suffix(".part")
    save_file(tensors, part, {"plan": json.dumps(plan)})
    part.replace(path)


def restore(path: Path) -> dict[str, Any]:
    """Read what `store` saved."""
    with safe_open(str(path), framework="pt") as file:
        plan = json.loads(file.metadata()["plan"])
        built: dict[str, Any] = _put_together(plan, file)
    return built


def _take_apart(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().clone().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": {key: _take_apart(entry, tensors) for key, entry in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"list": [_take_apart(entry, tensors) for entry in value]}
    return {"value": value}


def _put_together(plan: dict[str, Any], file: Any) -> Any:
    ((kind, content),) = plan.items()
    if kind == "tensor":
        return file.get_tensor(content)
    if kind == "dict":
        return {key: _put_together(entry, file) for key, entry in content.items()}
    if kind == "list":
        return [_put_together(entry, file) for entry in content]
    return content
