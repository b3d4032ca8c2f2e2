"""Pictures that nothing was done to, and the known harm that tests do to them."""

from __future__ import annotations

import functools
from io import BytesIO
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from demo.pictures import draw_character
from tests.figures import draw_figure

Grey = NDArray[np.float32]

_DATA = Path(skimage.__file__).parent / "data"
PHOTOGRAPHS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "camera.png",
    "rocket.jpg",
    "motorcycle_left.png",
    "hubble_deep_field.jpg",
    "coins.png",
    "ihc.png",
    "brick.png",
    "grass.png",
    "gravel.png",
)
"""Photographs of scikit-image that are in focus and at least 300 pixels in both directions.

Left out: retina.jpg and cell.png are out of focus, moon.png is damaged by compression, and
clock_motion.png is blurred by motion; the measures say so.
"""
DRAWN = ("alva_front", "alva_behind", "alva_face", "figure", "horse.png", "logo.png")
"""Flat drawings: outlines and plain areas."""
UNTOUCHED = (*PHOTOGRAPHS, *DRAWN)


@functools.cache
def picture(name: str) -> Image.Image:
    """A picture by name, RGB."""
    if name == "figure":
        return draw_figure((540, 960), (145, 45, 395, 915)).convert("RGB")
    if name.startswith("alva"):
        whole = draw_character("behind" if name == "alva_behind" else "front")
        return whole.crop((300, 60, 780, 700)) if name == "alva_face" else whole
    with Image.open(_DATA / name) as image:
        found = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", found.size, "white"), found).convert("RGB")


def grey(image: Image.Image) -> Grey:
    """Brightness as the measures take it."""
    return np.asarray(image.convert("L"), np.float32)


def blurred(image: Image.Image, sigma_px: float) -> Grey:
    """Brightness blurred by a Gaussian and stored with 8 bits."""
    smooth = gaussian_filter(grey(image), sigma_px) if sigma_px else grey(image)
    return np.round(smooth).astype(np.float32)


def enlarged(image: Image.Image, times: float, resample: Image.Resampling) -> Image.Image:
    """A picture enlarged by a usual filter."""
    return image.resize((round(image.width * times), round(image.height * times)), resample)


def compressed(image: Image.Image, quality: int) -> Image.Image:
    """A picture after a JPEG of that quality."""
    stored = BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return Image.open(stored)
