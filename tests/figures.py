"""A drawn standing figure whose place is known, for tests of subjects and crops."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw


def draw_figure(
    size: tuple[int, int],
    box: tuple[int, int, int, int],
    background: tuple[int, int, int] = (246, 246, 248),
) -> Image.Image:
    """Draw a figure 7.5 heads tall that fills `box` (left, top, right, bottom), RGBA.

    Head, body, arms that reach the box's sides, and legs; see-through around it when
    `background` has 4 numbers and the last is 0.
    """
    image = Image.new("RGBA", size, background)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = box
    height, middle, width = bottom - top, (left + right) / 2, right - left

    def part(x0: float, row0: float, x1: float, row1: float, colour: str) -> None:
        corners = (x0, top + row0 * height, x1 - 1, top + row1 * height - 1)
        draw.rectangle(corners, fill=colour, outline="#202028", width=2)

    head = height / 7.5
    part(left, 0.19, left + 0.16 * width, 0.5, "#3c5aa0")
    part(right - 0.16 * width, 0.19, right, 0.5, "#3c5aa0")
    part(middle - 0.25 * width, 0.5, middle + 0.25 * width, 1.0, "#323246")
    part(middle - 0.34 * width, 0.17, middle + 0.34 * width, 0.54, "#5a78c8")
    part(middle - 0.05 * width, 0.12, middle + 0.05 * width, 0.18, "#e6be9b")
    draw.ellipse((middle - 0.42 * head, top, middle + 0.42 * head, top + head - 1), fill="#b0603c")
    return image


def add_backdrop(image: Image.Image, *, slope: float, shadow: float, seed: int) -> Image.Image:
    """Darken a picture to one side, lay a soft shadow at its lower middle, and add noise, RGB."""
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    height, width = pixels.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    blot = np.exp(-(((x / width - 0.5) / 0.2) ** 2) - ((y / height - 0.93) / 0.03) ** 2)
    pixels = pixels * (1.0 - shadow * blot)[..., None] - slope * (y / height)[..., None]
    noise = np.random.default_rng(seed).normal(0.0, 2.0, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
