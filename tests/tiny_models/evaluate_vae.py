"""Measure the demo VAE file on pictures that training never drew, through ComfyUI's own VAE.

    python evaluate_vae.py --comfyui PATH --out DIR

Prints PSNR and SSIM and notes them in figures.json; DIR/reconstructions.png shows originals
above what comes back.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from random import Random

import numpy as np
import torch
from parts.host import import_demo_models, note_figures, use_comfyui
from parts.pictures_stream import clip
from parts.scenes import draw_scene, photograph_crop
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

HELD_OUT_SEED = 2_000_000_000
SIDE = 256


def pictures(kind: str, count: int) -> list[Image.Image]:
    """Draw held-out pictures: "scenes", "photographs" or the demo "character"."""
    if kind == "scenes":
        return [
            draw_scene(HELD_OUT_SEED + i, (SIDE, SIDE), photographs=0.0)[0] for i in range(count)
        ]
    if kind == "photographs":
        rng = Random(HELD_OUT_SEED)
        return [photograph_crop(rng, (SIDE, SIDE), held_out=True)[0] for _ in range(count)]
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))
    from pictures import draw_character

    return [draw_character(view, (144, 256)) for view in ("front", "behind")]


def scores(made: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """Return PSNR in dB and SSIM of a picture with values from 0 to 1."""
    return (
        float(peak_signal_noise_ratio(wanted, made, data_range=1.0)),
        float(structural_similarity(wanted, made, channel_axis=-1, data_range=1.0)),
    )


@torch.inference_mode()
def through(vae: object, frames: Tensor) -> np.ndarray:
    """Encode and decode (frames, height, width, 3) in 0 to 1."""
    made = vae.decode(vae.encode(frames))
    return made.reshape(frames.shape).clamp(0, 1).float().numpy()


def measure(vae: object, kind: str, count: int) -> tuple[dict, list[np.ndarray]]:
    """Score one kind of picture and return pairs to look at."""
    results, pairs = [], []
    for image in pictures(kind, count):
        wanted = np.asarray(image.convert("RGB"), dtype=np.float32) / 255
        made = through(vae, torch.from_numpy(wanted)[None])[0]
        results.append(scores(made, wanted))
        pairs.append(np.concatenate([wanted, made], axis=0))
    psnr, ssim = np.mean(results, axis=0)
    return {
        "psnr": round(float(psnr), 2),
        "ssim": round(float(ssim), 4),
        "pictures": len(results),
    }, pairs


def measure_clips(vae: object, count: int, frames: int = 9) -> dict:
    """Score moving clips frame by frame."""
    rng, results = Random(HELD_OUT_SEED), []
    for _ in range(count):
        wanted = (clip(rng, frames, (96, 96)).permute(1, 2, 3, 0) + 1) / 2
        made = through(vae, wanted)
        results += [scores(m, w) for m, w in zip(made, wanted.numpy(), strict=True)]
    psnr, ssim = np.mean(results, axis=0)
    return {
        "psnr": round(float(psnr), 2),
        "ssim": round(float(ssim), 4),
        "clips": count,
        "frames": frames,
    }


def main() -> None:
    """Measure and write the figures and the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=24)
    args = parser.parse_args()
    use_comfyui(args.comfyui)
    demo = import_demo_models()
    vae = demo.load_demo_vae(demo.MODELS_FOLDER / demo.VAE_FILE)
    figures, sheet = {}, []
    for kind in ("scenes", "photographs", "character"):
        figures[kind], pairs = measure(vae, kind, args.count)
        sheet += pairs[:5]
    figures["clips"] = measure_clips(vae, 8)
    print(json.dumps(figures))
    note_figures("vae_held_out", figures)
    joined = np.concatenate([np.pad(p, ((0, 0), (2, 2), (0, 0))) for p in sheet], axis=1)
    image = Image.fromarray((joined * 255).round().astype(np.uint8))
    image.resize((image.width * 3 // 5, image.height * 3 // 5), Image.LANCZOS).save(
        args.out / "reconstructions.png", optimize=True
    )


if __name__ == "__main__":
    main()
