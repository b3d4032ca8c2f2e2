"""Random models in each form in which ComfyUI keeps weights, with their dense values by hand.

Imported by checks that run inside ComfyUI, after `pack.load()`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import comfy.ops
import comfy.quant_ops
import comfy.sd
import comfy.utils
import torch
from safetensors.torch import save_file

from tests.host import forward_check, pack

Weights = dict[str, torch.Tensor]
CPU = torch.device("cpu")
E4M3 = torch.float8_e4m3fn
PATCHED = ("double_blocks.0.img_attn.qkv", "single_blocks.1.linear2", "txt_in.c_embedder.in_layer")
STRENGTH = 0.5
# Decoded by the lowest three bits; the fourth is the sign. Source: OCP Microscaling Formats, E2M1.
FOUR_BITS = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])


@dataclass
class Case:
    """A loaded MODEL and the dense weights that it stands for."""

    model: Any
    by_hand: Weights
    compute: torch.dtype = torch.float32
    is_streamed: bool = False
    """Load with every weight left in main memory, as if the graphics card were full."""


@contextmanager
def outside_inference() -> Iterator[None]:
    with torch.inference_mode(False), torch.enable_grad():
        yield


class PackedLinear(comfy.ops.manual_cast.Linear):
    """What GGUF loader nodes put in place of a linear: packed bytes and a cast of its own."""

    def __init__(self, dense: torch.nn.Module) -> None:
        torch.nn.Module.__init__(self)
        self.in_features, self.out_features = dense.in_features, dense.out_features
        blocks = dense.weight.float().reshape(self.out_features, -1, 32)
        scale = (blocks.abs().amax(-1, keepdim=True) / 127).half()
        values = (blocks / scale.float()).round().clamp(-127, 127).to(torch.int8)
        packed = torch.cat((scale.view(torch.uint8), values.view(torch.uint8)), dim=-1)
        self.weight = torch.nn.Parameter(packed.flatten(1), requires_grad=False)
        self.bias = dense.bias
        self.by_hand = (values.float() * scale.float()).flatten(1)

    def cast_bias_weight(
        self, input: Any = None, dtype: Any = None, device: Any = None, bias_dtype: Any = None
    ) -> tuple[Any, Any]:
        if input is not None:
            dtype, device, bias_dtype = input.dtype, input.device, input.dtype
        blocks = self.weight.data.reshape(self.out_features, -1, 34)
        scale, values = blocks[..., :2].contiguous(), blocks[..., 2:].contiguous()
        dense = values.view(torch.int8).float() * scale.view(torch.float16).float()
        bias = None if self.bias is None else self.bias.to(device, bias_dtype)
        return dense.flatten(1).to(device, dtype), bias

    def forward_ggml_cast_weights(self, input: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(input, *self.cast_bias_weight(input))

    forward_comfy_cast_weights = forward_ggml_cast_weights


class Builder:
    """Makes a case of each kind from the same random weights."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generator = torch.Generator().manual_seed(11)
        made = forward_check.build_comfy_model(forward_check.Variant("kinds"), self._generator)
        names = import_module(f"{pack.NAME}.nodes.host.weights").canonical_name
        self.plain = {names(name): value.detach() for name, value in made.state_dict().items()}
        self.linears = [
            name
            for name, part in made.named_modules()
            if hasattr(part, "in_features") and hasattr(part, "weight")
        ]
        self._version_is_old = hasattr(comfy.ops, "scaled_fp8_ops")

    def load(self, stored: Weights, metadata: Any = None, **options: Any) -> Any:
        path = self._folder / "model.safetensors"
        save_file({name: value.contiguous() for name, value in stored.items()}, path, metadata)
        return comfy.sd.load_diffusion_model(str(path), model_options=options)

    def plain_as(self, dtype: torch.dtype, **options: Any) -> Case:
        # fp8 comes from a full-precision file through UNETLoader's weight_dtype.
        in_file = torch.float32 if dtype.itemsize == 1 else dtype
        model = self.load({k: v.to(in_file) for k, v in self.plain.items()}, dtype=dtype, **options)
        return Case(model, {name: value.to(dtype).float() for name, value in self.plain.items()})

    def scaled_layers(self) -> list[str]:
        return [name for name in self.linears if "blocks." in name and not name.endswith("lin")]

    def scaled(self, scale_name: str) -> tuple[Weights, Weights]:
        """A file's tensors with some layers as scaled fp8, and their dense values."""
        stored, dense = dict(self.plain), dict(self.plain)
        for layer in self.scaled_layers():
            weight = self.plain[f"{layer}.weight"]
            # Room up to 448 for what a patch adds; beyond it 0.3.75 cuts patched weights off.
            scale = weight.abs().max() / 100
            stored[f"{layer}.weight"] = (weight / scale).to(E4M3)
            stored[f"{layer}.{scale_name}"] = scale
            dense[f"{layer}.weight"] = stored[f"{layer}.weight"].float() * scale
        return stored, dense

    def scaled_fp8(self) -> Case:
        stored, dense = self.scaled("scale_weight")
        stored["scaled_fp8"] = torch.empty(0, dtype=E4M3)
        if self._version_is_old:
            # 0.3.75 keeps every linear of such a model in fp8, also biases and unscaled layers.
            for layer in self.linears:
                if layer not in self.scaled_layers():
                    dense[f"{layer}.weight"] = dense[f"{layer}.weight"].to(E4M3).float()
                if f"{layer}.bias" in dense:
                    dense[f"{layer}.bias"] = dense[f"{layer}.bias"].to(E4M3).float()
        return Case(self.load(stored), dense)

    def quantized_fp8(self) -> Case:
        stored, dense = self.scaled("weight_scale")
        layers = {layer: {"format": "float8_e4m3fn"} for layer in self.scaled_layers()}
        return Case(self.load(stored, {"_quantization_metadata": json.dumps({"layers": layers})}),
                    dense)  # fmt: skip

    def quantized_for_bf16(self) -> Case:
        """What a graphics card that computes in bf16 makes of such a file."""
        stored, dense = self.scaled("weight_scale")
        layers = {layer: {"format": "float8_e4m3fn"} for layer in self.scaled_layers()}
        operations = comfy.ops.mixed_precision_ops(layers, torch.bfloat16, True)
        if not self._version_is_old:
            metadata = {"_quantization_metadata": json.dumps({"layers": layers})}
            stored, _ = comfy.utils.convert_old_quants(stored, "", metadata)
        model = self.load(stored, custom_operations=operations)
        return Case(model, dense, compute=torch.bfloat16)

    def nvfp4(self) -> Case | None:
        """Two numbers in a byte, one scale for 16 of them, and a scale for each input."""
        if "nvfp4" not in comfy.quant_ops.QUANT_ALGOS:
            return None
        stored, dense = dict(self.plain), dict(self.plain)
        for layer in self.scaled_layers():
            rows, columns = self.plain[f"{layer}.weight"].shape
            codes = torch.randint(16, (rows, columns), generator=self._generator)
            inputs = 0.5 + torch.rand(columns, generator=self._generator)
            stored[f"{layer}.weight"] = (codes[:, ::2] * 16 + codes[:, 1::2]).to(torch.uint8)
            # Equal scales, because the order in which blocks are stored is the kernel's affair.
            stored[f"{layer}.weight_scale"] = torch.full((rows, columns // 16), 0.5).to(E4M3)
            stored[f"{layer}.weight_scale_2"] = torch.tensor(0.0625)
            stored[f"{layer}.pre_quant_scale"] = inputs
            values = FOUR_BITS[codes % 8] * torch.where(codes < 8, 1.0, -1.0)
            dense[f"{layer}.weight"] = values * 0.5 * 0.0625 * inputs
        layers = {layer: {"format": "nvfp4"} for layer in self.scaled_layers()}
        return Case(self.load(stored, {"_quantization_metadata": json.dumps({"layers": layers})}),
                    dense)  # fmt: skip

    def patched(self, case: Case, is_streamed: bool = False) -> Case:
        lora, dense = {}, dict(case.by_hand)
        for name in PATCHED:
            rows, columns = dense[f"{name}.weight"].shape
            up = torch.randn(rows, 2, generator=self._generator) * 0.3
            down = torch.randn(2, columns, generator=self._generator) * 0.3
            lora[f"diffusion_model.{name}.lora_up.weight"] = up
            lora[f"diffusion_model.{name}.lora_down.weight"] = down
            dense[f"{name}.weight"] = dense[f"{name}.weight"] + STRENGTH * up @ down
        model, _ = comfy.sd.load_lora_for_models(case.model, None, lora, STRENGTH, 0.0)
        return Case(model, dense, is_streamed=is_streamed)

    def gguf(self) -> Case:
        case = self.plain_as(torch.float32)
        for name in self.scaled_layers():
            parent, _, last = name.rpartition(".")
            owner = case.model.model.diffusion_model.get_submodule(parent)
            packed = PackedLinear(getattr(owner, last))
            setattr(owner, last, packed)
            case.by_hand[f"{name}.weight"] = packed.by_hand
        return case

    def normal_tensors(self) -> Case:
        """What a loader node gives that leaves inference mode; 0.3.75 then asks for gradients."""
        with outside_inference():
            return self.plain_as(torch.float32)

    def kinds(self) -> dict[str, Callable[[], Case | None]]:
        return {
            "fp32": lambda: self.plain_as(torch.float32),
            "fp16": lambda: self.plain_as(torch.float16),
            "bf16": lambda: self.plain_as(torch.bfloat16),
            "fp8_e4m3fn": lambda: self.plain_as(E4M3),
            "fp8_e5m2": lambda: self.plain_as(torch.float8_e5m2),
            # ComfyUI chooses these operations itself only on a card with fp8 matrix products.
            "fp8_e4m3fn_fast": lambda: self.plain_as(
                E4M3, fp8_optimizations=True, custom_operations=comfy.ops.fp8_ops
            ),
            "scaled_fp8": self.scaled_fp8,
            "quantized_fp8": self.quantized_fp8,
            "quantized_fp8_for_bf16": self.quantized_for_bf16,
            "nvfp4": self.nvfp4,
            "patched": lambda: self.patched(self.plain_as(torch.float32)),
            "patched_fp8": lambda: self.patched(self.plain_as(E4M3)),
            "streamed_fp8": lambda: self.patched(self.plain_as(E4M3), is_streamed=True),
            "streamed_scaled_fp8": lambda: self.patched(self.scaled_fp8(), is_streamed=True),
            "gguf": self.gguf,
            "fp32_of_normal_tensors": self.normal_tensors,
        }
