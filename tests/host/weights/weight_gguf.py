"""Layers as a GGUF loader node puts them into a model: packed numbers and a cast of their own.

Imported by checks that run inside ComfyUI, after `pack.load()`.
"""

from __future__ import annotations

from typing import Any

import comfy.ops
import torch


class PackedTensor(torch.Tensor):
    """The tensor class of GGUF loaders, with the habits that matter: no copy is ever made."""

    def detach(self) -> PackedTensor:
        return self

    def clone(self, *_: Any, **__: Any) -> PackedTensor:
        return self


class PackedLinear(comfy.ops.manual_cast.Linear):
    """What GGUF loader nodes put in place of a linear: packed bytes and a cast of its own."""

    def __init__(self, dense: torch.nn.Module, is_packed: bool = True) -> None:
        torch.nn.Module.__init__(self)
        self.in_features, self.out_features = dense.in_features, dense.out_features
        stored, self.by_hand = dense.weight.data, dense.weight.data.float()
        if is_packed:
            blocks = self.by_hand.reshape(self.out_features, -1, 32)
            scale = (blocks.abs().amax(-1, keepdim=True) / 127).half()
            values = (blocks / scale.float()).round().clamp(-127, 127).to(torch.int8)
            packed = torch.cat((scale.view(torch.uint8), values.view(torch.uint8)), dim=-1)
            stored, self.by_hand = packed.flatten(1), (values.float() * scale.float()).flatten(1)
        self.is_packed = is_packed
        self.weight = torch.nn.Parameter(stored.as_subclass(PackedTensor), requires_grad=False)
        self.bias = dense.bias

    def is_ggml_quantized(self) -> bool:
        return self.is_packed

    def cast_bias_weight(
        self, input: Any = None, dtype: Any = None, device: Any = None, bias_dtype: Any = None
    ) -> tuple[Any, Any]:
        if input is not None:
            dtype, device, bias_dtype = input.dtype, input.device, input.dtype
        blocks = self.weight.as_subclass(torch.Tensor).reshape(self.out_features, -1, 34)
        scale, values = blocks[..., :2].contiguous(), blocks[..., 2:].contiguous()
        dense = values.view(torch.int8).float() * scale.view(torch.float16).float()
        bias = None if self.bias is None else self.bias.to(device, bias_dtype)
        return dense.flatten(1).to(device, dtype), bias

    def forward_ggml_cast_weights(self, input: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(input, *self.cast_bias_weight(input))

    def forward_comfy_cast_weights(self, input: torch.Tensor) -> torch.Tensor:
        if self.is_packed:
            return self.forward_ggml_cast_weights(input)
        return super().forward_comfy_cast_weights(input).as_subclass(torch.Tensor)
