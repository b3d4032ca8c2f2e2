"""Previews by ComfyUI's own sampler and its own LoRA loading.

Nothing of the trainer's forward pass is used here, so a preview shows what every other user of
the saved file will get.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import comfy.lora
import comfy.lora_convert
import comfy.sample
import comfy.samplers
import comfy.sd
import comfy.utils
import torch

from ...trainer.errors import ExportError
from .encoders import escape_weights


@dataclass(frozen=True)
class SampleSettings:
    """One preview: size in pixels, frames (4n + 1), sampler steps, guidance, seed, sampler."""

    width_px: int
    height_px: int
    frames: int
    steps: int
    guidance: float
    seed: int
    sampler: str = "euler"
    scheduler: str = "simple"


@dataclass(frozen=True)
class KeyReport:
    """How many of a LoRA's modules ComfyUI's stock loader found a place for."""

    total: int
    loaded: int
    missing: tuple[str, ...]


def read_lora(path: Path) -> dict[str, torch.Tensor]:
    """Read a LoRA file as ComfyUI does.

    Raises:
        ExportError: The file is missing, damaged or not a safetensors file.
    """
    if path.suffix != ".safetensors":
        raise ExportError(f"'{path.name}' is not a .safetensors file. Choose one that is.")
    try:
        return comfy.utils.load_torch_file(str(path), safe_load=True)
    except Exception as error:
        raise ExportError(
            f"The LoRA '{path}' cannot be read: {error}. Choose another checkpoint."
        ) from error


def apply_lora(model: object, lora: Mapping[str, torch.Tensor], strength: float) -> object:
    """A MODEL with the LoRA patched in by ComfyUI's own loader; `model` itself is unchanged."""
    patched, _ = comfy.sd.load_lora_for_models(model, None, dict(lora), strength, 0.0)
    return patched


def check_keys(model: object, lora: Mapping[str, torch.Tensor]) -> KeyReport:
    """Compare a LoRA's modules with the key map of ComfyUI's stock loader for this MODEL."""
    key_map = comfy.lora.model_lora_keys_unet(model.model, {})
    converted = comfy.lora_convert.convert_lora(dict(lora))
    loaded = comfy.lora.load_lora(converted, key_map, log_missing=False)
    modules = {name.rsplit(".lora_", 1)[0] for name in converted if ".lora_" in name}
    missing = tuple(sorted(name for name in modules if name not in key_map))
    return KeyReport(total=len(modules), loaded=len(loaded), missing=missing)


def sample_latents(
    model: object, conditioning: list[object], settings: SampleSettings, on_step: object = None
) -> torch.Tensor:
    """Sample raw latents float32 [1, 16, F', H/8, W/8] with ComfyUI's KSampler, without CFG."""
    latent_frames = (settings.frames - 1) // 4 + 1
    shape = (1, 16, latent_frames, settings.height_px // 8, settings.width_px // 8)
    empty = torch.zeros(shape, device="cpu")
    empty = comfy.sample.fix_empty_latent_channels(model, empty)
    # A seeded draw of our own keeps the global random state of the session untouched.
    generator = torch.Generator("cpu").manual_seed(settings.seed)
    noise = torch.randn(shape, generator=generator)
    guided = [[entry[0], {**entry[1], "guidance": settings.guidance}] for entry in conditioning]

    def callback(step: int, _denoised: object, _x: object, total: int) -> None:
        if on_step is not None:
            on_step(step + 1, total)

    return comfy.sample.sample(
        model,
        noise,
        settings.steps,
        1.0,
        settings.sampler,
        settings.scheduler,
        guided,
        guided,
        empty,
        callback=callback,
        disable_pbar=True,
        seed=settings.seed,
    )


def encode_prompt(clip: object, prompt: str) -> list[object]:
    """CONDITIONING of a prompt, read as text (brackets are not weights)."""
    return clip.encode_from_tokens_scheduled(clip.tokenize(escape_weights(prompt)))


def decode_frames(vae: object, latents: torch.Tensor) -> torch.Tensor:
    """Pixels float32 [F, H, W, 3] in 0..1 of raw latents [1, 16, F', h, w]."""
    images = vae.decode(latents)
    return images.reshape(-1, *images.shape[-3:]).float().cpu().clamp(0.0, 1.0)


def sampler_names() -> list[str]:
    """Samplers this ComfyUI offers."""
    return list(comfy.samplers.KSampler.SAMPLERS)


def scheduler_names() -> list[str]:
    """Noise schedules this ComfyUI offers."""
    return list(comfy.samplers.KSampler.SCHEDULERS)
