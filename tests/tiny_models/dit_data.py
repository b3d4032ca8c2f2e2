"""Training data of the demo diffusion model: latents and text features of drawn scenes.

    python dit_data.py --comfyui PATH --out DIR --part text
    python dit_data.py --comfyui PATH --out DIR --part latents

A scene is known by its index alone, so the two parts can be made in either order, and each by
several processes that write a numbered file each.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from pathlib import Path

import torch
from parts.host import import_demo_models, use_comfyui
from parts.scenes import draw_scene, draw_template_scene
from parts.stored import store
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

SIZES = {  # two small ones that are cheap to learn outlines from, then those of the demo graph
    (128, 128): 0.62,
    (96, 160): 0.20,
    (144, 256): 0.06,
    (192, 256): 0.06,
    (256, 256): 0.035,
    (256, 192): 0.025,
}
FIRST_SEED = 1_000_000
TEMPLATES_FROM = 18_000  # scenes from here on are captioned like the demo character


def scene(index: int, scale: int = 2) -> tuple[Image.Image, str]:
    """Draw the scene of an index: sizes in fixed shares, then template scenes in large sizes."""
    if index >= TEMPLATES_FROM:
        sizes = list(SIZES)[-4:]
        return draw_template_scene(FIRST_SEED + index, sizes[index % 4], scale)
    place = (index * 0.6180339887) % 1.0
    for size, share in SIZES.items():
        place -= share
        if place < 0:
            return draw_scene(FIRST_SEED + index, size, scale=scale)
    return draw_scene(FIRST_SEED + index, (128, 128), scale=scale)


@torch.inference_mode()
def text_features(comfyui: Path, indices: range) -> dict[str, object]:
    """Encode the captions of the scenes `indices`; a caption that returns is encoded once."""
    use_comfyui(comfyui)
    clip = import_demo_models().build_demo_clip()
    texts, pooled, known, numbers = [], [], {}, []
    for index in indices:
        _, caption = scene(index, scale=1)
        if caption not in known:
            made = clip.encode_from_tokens_scheduled(clip.tokenize(caption))
            known[caption] = len(texts)
            texts.append(made[0][0][0].half())
            pooled.append(made[0][1]["pooled_output"][0].half())
        numbers.append(known[caption])
    return {"texts": texts, "pooled": torch.stack(pooled), "numbers": torch.tensor(numbers)}


@torch.no_grad()
def latents(comfyui: Path, indices: range) -> dict[str, object]:
    """Encode the scenes `indices` with the VAE as it is shipped."""
    use_comfyui(comfyui)
    from parts.pictures_stream import to_tensor
    from parts.vae_stills import build_vae, encode_stills

    vae = build_vae()
    demo = import_demo_models()
    vae.load_state_dict(load_file(demo.MODELS_FOLDER / demo.VAE_FILE))
    made: list[Tensor] = []
    for index in indices:
        image, _ = scene(index)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made.append(encode_stills(vae, to_tensor(image)[None])[0].half())
    return {"latents": made}


def make_part(job: tuple[str, Path, range, Path]) -> None:
    """Make one process's share of a part and save it."""
    part, comfyui, indices, path = job
    started = time.time()
    make = text_features if part == "text" else latents
    store(path, make(comfyui, indices))
    print(f"{path.name} took {time.time() - started:.0f} s", flush=True)


def main() -> None:
    """Make the part that the command line names, shared among processes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", choices=("text", "latents"), required=True)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    share = -(-args.count // args.processes)
    jobs = []
    for number in range(args.processes):
        indices = range(number * share, min(args.count, (number + 1) * share))
        path = args.out / f"{args.part}_{number:02}.safetensors"
        jobs.append((args.part, args.comfyui, indices, path))
    for old in args.out.glob(f"{args.part}_[0-9][0-9].safetensors"):
        old.unlink()
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        pool.map(make_part, jobs, chunksize=1)


if __name__ == "__main__":
    main()
