"""Borrows a random model in each form in which ComfyUI keeps weights; prints the differences.

Every form is also worked out by hand, from the numbers in the file, without ComfyUI's casts.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from tests.host import pack
from tests.host.weights import forward_check

pack.load()
import comfy.model_management  # noqa: E402
import torch  # noqa: E402

from tests.host.weights.weight_kinds import CPU, Builder, Case, Weights, outside_inference  # noqa: E402
from tests.host.weights.weight_streams import CARD, forward_on_the_card, seen  # noqa: E402


def module(name: str) -> Any:
    return import_module(f"{pack.NAME}.{name}")


def measure(case: Case, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Differences between what is lent and computed and the weights by hand."""
    inner = case.model.model.diffusion_model
    before = snapshot(inner)
    made_in_inference = [value.is_inference() for value in inner.parameters()]
    seen.clear()
    with case.around():
        result = borrow(case, inner, shapes)
        seen_by_us = dict(seen)
        theirs = by_comfyui(inner, case)
        comfy.model_management.unload_all_models()
        case.model.detach()
    return result | {
        "made_in_inference": sum(made_in_inference) / len(made_in_inference),
        "seen": seen_by_us,
        "comfyui": relative(result.pop("computed"), theirs),
        "got_gradients": [name for name, value in inner.named_parameters() if has_gradient(value)],
        "restored": is_same(before, snapshot(inner)),
    }


def borrow(case: Case, inner: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """What is lent, and computed with it, against the weights by hand."""
    with outside_inference():
        by_hand = {name: value.clone() for name, value in case.by_hand.items()}
        expected = run(module("trainer.model.weights").MappingSource(by_hand), CPU)
        with module("nodes.host.weights.borrowing").borrow_model(case.model, 10**8) as source:
            if case.room_bytes is not None:
                stream(case.model, case.room_bytes)
            loaded = snapshot(inner)
            lent = [lent_difference(source, name, by_hand[name], case) for name in by_hand]
            ours = run(source, case.device)
            assembled = [assembled_differs(source, name, case) for name in source.shapes]
            stayed = snapshot(inner)
            found_shapes = dict(source.shapes)
    on_demand = getattr(case.model.model, "dynamic_vbars", {}).values()
    layers = [part for part in inner.modules() if hasattr(part, "weight_function")]
    return {
        "computed": ours[0],
        "stored_as": sorted({str(value.dtype) for value in loaded.values()}),
        "weight_functions": sum(len(layer.weight_function) for layer in layers),
        "own_casts": case.own_casts + sum(hasattr(layer, "_v") for layer in layers),
        "lent": max(lent),
        "velocity": relative(ours[0], expected[0]),
        "gradient": relative(ours[1], expected[1]),
        "same_shapes": found_shapes == shapes,
        "unchanged": is_same(loaded, stayed),
        "still_pinned": sum(len(memory.pinned) for memory in on_demand),
        "stored": assembled.count(False),
        "stored_differ": assembled.count(True),
        "matrices": sum(len(shape) > 1 for shape in shapes.values()),
    }


def stream(model: Any, room_bytes: int) -> None:
    """Load again with little room: patches of what does not fit then run with every cast."""
    with torch.inference_mode():
        model.unpatch_model(CPU)
        model.load(CPU, lowvram_model_memory=room_bytes)


def has_gradient(parameter: torch.Tensor) -> bool:
    return parameter.grad is not None


def snapshot(inner: torch.nn.Module) -> Weights:
    """Copies of all parameters as they are stored, quantized numbers apart from their scales."""
    return {
        name: getattr(value, "_qdata", value).as_subclass(torch.Tensor).detach().clone()
        for name, value in inner.named_parameters()
    }


def is_same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(in_bytes(one[name]), in_bytes(other[name])) for name in one
    )


def in_bytes(value: torch.Tensor) -> torch.Tensor:
    return value.reshape(-1).view(torch.uint8)


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def lent_difference(source: Any, name: str, wanted: torch.Tensor, case: Case) -> float:
    """Largest difference of one weight over its largest number; infinite for a wrong form."""
    found = source.weight(name, torch.float32, case.device)
    if found.dtype != torch.float32 or found.shape != wanted.shape or found.requires_grad:
        return float("inf")
    return float((found - wanted).abs().max() / wanted.abs().max())


def assembled_differs(source: Any, name: str, case: Case) -> bool | None:
    """Whether copies of the stored tensors give other bits than the source; None for no copies."""
    stored = source.stored(name)
    if stored is None:
        return None
    differs = False
    for dtype in (torch.float32, torch.bfloat16):
        copies = tuple(part.clone() for part in stored.parts)
        kept = [part.clone() for part in copies]
        made = stored.assemble(copies, dtype)
        lent = source.weight(name, dtype, case.device)
        differs |= made.dtype != dtype or not torch.equal(in_bytes(made), in_bytes(lent))
        differs |= not all(map(torch.equal, map(in_bytes, copies), map(in_bytes, kept)))
    return differs


def batch() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    return {
        "latents": torch.randn(1, 16, 1, 12, 8, generator=generator),
        "text": torch.randn(1, 6, forward_check.TEXT_WIDTH, generator=generator),
        "pooled": torch.randn(1, 768, generator=generator),
    }


def run(source: Any, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Our velocity in fp32, and the gradients of a LoRA, joined."""
    forward, lora = module("trainer.model.hunyuan_video"), module("trainer.model.lora")
    velocity = forward.HunyuanVideo(
        forward.HunyuanVideoConfig.from_shapes(source.shapes), source, torch.float32, device
    )
    network = lora.LoraNetwork(lora.select_targets(source.shapes), rank=2, alpha=2.0, seed=1)
    given = batch()
    predicted = velocity.velocity(
        given["latents"], torch.tensor([500.0]), given["text"], None, given["pooled"],
        torch.tensor([1.0]), network,
    )  # fmt: skip
    predicted.square().mean().backward()
    return predicted.detach(), torch.cat([p.grad.flatten() for p in network.parameters()])


def by_comfyui(inner: Any, case: Case) -> torch.Tensor:
    """ComfyUI's own forward of the same model on inputs of the dtype that it computes in."""
    given = {name: value.to(case.compute) for name, value in batch().items()}
    with forward_on_the_card() if case.device == CARD else nullcontext():
        made = inner(
            given["latents"], torch.tensor([500.0]), given["text"], y=given["pooled"],
            guidance=torch.tensor([1.0], dtype=case.compute),
        )  # fmt: skip
    return made.float()


def main() -> None:
    """Print one JSON object: the differences of every kind, None for one ComfyUI lacks."""
    found: dict[str, Any] = {}
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        builder = Builder(Path(folder))
        shapes = {name: tuple(value.shape) for name, value in builder.plain.items()}
        for name, build in builder.kinds().items():
            case = build()
            found[name] = None if case is None else measure(case, shapes)
    print(json.dumps(found))


main()
