"""Borrows the demo MODEL, trains on it, breaks the training on purpose; prints what changed."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from tests.host import pack

pack.load()
import comfy.model_management  # noqa: E402
import comfy.sd  # noqa: E402
import torch  # noqa: E402


def module(name: str) -> Any:
    return import_module(f"{pack.NAME}.{name}")


def snapshot(model: Any) -> dict[str, Any]:
    """Everything of a MODEL that a trainer might leave changed."""
    inner = model.model
    return {
        "weights": {name: value.clone() for name, value in inner.state_dict().items()},
        "attributes": {
            name: sorted(part.__dict__) for name, part in inner.named_modules()
        },
        "hooks": {
            name: [len(part._forward_hooks), len(part._forward_pre_hooks),
                   len(part._backward_hooks), len(part._backward_pre_hooks)]
            for name, part in inner.named_modules()
        },
        "grads": [name for name, value in inner.named_parameters() if value.grad is not None],
        "requires_grad": {name: value.requires_grad for name, value in inner.named_parameters()},
        "training": {name: part.training for name, part in inner.named_modules()},
        "patches": sorted(map(str, model.patches)),
        "options": sorted(model.model_options),
        "object_patches": sorted(model.object_patches),
        "injections": sorted(map(str, getattr(model, "injections", {}))),
        "in_training": getattr(comfy.model_management, "in_training", None),
        "grad_enabled": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "random_state": torch.get_rng_state().clone(),
    }  # fmt: skip


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of what differs; weights bit for bit."""
    found = []
    for key, value in before.items():
        other = after[key]
        if key == "weights":
            same = value.keys() == other.keys() and all(
                torch.equal(value[name], other[name]) for name in value
            )
        elif torch.is_tensor(value):
            same = torch.equal(value, other)
        else:
            same = value == other
        if not same:
            found.append(key)
    return found


class BrokenError(Exception):
    """Raised in the middle of a step on purpose."""


def train_steps(model: Any, count: int, *, break_after: int | None = None) -> list[float]:
    """A few LoRA steps on random latents, straight on the borrowed weights."""
    weights, forward = module("nodes.host.weights.borrowing"), module("trainer.model.hunyuan_video")
    lora_module = module("trainer.model.lora")
    losses = []
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        weights.borrow_model(model, 10**8) as source,
    ):
        config = forward.HunyuanVideoConfig.from_shapes(source.shapes)
        velocity = forward.HunyuanVideo(config, source, torch.float32)
        network = lora_module.LoraNetwork(
            lora_module.select_targets(source.shapes), rank=4, alpha=4.0, seed=1
        )
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
        generator = torch.Generator().manual_seed(0)
        latents = torch.randn(1, 16, 1, 8, 8, generator=generator)
        text = torch.randn(1, 5, config.text_width, generator=generator)
        pooled = torch.randn(1, 768, generator=generator)
        for step in range(count):
            optimizer.zero_grad()
            predicted = velocity.velocity(
                latents, torch.tensor([600.0]), text, None, pooled, torch.tensor([1.0]), network
            )
            loss = predicted.square().mean()
            if break_after == step:
                raise BrokenError
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def unchanged_after(model: Any, action: Any) -> list[str]:
    """What an action, which may fail, leaves changed."""
    before = snapshot(model)
    try:
        action()
    except BrokenError:
        pass
    return changed(before, snapshot(model))


def patched_difference(model: Any) -> float:
    """Weights lent by a MODEL with a LoRA patch against the patch worked out by hand."""
    weights = module("nodes.host.weights.borrowing")
    name = "double_blocks.0.img_attn.qkv"
    generator = torch.Generator().manual_seed(3)
    plain = model.model.diffusion_model.get_submodule(name).weight.detach().clone()
    up = torch.randn(plain.shape[0], 2, generator=generator)
    down = torch.randn(2, plain.shape[1], generator=generator)
    lora = {
        f"diffusion_model.{name}.lora_up.weight": up,
        f"diffusion_model.{name}.lora_down.weight": down,
    }
    patched, _ = comfy.sd.load_lora_for_models(model, None, lora, 0.5, 0.0)
    with weights.borrow_model(patched, 10**8) as source:
        lent = source.weight(f"{name}.weight", torch.float32, torch.device("cpu")).clone()
    comfy.model_management.load_models_gpu([model])
    restored = model.model.diffusion_model.get_submodule(name).weight
    assert torch.equal(restored, plain)
    return float((lent - (plain + 0.5 * up @ down)).abs().max())


def main() -> None:
    """Print one JSON object."""
    with torch.inference_mode():
        demo = module("nodes.host.demo_models").load_demo_models()
        model = demo.model
        comfy.model_management.load_models_gpu([model])
        result = {
            "after_training": unchanged_after(model, lambda: train_steps(model, 3)),
            "after_breaking": unchanged_after(model, lambda: train_steps(model, 3, break_after=1)),
            "losses": train_steps(model, 3),
            "patched_difference": patched_difference(model),
            "is_inference": all(value.is_inference() for value in model.model.parameters()),
        }
        encoders = module("nodes.host.encoders")
        vae, clip = encoders.VaeLatentEncoder(demo.vae), encoders.ClipTextEncoder(demo.clip)
        counter = encoders.ClipTokenCounter(demo.clip)
        bracket = clip.encode("a (red) circle").text
        result |= {
            "still_identity": vae.identity_for(1) == vae.identity,
            "clip_identity": vae.identity_for(9),
            "bracket_as_text": float(
                (bracket - clip.encode("a \\(red\\) circle").text).abs().max()
            ),
            "bracket_tokens": bracket.shape[0] - clip.encode("a red circle").text.shape[0],
            "clip_pieces": counter.clip_tokens("alva, a woman, señora"),
            "llama_pieces": counter.llama_tokens("alva, a woman, señora"),
            "captions_apart": float(
                (clip.encode("a red circle").text[1] - clip.encode("a blue circle").text[1]).norm()
            ),
        }
    print(json.dumps(result))


main()
