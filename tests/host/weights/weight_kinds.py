"""Random models in each form in which ComfyUI keeps weights, with their dense values by hand.

Imported by checks that run inside ComfyUI, after `pack.load()`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import comfy.ops
import comfy.quant_ops
import comfy.sd
import comfy.utils
import torch
from safetensors.torch import save_file

from tests.host import pack
from tests.host.weights import forward_check
from tests.host.weights.weight_formats import E4M3, FORMATS, Make, fp8
from tests.host.weights.weight_gguf import PackedLinear
from tests.host.weights.weight_streams import (
    CARD,
    KNOWS_DYNAMIC,
    dynamic_memory,
    load_dynamic,
    two_streams,
)

Weights = dict[str, torch.Tensor]
Metadata = dict[str, str]
CPU = torch.device("cpu")
PATCHED = ("double_blocks.0.img_attn.qkv", "single_blocks.1.linear2", "txt_in.c_embedder.in_layer")
STRENGTH = 0.5


@dataclass
class Case:
    """A loaded MODEL and the dense weights that it stands for."""

    model: Any
    by_hand: Weights
    compute: torch.dtype = torch.float32
    room_bytes: int | None = None
    """Load with room for so many bytes of weights, as if the graphics card were nearly full."""
    device: torch.device = CPU
    """Where it is trained; `CARD` stands for a graphics card."""
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    """What has to be in force while the model is used."""
    own_casts: int = 0
    """Layers with a cast that only a loader knows."""


@contextmanager
def outside_inference() -> Iterator[None]:
    with torch.inference_mode(False), torch.enable_grad():
        yield


def doubled(weight: torch.Tensor) -> torch.Tensor:
    return weight * 2


class Builder:
    """Makes a case of each kind from the same random weights."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generator = torch.Generator().manual_seed(11)
        made = forward_check.build_comfy_model(forward_check.Variant("kinds"), self._generator)
        names = import_module(f"{pack.NAME}.nodes.host.weights.borrowing").canonical_name
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
        self.reload = partial(comfy.sd.load_diffusion_model, str(path), model_options=options)
        return self.reload()

    def plain_as(self, dtype: torch.dtype, **options: Any) -> Case:
        # fp8 comes from a full-precision file through UNETLoader's weight_dtype.
        in_file = torch.float32 if dtype.itemsize == 1 else dtype
        model = self.load({k: v.to(in_file) for k, v in self.plain.items()}, dtype=dtype, **options)
        return Case(model, {name: value.to(dtype).float() for name, value in self.plain.items()})

    def scaled_layers(self) -> list[str]:
        return [name for name in self.linears if "blocks." in name and not name.endswith("lin")]

    def formatted(self, make: Make, name: str) -> tuple[Weights, Weights, Metadata]:
        """A file's tensors with some layers in a format, their dense values, and its metadata."""
        stored, dense, layers = dict(self.plain), dict(self.plain), {}
        for layer in self.scaled_layers():
            made = make(self.plain[f"{layer}.weight"], self._generator)
            stored |= {f"{layer}.{kind}": value for kind, value in made.stored.items()}
            dense[f"{layer}.weight"] = made.dense
            layers[layer] = {"format": name} | made.options
        return stored, dense, {"_quantization_metadata": json.dumps({"layers": layers})}

    def quantized(self, kind: str) -> Case | None:
        """A file in one of ComfyUI's formats; None where this version does not know it."""
        wanted = FORMATS[kind]
        known = comfy.quant_ops.QUANT_ALGOS.get(wanted.name)
        if known is None or (wanted.needs and wanted.needs not in known["parameters"]):
            return None
        stored, dense, metadata = self.formatted(wanted.make, wanted.name)
        return Case(self.load(stored, metadata), dense)

    def scaled_fp8(self, dtype: torch.dtype = E4M3) -> Case:
        """The older form, which says nothing about its layers but "scaled_fp8"."""
        stored, dense, _ = self.formatted(fp8(dtype), "")
        stored = {name.replace("weight_scale", "scale_weight"): v for name, v in stored.items()}
        stored["scaled_fp8"] = torch.empty(0, dtype=dtype)
        if self._version_is_old:
            # 0.3.75 keeps every linear of such a model in fp8, also biases and unscaled layers.
            for layer in self.linears:
                if layer not in self.scaled_layers():
                    dense[f"{layer}.weight"] = dense[f"{layer}.weight"].to(dtype).float()
                if f"{layer}.bias" in dense:
                    dense[f"{layer}.bias"] = dense[f"{layer}.bias"].to(dtype).float()
        return Case(self.load(stored), dense)

    def quantized_for_bf16(self) -> Case:
        """What a graphics card that computes in bf16 makes of such a file."""
        stored, dense, metadata = self.formatted(fp8(E4M3), "float8_e4m3fn")
        layers = json.loads(metadata["_quantization_metadata"])["layers"]
        operations = comfy.ops.mixed_precision_ops(layers, torch.bfloat16, True)
        if not self._version_is_old:
            stored, _ = comfy.utils.convert_old_quants(stored, "", metadata)
        model = self.load(stored, custom_operations=operations)
        return Case(model, dense, compute=torch.bfloat16)

    def patched(self, case: Case, room_bytes: int | None = None) -> Case:
        """With a LoRA; patches of streamed weights run with every cast."""
        lora, dense = {}, dict(case.by_hand)
        for name in PATCHED:
            rows, columns = dense[f"{name}.weight"].shape
            up = torch.randn(rows, 2, generator=self._generator) * 0.3
            down = torch.randn(2, columns, generator=self._generator) * 0.3
            lora[f"diffusion_model.{name}.lora_up.weight"] = up
            lora[f"diffusion_model.{name}.lora_down.weight"] = down
            dense[f"{name}.weight"] = dense[f"{name}.weight"] + STRENGTH * up @ down
        model, _ = comfy.sd.load_lora_for_models(case.model, None, lora, STRENGTH, 0.0)
        return Case(model, dense, room_bytes=room_bytes)

    def half_streamed(self) -> Case:
        case = self.patched(self.plain_as(torch.float32))
        case.room_bytes = case.model.model_size() * 3 // 4
        return case

    def through_buffers(self, case: Case) -> Case:
        """All weights in main memory, moved through the buffers of two streams."""
        case.device, case.around, case.room_bytes = CARD, two_streams, 1
        return case

    def dynamic(self, build: Callable[[], Case], is_patched: bool = False) -> Case | None:
        """Weights get memory on the card while in use; None where ComfyUI has no such way."""
        if not KNOWS_DYNAMIC:
            return None
        case = build()
        with dynamic_memory():
            case.model = load_dynamic(self.reload)
            case = self.patched(case) if is_patched else case
        case.device, case.around = CARD, dynamic_memory
        return case

    def dynamic_fp8(self, is_patched: bool = False) -> Case | None:
        """UNETLoader's weight_dtype: weights are cast on the card, but not those of small layers.

        Of layers with at most 16 KiB ComfyUI then takes the numbers that are in the file.
        """
        case = self.dynamic(partial(self.plain_as, E4M3), is_patched)
        sizes: Counter[str] = Counter()
        for name, value in self.plain.items():
            sizes[name.rpartition(".")[0]] += value.nbytes
        small = {name for name in self.plain if sizes[name.rpartition(".")[0]] <= 16 * 1024}
        if case is not None:
            case.by_hand |= {name: self.plain[name] for name in small}
        return case

    def otherwise_patched(self, room_bytes: int | None = None) -> Case:
        """Differences, a replaced weight, and functions that ComfyUI calls with every cast."""
        case = self.plain_as(torch.float32)
        model, dense = case.model.clone(), dict(case.by_hand)
        added, replaced, wrapped = PATCHED
        for name in (f"{added}.weight", f"{added}.bias"):
            change = torch.randn(dense[name].shape, generator=self._generator)
            model.add_patches({f"diffusion_model.{name}": ("diff", (change,))}, STRENGTH)
            dense[name] = dense[name] + STRENGTH * change
        name = f"{replaced}.weight"
        dense[name] = torch.randn(dense[name].shape, generator=self._generator)
        model.add_patches({f"diffusion_model.{name}": ("set", (dense[name],))})
        for name, change in ((f"{wrapped}.weight", doubled), (f"{wrapped}.bias", doubled)):
            model.add_weight_wrapper(f"diffusion_model.{name}", change)
            dense[name] = change(dense[name])
        return Case(model, dense, room_bytes=room_bytes)

    def gguf(self) -> Case:
        """Packed layers, and one that the file left in full precision, with a function on it."""
        case = self.plain_as(torch.float32)
        inner = case.model.model.diffusion_model
        for name in (*self.scaled_layers(), "vector_in.in_layer"):
            parent, _, last = name.rpartition(".")
            owner = inner.get_submodule(parent)
            packed = PackedLinear(getattr(owner, last), is_packed=name in self.scaled_layers())
            setattr(owner, last, packed)
            case.by_hand[f"{name}.weight"] = packed.by_hand
        full = "vector_in.in_layer.weight"
        case.own_casts = len(self.scaled_layers())
        case.model.add_weight_wrapper(f"diffusion_model.{full}", doubled)
        case.by_hand[full] = doubled(case.by_hand[full])
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
            "scaled_fp8_e5m2": lambda: self.scaled_fp8(torch.float8_e5m2),
            "quantized_fp8_for_bf16": self.quantized_for_bf16,
            "patched": lambda: self.patched(self.plain_as(torch.float32)),
            "patched_fp8": lambda: self.patched(self.plain_as(E4M3)),
            "otherwise_patched": self.otherwise_patched,
            "streamed_fp8": lambda: self.patched(self.plain_as(E4M3), room_bytes=1),
            "streamed_scaled_fp8": lambda: self.patched(self.scaled_fp8(), room_bytes=1),
            "streamed_otherwise_patched": lambda: self.otherwise_patched(room_bytes=1),
            "half_streamed": self.half_streamed,
            "dynamic_fp8": self.dynamic_fp8,
            "dynamic_patched_fp8": partial(self.dynamic_fp8, is_patched=True),
            "dynamic_patched": lambda: self.dynamic(partial(self.plain_as, torch.float32), True),
            "dynamic_scaled_fp8": lambda: self.dynamic(self.scaled_fp8),
            "buffered_bf16": lambda: self.through_buffers(self.plain_as(torch.bfloat16)),
            "buffered_scaled_fp8": lambda: self.through_buffers(self.patched(self.scaled_fp8())),
            "gguf": self.gguf,
            "fp32_of_normal_tensors": self.normal_tensors,
        } | {kind: partial(self.quantized, kind) for kind in FORMATS}
