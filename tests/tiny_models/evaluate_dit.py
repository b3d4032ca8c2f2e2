"""Measure the demo diffusion model on scenes it never saw: does it read its captions?

    python evaluate_dit.py --comfyui PATH

Notes in figures.json the flow-matching loss with the right captions, with the captions of other
scenes and with empty ones, on the same scenes, noise and noise levels.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from evaluate_vae import HELD_OUT_SEED
from parts.dit_model import velocity
from parts.host import import_demo_models, note_figures, use_comfyui
from parts.pictures_stream import to_tensor
from parts.scenes import draw_scene
from parts.vae_start import LATENT_SCALE
from torch import Tensor

SIZE = (128, 128)
SIGMAS = (0.3, 0.5, 0.7, 0.85, 0.95)


def captioned_scenes(count: int) -> list[tuple[Tensor, str]]:
    """Draw held-out scenes that have a caption, as (1, height, width, 3) from 0 to 1."""
    found, seed = [], HELD_OUT_SEED
    while len(found) < count:
        image, caption = draw_scene(seed, SIZE, photographs=0.0)
        if caption:
            found.append((((to_tensor(image) + 1) / 2).permute(1, 2, 0)[None], caption))
        seed += 1
    return found


def encode(clip: object, caption: str) -> tuple[Tensor, Tensor]:
    """Return the text features and the pooled features of a caption."""
    made = clip.encode_from_tokens_scheduled(clip.tokenize(caption))
    return made[0][0], made[0][1]["pooled_output"]


def loss(model: object, x0: Tensor, text: Tensor, pooled: Tensor, seed: int) -> list[float]:
    """Return the loss at every noise level of `SIGMAS`, at guidance 1."""
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(seed))
    keep = torch.ones(text.shape[:2], dtype=torch.bool)
    losses = []
    for sigma in SIGMAS:
        made = velocity(
            model,
            (1 - sigma) * x0 + sigma * noise,
            torch.tensor([sigma]),
            text,
            keep,
            pooled,
            torch.tensor([1.0]),
        )
        losses.append(float((made - (noise - x0)).square().mean()))
    return losses


def main() -> None:
    """Measure and note the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--count", type=int, default=48)
    args = parser.parse_args()
    use_comfyui(args.comfyui)
    with torch.inference_mode():
        demo = import_demo_models().load_demo_models()
        scenes = captioned_scenes(args.count)
        latents = [demo.vae.encode(pixels) * LATENT_SCALE for pixels, _ in scenes]
        right = [encode(demo.clip, caption) for _, caption in scenes]
        choices = {
            "right_caption": right,
            "other_caption": right[1:] + right[:1],
            "empty_caption": [encode(demo.clip, "")] * len(scenes),
        }
        figures = {"scenes": len(scenes), "sigmas": SIGMAS}
        for name, texts in choices.items():
            rows = [
                loss(demo.model.model.diffusion_model, x0, *text, seed)
                for seed, (x0, text) in enumerate(zip(latents, texts, strict=True))
            ]
            means = torch.tensor(rows).mean(0)
            figures[name] = {
                "mean": round(float(means.mean()), 4),
                "by_sigma": [round(float(x), 4) for x in means],
            }
    print(json.dumps(figures))
    note_figures("dit_held_out", figures)


if __name__ == "__main__":
    main()
