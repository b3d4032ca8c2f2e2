"""Batches of scenes and photographs as tensors, drawn on the fly from seeds."""

from __future__ import annotations

from random import Random

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .scenes import draw_scene, photograph_crop

BATCHES = ((3, (64, 64)), (3, (64, 64)), (3, (64, 64)), (1, (128, 96)), (1, (96, 128)))


def to_tensor(image: Image.Image) -> Tensor:
    """Turn a picture into a (3, height, width) tensor in -1 to 1."""
    pixels = torch.from_numpy(np.array(image.convert("RGB")))
    return pixels.permute(2, 0, 1).float() / 127.5 - 1.0


def _crop(rng: Random, image: Image.Image, size: tuple[int, int]) -> Image.Image:
    left = rng.randint(0, image.width - size[0])
    top = rng.randint(0, image.height - size[1])
    return image.crop((left, top, left + size[0], top + size[1]))


def picture(rng: Random, size: tuple[int, int], photographs: float = 0.4) -> Image.Image:
    """Draw one training picture: a whole scene, a part of one, or a part of a photograph."""
    if rng.random() < photographs:
        wide = int(size[0] * rng.uniform(1.0, 3.5))
        image, _ = photograph_crop(rng, (wide, int(wide * size[1] / size[0])))
    else:
        grow = 1.0 if size[0] * size[1] > 9000 and rng.random() < 0.6 else rng.uniform(1.0, 3.5)
        grown = (int(size[0] * grow), int(size[1] * grow))
        image, _ = draw_scene(rng.randrange(2**31), grown, photographs=0.0)
    image = _crop(rng, image, size)
    return image.transpose(Image.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def still_batch(rng: Random) -> Tensor:
    """Draw a batch of pictures of one of the sizes in `BATCHES`."""
    count, size = rng.choice(BATCHES)
    return torch.stack([to_tensor(picture(rng, size)) for _ in range(count)])


def clip(rng: Random, frames: int, size: tuple[int, int]) -> Tensor:
    """Draw a clip in which the view moves over a larger picture.

    Returns:
        (3, frames, height, width) in -1 to 1.
    """
    large = picture(rng, (int(size[0] * 1.5), int(size[1] * 1.5)))
    room = np.array([large.width - size[0], large.height - size[1]])
    start = room * (rng.random(), rng.random())
    speed = np.array([rng.uniform(-4, 4), rng.uniform(-4, 4)]) * (rng.random() < 0.85)
    views = []
    for frame in range(frames):
        x, y = np.clip(start + speed * frame, 0, room)
        box = (x, y, x + size[0], y + size[1])
        views.append(to_tensor(large.resize(size, Image.BILINEAR, box=box)))
    return torch.stack(views, dim=1)


def patch_basis(seed: int, pictures: int = 400) -> Tensor:
    """Find the 16 patterns that describe 8x8 patches best, strongest first.

    Returns:
        (16, 3, 8, 8). The products with patches have a spread of 1 for the first pattern and
        of the fourth root of its relative strength for the others.
    """
    rng, patches = Random(seed), []
    for _ in range(pictures):
        image = to_tensor(picture(rng, (96, 96)))
        cut = image.unfold(1, 8, 8).unfold(2, 8, 8).permute(1, 2, 0, 3, 4).reshape(-1, 192)
        patches.append(cut)
    patches = torch.cat(patches)
    _, strength, patterns = torch.linalg.svd(patches.T @ patches / len(patches))
    spread = strength[:16].sqrt()
    print(f"the patch code keeps {strength[:16].sum() / strength.sum():.2%} of the energy")
    scale = spread**0.75 * spread[0] ** 0.25
    return (patterns[:16] / scale[:, None]).reshape(16, 3, 8, 8)
