"""Training data of the demo diffusion model: latents and text features of drawn scenes.

    python dit_data.py --comfyui PATH --out DIR --part text
    python dit_data.py --comfyui PATH --out DIR --part latents   (needs DIR/vae.safetensors)

A scene is known by its index alone, so the two parts can be made in either order.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from parts.host import import_demo_models, use_comfyui
from parts.scenes import draw_scene
from parts.stored import restore, store
from torch import Tensor

SIZES = {
    (128, 128): 0.34,
    (96, 160): 0.34,
    (160, 96): 0.08,
    (144, 256): 0.12,
    (192, 192): 0.09,
    (256, 256): 0.03,
}
FIRST_SEED = 1_000_000


def scene_size(index: int) -> tuple[int, int]:
    """Give every scene its size, in fixed shares."""
    place = (index * 0.6180339887) % 1.0
    for size, share in SIZES.items():
        place -= share
        if place < 0:
            return size
    return (128, 128)


@torch.inference_mode()
def text_features(out: Path, count: int) -> None:
    """Encode the captions of `count` scenes and save them to `text.safetensors`."""
    clip = import_demo_models().build_demo_clip()
    texts, pooled, known = [], [], {}
    for index in range(count):
        _, caption = draw_scene(FIRST_SEED + index, scene_size(index), scale=1)
        if caption not in known:
            made = clip.encode_from_tokens_scheduled(clip.tokenize(caption))
            known[caption] = (
                made[0][0][0].half().clone(),
                made[0][1]["pooled_output"][0].half().clone(),
            )
        texts.append(known[caption][0])
        pooled.append(known[caption][1])
        if index % 1000 == 0:
            print("text", index, len(known), flush=True)
    store(out / "text.safetensors", {"texts": texts, "pooled": torch.stack(pooled)})


@torch.no_grad()
def latents(out: Path, count: int) -> None:
    """Encode `count` scenes with the frozen encoder and save them to `latents.safetensors`."""
    from parts.pictures_stream import to_tensor
    from parts.vae_stills import build_vae, encode_stills

    vae = build_vae()
    vae.load_state_dict(restore(out / "vae.safetensors"))
    made: list[Tensor] = []
    for index in range(count):
        image, _ = draw_scene(FIRST_SEED + index, scene_size(index))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made.append(encode_stills(vae, to_tensor(image)[None])[0].half())
        if index % 1000 == 0:
            print("latents", index, flush=True)
    flat = torch.cat([z.float().flatten(1) for z in made[:3000]], dim=1)
    mean, spread = flat.mean(dim=1), flat.std(dim=1)
    print("mean", mean, "spread", spread, "overall", (flat - mean[:, None]).square().mean().sqrt())
    store(out / "latents.safetensors", {"latents": made, "mean": mean, "spread": spread})


def main() -> None:
    """Make the part that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", choices=("text", "latents"), required=True)
    parser.add_argument("--count", type=int, default=10000)
    args = parser.parse_args()
    use_comfyui(args.comfyui)
    started = time.time()
    (text_features if args.part == "text" else latents)(args.out, args.count)
    print(f"{args.part} took {time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
