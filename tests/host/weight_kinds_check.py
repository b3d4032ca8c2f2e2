"""Loads the demo model in each number format ComfyUI offers; compares what is lent and computed."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.host import pack

pack.load()
import comfy.sd  # noqa: E402
import torch  # noqa: E402

KINDS = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp8_e4m3fn": torch.float8_e4m3fn,
    "fp8_e5m2": torch.float8_e5m2,
}
CPU = torch.device("cpu")


def module(name: str) -> Any:
    return import_module(f"{pack.NAME}.{name}")


def compare(path: Path, dtype: torch.dtype) -> dict[str, Any]:
    """Differences for the model stored as `dtype`, as UNETLoader's weight_dtype loads it."""
    weights, mapping = module("nodes.host.weights"), module("trainer.model.weights")
    with torch.inference_mode():
        model = comfy.sd.load_diffusion_model(str(path), model_options={"dtype": dtype})
        inner = model.model.diffusion_model
        stored = {weights.canonical_name(k): v for k, v in inner.state_dict().items()}
        with torch.inference_mode(False), torch.enable_grad():
            by_hand = mapping.MappingSource({k: v.float().clone() for k, v in stored.items()})
            with weights.borrow_model(model, 10**8) as source:
                lent = max(
                    float((source.weight(name, torch.float32, CPU) - value.float()).abs().max())
                    for name, value in stored.items()
                )
                ours, gradient = run(source)
                expected, expected_gradient = run(by_hand)
            theirs = by_comfyui(inner, model)
        kept = {weights.canonical_name(k): v for k, v in inner.state_dict().items()}
    return {
        "stored_as": sorted({str(value.dtype) for value in stored.values()}),
        "lent": lent,
        "velocity": float((ours - expected).abs().max()),
        "gradient": float((gradient - expected_gradient).abs().max()),
        "comfyui": float((ours - theirs).norm() / theirs.norm()),
        "unchanged": all(
            torch.equal(stored[name].view(torch.uint8), kept[name].view(torch.uint8))
            for name in stored
        ),
    }


def batch(text_width: int = 128) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    return {
        "latents": torch.randn(1, 16, 1, 12, 8, generator=generator),
        "text": torch.randn(1, 6, text_width, generator=generator),
        "pooled": torch.randn(1, 768, generator=generator),
    }


def run(source: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Our velocity in fp32, and the gradients of a LoRA, joined."""
    forward, lora = module("trainer.model.hunyuan_video"), module("trainer.model.lora")
    velocity = forward.HunyuanVideo(
        forward.HunyuanVideoConfig.from_shapes(source.shapes), source, torch.float32
    )
    network = lora.LoraNetwork(lora.select_targets(source.shapes), rank=2, alpha=2.0, seed=1)
    given = batch()
    predicted = velocity.velocity(
        given["latents"], torch.tensor([500.0]), given["text"], None, given["pooled"],
        torch.tensor([1.0]), network,
    )  # fmt: skip
    predicted.square().mean().backward()
    return predicted.detach(), torch.cat([p.grad.flatten() for p in network.parameters()])


def by_comfyui(inner: Any, model: Any) -> torch.Tensor:
    """ComfyUI's own forward of the same model, in the number format it computes in."""
    dtype = model.model.manual_cast_dtype or model.model.get_dtype()
    given = {name: value.to(dtype) for name, value in batch().items()}
    with torch.no_grad():
        made = inner(
            given["latents"], torch.tensor([500.0]), given["text"], y=given["pooled"],
            guidance=torch.tensor([1.0]),
        )  # fmt: skip
    return made.float()


def main() -> None:
    """Print one JSON object."""
    demo = module("nodes.host.demo_models")
    path = demo.MODELS_FOLDER / demo.DIT_FILE
    print(json.dumps({name: compare(path, dtype) for name, dtype in KINDS.items()}))


main()
