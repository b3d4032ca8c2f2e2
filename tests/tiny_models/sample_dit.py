"""Sample the demo diffusion model with ComfyUI's own sampler and draw a labelled sheet.

python sample_dit.py --comfyui PATH --out DIR
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

import numpy as np
import torch
from parts.host import import_demo_models, use_comfyui
from PIL import Image, ImageDraw

STEPS = 20
PROMPTS = (
    ("The 1:1 image shows a large red circle in the middle on a white background.", (128, 128)),
    ("The 1:1 image shows a small blue star on the left on a yellow background.", (128, 128)),
    ("The 1:1 image shows a large green triangle in the middle on a pink background.", (128, 128)),
    ("The 1:1 image shows a yellow car on green grass under a blue sky.", (128, 128)),
    ("The 1:1 image shows a blue house on green grass under a dark sky.", (128, 128)),
    ("The 1:1 image shows a red tree on green grass under an orange sky.", (128, 128)),
    ("The 1:1 image shows a photo of a cat.", (128, 128)),
    ("The 1:1 image shows a portrait photo of a woman astronaut.", (128, 128)),
    (
        "The 1:1 from behind image shows a man with white hair and a red shirt, headshot, on a "
        "grey background.",
        (128, 128),
    ),
    ("", (128, 128)),
    (
        "The 9:16 front view image shows a woman with red hair and a blue dress, full body, on a "
        "white background.",
        (144, 256),
    ),
    (
        "The 9:16 from behind image shows a woman with blonde hair and a red dress, full body, on "
        "green grass under a blue sky.",
        (144, 256),
    ),
    (
        "The 9:16 front view image shows a man with black hair and a green shirt, full body, on a "
        "yellow background.",
        (144, 256),
    ),
    (
        "The 3:4 front view image shows a woman with brown hair and an orange dress, headshot, on "
        "a blue background.",
        (192, 256),
    ),
    ("The 9:16 image shows a photo of a rocket at night.", (144, 256)),
)


@torch.inference_mode()
def sample(
    demo: object, prompt: str, size: tuple[int, int], seed: int, guidance: float = 6.0
) -> np.ndarray:
    """Sample one picture as (height, width, 3) in 0 to 1, as the demo's preview does."""
    import comfy.sample

    tokens = demo.clip.tokenize(prompt)
    cond = demo.clip.encode_from_tokens_scheduled(tokens, add_dict={"guidance": guidance})
    empty = torch.zeros(1, 16, 1, size[1] // 8, size[0] // 8)
    noise = comfy.sample.prepare_noise(empty, seed)
    latent = comfy.sample.sample(
        demo.model,
        noise,
        STEPS,
        1.0,
        "euler",
        "simple",
        cond,
        cond,
        empty,
        disable_pbar=True,
        seed=seed,
    )
    return demo.vae.decode(latent).reshape(size[1], size[0], 3).clamp(0, 1).float().numpy()


def main() -> None:
    """Draw `samples.png`: two seeds for every prompt."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    use_comfyui(args.comfyui)
    with torch.inference_mode():
        demo = import_demo_models().load_demo_models()
    width, columns, label_height = 2 * 196, 5, 48
    rows = [PROMPTS[first : first + columns] for first in range(0, len(PROMPTS), columns)]
    heights = [max(size[1] for _, size in row) for row in rows]
    high = sum(heights) + label_height * len(rows)
    sheet = Image.new("RGB", (width * columns, high), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (prompt, size) in enumerate(PROMPTS):
        row, left = index // columns, index % columns * width
        top = sum(heights[:row]) + label_height * row
        for seed in (0, 1):
            pixels = sample(demo, prompt, size, seed + 10 * index)
            image = Image.fromarray((pixels * 255).round().astype(np.uint8))
            sheet.paste(image, (left + seed * (size[0] + 4), top))
        label = "\n".join(textwrap.wrap(prompt or "(empty prompt)", 60))
        draw.multiline_text((left + 2, top + heights[row] + 2), label, fill="black")
    sheet.save(args.out / "samples.png", optimize=True)


if __name__ == "__main__":
    main()
