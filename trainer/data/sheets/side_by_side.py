"""Pictures set beside each other under a label each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont


def draw_side_by_side(
    images: Sequence[npt.NDArray[np.float32]], labels: Sequence[str], gap_px: int = 8
) -> Image.Image:
    """Draw pictures of equal height in a row, each with its label above.

    Args:
        images: float32 [H, W, 3] in 0..1 each.
        labels: One line for each picture; shortened when wider than its picture.
        gap_px: Space between the pictures and around them, in pixels.
    """
    height = max(image.shape[0] for image in images)
    font_px = max(12, min(28, height // 20))
    font = ImageFont.load_default(size=font_px)
    strip_px = font_px + 2 * gap_px
    width = sum(image.shape[1] for image in images) + gap_px * (len(images) + 1)
    sheet = Image.new("RGB", (width, height + strip_px + gap_px), (32, 32, 36))
    draw = ImageDraw.Draw(sheet)
    left = gap_px
    for image, label in zip(images, labels, strict=True):
        pixels = (np.clip(image, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
        sheet.paste(Image.fromarray(pixels), (left, strip_px))
        draw.text(
            (left, gap_px), _shorten(draw, label, font, image.shape[1]), (235, 235, 235), font
        )
        left += image.shape[1] + gap_px
    return sheet


def _shorten(
    draw: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    width_px: int,
) -> str:
    if draw.textlength(text, font) <= width_px:
        return text
    while text and draw.textlength(text + "…", font) > width_px:
        text = text[:-1]
    return text + "…"
