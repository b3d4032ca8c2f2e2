"""Previews by ComfyUI's own sampler and its own LoRA loading.

Nothing of the trainer's forward pass is used here, so a preview shows what every other user of
the saved file will get.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import comfy.lora
import comfy.lora_convert
import comfy.model_management
import comfy.sample
import comfy.samplers
import comfy.sd
import comfy.utils
import torch

from ...trainer.errors import ConfigError, ExportError
from .encoders import escape_weights


@dataclass(frozen=True)
class SampleSettings:
    """One preview: size in pixels, frames (4n + 1), sampler steps, guidance, seed, sampler.

    Raises:
        ConfigError: HunyuanVideo makes no clips of that length or size.
    """

    width_px: int
    height_px: int
    frames: int
    steps: int
    guidance: float
    seed: int
    sampler: str = "euler"
    scheduler: str = "simple"

    def __post_init__(self) -> None:
        if self.frames % 4 != 1:
            lower = max(1, (self.frames - 1) // 4 * 4 + 1)
            raise ConfigError(
                f"'frames' is {self.frames}, but a clip has 4n + 1 frames. "
                f"Use {lower} or {lower + 4}."
            )
        for name, side in (("width", self.width_px), ("height", self.height_px)):
            if side % 16 or side < 16:
                raise ConfigError(
                    f"'{name}' is {side}, but sides are multiples of 16 pixels. "
                    f"Use {max(1, round(side / 16)) * 16}."
                )


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
    model: object,
    conditioning: list[object],
    settings: SampleSettings,
    on_step: Callable[[int, int], object] | None = None,
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
        comfy.model_management.throw_exception_if_processing_interrupted()
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


def encode_prompts(clip: object, prompts: Sequence[str]) -> list[list[object]]:
    """CONDITIONING of each prompt, in main memory, so that the text encoders may be unloaded."""
    return [_on_cpu(encode_prompt(clip, prompt)) for prompt in prompts]


def _on_cpu(value: object) -> object:
    if torch.is_tensor(value):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(part) for key, part in value.items()}
    return [_on_cpu(part) for part in value] if isinstance(value, (list, tuple)) else value


def decode_frames(vae: object, latents: torch.Tensor) -> torch.Tensor:
    """Pixels float32 [F, H, W, 3] in 0..1 of raw latents [1, 16, F', h, w]."""
    images = vae.decode(latents)
    return images.reshape(-1, *images.shape[-3:]).float().cpu().clamp(0.0, 1.0)


def has_fast_view(model: object) -> bool:
    """Whether ComfyUI knows how to show this model's latents without a VAE."""
    return model.get_model_object("latent_format").latent_rgb_factors is not None


def view_latents(model: object, latents: torch.Tensor, settings: SampleSettings) -> torch.Tensor:
    """A blurred view of raw latents without a VAE: float32 [F', H, W, 3] in 0..1.

    Colours come from ComfyUI's own factors for the model's latents, one frame for each latent
    frame (4 frames of the clip).
    """
    latent_format = model.get_model_object("latent_format")
    scaled = latent_format.process_in(latents.float().cpu())
    factors = torch.tensor(latent_format.latent_rgb_factors)
    colours = torch.einsum("cfhw,cr->frhw", scaled[0], factors)
    if latent_format.latent_rgb_factors_bias is not None:
        colours += torch.tensor(latent_format.latent_rgb_factors_bias)[:, None, None]
    size = (settings.height_px, settings.width_px)
    large = torch.nn.functional.interpolate(colours, size, mode="bicubic", antialias=True)
    return ((large.movedim(1, -1) + 1.0) / 2.0).clamp(0.0, 1.0)


def sampler_names() -> list[str]:
    """Samplers this ComfyUI offers."""
    return list(comfy.samplers.KSampler.SAMPLERS)


def scheduler_names() -> list[str]:
    """Noise schedules this ComfyUI offers."""
    return list(comfy.samplers.KSampler.SCHEDULERS)
