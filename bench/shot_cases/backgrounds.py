"""What stands behind the drawn figures, and what is done to the finished picture."""

from __future__ import annotations

import io
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

BACKGROUNDS = ("plain", "gradient", "shadow", "JPEG", "noise", "texture", "scene", "alpha")
Floats = NDArray[np.float64]


def make_background(kind: str, size: tuple[int, int], draw: random.Random) -> Image.Image:
    """One of `BACKGROUNDS`, RGB."""
    width, height = size
    base = _plain_colour(draw)
    if kind == "texture":
        return _texture(size, draw)
    if kind == "scene":
        return _scene(size, draw)
    pixels = np.broadcast_to(base, (height, width, 3)).astype(np.float64)
    if kind in ("gradient", "shadow"):
        y, x = np.mgrid[0.0 : 1.0 : complex(0, height), 0.0 : 1.0 : complex(0, width)]
        tilt = draw.uniform(-0.4, 0.4)
        slope = draw.uniform(30, 60) * (1 if base.mean() > 128 else -1)
        bend = draw.uniform(-15, 15) * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2
        pixels = pixels - (slope * (y + tilt * x) + bend)[..., None]
    return _picture(pixels)


def finish(kind: str, image: Image.Image, mask: Image.Image, draw: random.Random) -> Image.Image:
    """Lay shadow or noise on the picture, store it as JPEG, or make its background see-through."""
    if kind == "shadow":
        image = _with_shadow(image, mask, draw)
    if kind == "noise":
        noise = np.random.default_rng(draw.randrange(10**6)).normal(0, 12, (*mask.size[::-1], 3))
        image = _picture(np.asarray(image, dtype=np.float64) + noise)
    if kind in ("JPEG", "shadow", "gradient", "scene"):
        stored = io.BytesIO()
        image.save(stored, "JPEG", quality=60 if kind == "JPEG" else 88)
        image = Image.open(stored).convert("RGB")
    if kind == "alpha":
        image = image.convert("RGBA")
        image.putalpha(mask)
    return image


def _plain_colour(draw: random.Random) -> Floats:
    if draw.random() < 0.5:
        return np.full(3, draw.uniform(225, 255)) + np.array([draw.uniform(-4, 4) for _ in "rgb"])
    return np.array([draw.uniform(20, 235) for _ in "rgb"])


def _picture(pixels: Floats) -> Image.Image:
    return Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8))


def _with_shadow(image: Image.Image, mask: Image.Image, draw: random.Random) -> Image.Image:
    """Darken softly what lies beside the figure's feet, as a shadow on the ground."""
    box = mask.getbbox() or (0, 0, 1, 1)
    width, height = box[2] - box[0], box[3] - box[1]
    x = (box[0] + box[2]) / 2 + draw.uniform(-0.2, 0.2) * width
    shade = Image.new("L", image.size)
    half = (0.6 * width, 0.04 * height + 4)
    ImageDraw.Draw(shade).ellipse(
        (x - half[0], box[3] - 1.5 * half[1], x + half[0], box[3] + 0.5 * half[1]), fill=255
    )
    shade = shade.filter(ImageFilter.GaussianBlur(0.02 * max(image.size)))
    weight = np.asarray(shade, dtype=np.float64) / 255 * draw.uniform(0.15, 0.35)
    weight *= 1 - np.asarray(mask, dtype=np.float64) / 255
    return _picture(np.asarray(image, dtype=np.float64) * (1 - weight[..., None]))


def _texture(size: tuple[int, int], draw: random.Random) -> Image.Image:
    """Wallpaper, wood or plaster: one colour, changed by noise of several sizes or by stripes."""
    width, height = size
    numbers = np.random.default_rng(draw.randrange(10**6))
    tone = np.zeros((height, width))
    for cells in (8, 20, 60):
        noise = Image.fromarray(numbers.uniform(-1, 1, (cells, cells)).astype(np.float32))
        tone += np.asarray(noise.resize(size, Image.Resampling.BICUBIC)) * draw.uniform(3, 14)
    if draw.random() < 0.5:
        y, x = np.mgrid[0:height, 0:width]
        period, slant = draw.uniform(8, 40), draw.uniform(-1, 1)
        tone += draw.uniform(6, 22) * np.sign(np.sin(2 * np.pi * (x + slant * y) / period))
    return _picture(np.array([draw.uniform(60, 220) for _ in "rgb"]) + tone[..., None])


def _scene(size: tuple[int, int], draw: random.Random) -> Image.Image:
    """A blurred room: wall, floor and things of other colours."""
    width, height = size
    image = Image.new("RGB", size, tuple(draw.randint(60, 230) for _ in "rgb"))
    paint = ImageDraw.Draw(image)
    horizon = draw.uniform(0.55, 0.85) * height
    paint.rectangle((0, horizon, width, height), fill=tuple(draw.randint(50, 200) for _ in "rgb"))
    for _ in range(draw.randint(3, 7)):
        x, y = draw.uniform(-0.1, 1) * width, draw.uniform(-0.1, 0.9) * height
        far = (x + draw.uniform(0.08, 0.35) * width, y + draw.uniform(0.08, 0.35) * height)
        colour = tuple(draw.randint(30, 235) for _ in "rgb")
        (paint.rectangle if draw.random() < 0.6 else paint.ellipse)((x, y, *far), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(draw.uniform(2, 6)))
