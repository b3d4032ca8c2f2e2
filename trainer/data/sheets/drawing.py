"""Colours, fonts and text for the sheets that show pictures to a person."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PAPER: Colour = (27, 28, 32)
PANEL: Colour = (40, 42, 48)
INK: Colour = (236, 237, 240)
FAINT: Colour = (160, 163, 172)
WARNING: Colour = (255, 184, 92)
FAULT: Colour = (255, 107, 107)

# Told apart by people with red-green blindness too, and by brightness on dark paper.
# Source: Okabe and Ito, "Color Universal Design", 2008, without black and brightened.
_MARKS: tuple[Colour, ...] = (
    (86, 180, 233),
    (240, 178, 40),
    (30, 190, 145),
    (235, 120, 60),
    (222, 140, 190),
    (240, 228, 66),
    (90, 140, 235),
)


@lru_cache(maxsize=16)
def font(size_px: int) -> Font:
    """Pillow's own font at a size in pixels."""
    return ImageFont.load_default(size=size_px)


def mark_colour(number: int) -> Colour:
    """Colour number 0, 1, 2, ...; they repeat after 7."""
    return _MARKS[number % len(_MARKS)]


def text_width(text: str, size_px: int) -> float:
    """Width of one line in pixels."""
    return font(size_px).getlength(text)


def legible(text: str) -> str:
    """Replace what Pillow's font cannot draw: accents go, letters it lacks become "?"."""
    letters = unicodedata.normalize("NFKD", text)
    kept = (letter for letter in letters if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in kept)


def shortened(text: str, width_px: float, size_px: int) -> str:
    """Cut the middle out of a line that is too wide, so that a file's ending stays visible."""
    text = legible(text)
    if text_width(text, size_px) <= width_px:
        return text
    for kept in range(len(text) - 1, 1, -1):
        head = (kept + 1) // 2
        shorter = f"{text[:head]}...{text[len(text) - (kept - head) :]}"
        if text_width(shorter, size_px) <= width_px:
            return shorter
    return "..."


def wrapped(text: str, width_px: float, size_px: int) -> list[str]:
    """Break a text into lines of at most a width; a single wider word is shortened."""
    lines: list[str] = []
    line = ""
    for word in legible(text).split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size_px) > width_px:
            lines.append(line)
            longer = word
        line = shortened(longer, width_px, size_px)
    return [*lines, line] if line else lines


def on_checks(image: Image.Image, square_px: int = 8) -> Image.Image:
    """Show a see-through picture on grey squares, RGB."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    board = Image.new("RGBA", image.size, (205, 205, 205, 255))
    draw = ImageDraw.Draw(board)
    for top in range(0, image.height, square_px):
        for left in range(top // square_px % 2 * square_px, image.width, 2 * square_px):
            draw.rectangle(
                (left, top, left + square_px - 1, top + square_px - 1), fill=(245, 245, 245, 255)
            )
    return Image.alpha_composite(board, image).convert("RGB")


def stacked(parts: Sequence[Image.Image], width_px: int, gap_px: int) -> Image.Image:
    """Put parts below each other on a sheet, with a gap between them and around them all.

    Args:
        parts: From top to bottom, each at most as wide as the sheet without its gaps.
        width_px: Width of the sheet.
        gap_px: Width of the gaps.
    """
    height = sum(part.height for part in parts) + gap_px * (len(parts) + 1)
    sheet = Image.new("RGB", (width_px, height), PAPER)
    top = gap_px
    for part in parts:
        sheet.paste(part, (gap_px, top))
        top += part.height + gap_px
    return sheet


def scaled_to(image: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """Resize a picture to the largest size that fits in a rectangle, keeping its shape."""
    scale = min(width_px / image.width, height_px / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
