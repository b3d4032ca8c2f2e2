"""Parts of a contact sheet: a picture with its boxes, the crops as tiles, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from PIL import Image, ImageDraw

from ..crops.planning import Crop
from ..crops.rendering import render_crop
from ..pictures.boxes import Box
from ..pictures.buckets import Bucket
from .drawing import (
    FAINT,
    INK,
    PANEL,
    WARNING,
    Colour,
    font,
    on_checks,
    scaled_to,
    shortened,
    text_width,
    wrapped,
)

_PAD = 12
_TEXT = 14
_LINE = 19
_TILE_HEIGHT = 190
_NARROWEST_TILE = 132
_NUMBER = (24, 19)
_NOTES_SHOWN = 14
_SHADE: Colour = (20, 20, 24)


def draw_boxes(
    source: Image.Image,
    crops: Sequence[Crop],
    colours: Mapping[Bucket, Colour],
    room: tuple[int, int],
) -> Image.Image:
    """Draw a picture with the numbered boxes of its crops.

    Args:
        source: The picture, RGB or RGBA.
        crops: Its crops; the first has number 1.
        colours: Colour of each bucket.
        room: Width and height in pixels that the result must fit in.
    """
    shown = on_checks(scaled_to(source, *room))
    scale = shown.width / source.width
    draw = ImageDraw.Draw(shown)
    places = [_corners(crop.box, scale, shown.size) for crop in crops]
    for crop, corners in zip(crops, places, strict=True):
        draw.rectangle(corners, outline=_SHADE, width=3)
        draw.rectangle(corners, outline=colours[crop.bucket], width=2)
    taken: list[tuple[float, float]] = []
    # Numbers come last, above all lines, and step aside where one is already.
    for number, (crop, corners) in enumerate(zip(crops, places, strict=True), start=1):
        spots = _spots(corners)
        spot = next((one for one in spots if _is_free(one, taken)), corners[:2])
        taken.append(spot)
        _draw_number(draw, spot, number, colours[crop.bucket])
    return shown


def draw_tiles(
    crops: Sequence[Crop], source: Image.Image, colours: Mapping[Bucket, Colour], width: int
) -> Image.Image:
    """Draw crops as tiles of equal height, in as many lines as the width asks for.

    Args:
        crops: The crops of one picture.
        source: That picture, as `load_image` gives it.
        colours: Colour of each bucket.
        width: Width of the result in pixels.
    """
    tiles = [
        _draw_tile(crop, number, source, colours[crop.bucket])
        for number, crop in enumerate(crops, start=1)
    ]
    places: list[tuple[int, int]] = []
    left = top = 0
    for tile in tiles:
        if left and left + tile.width > width:
            left, top = 0, top + tile.height + _PAD
        places.append((left, top))
        left += tile.width + _PAD
    part = Image.new("RGB", (width, top + max(tile.height for tile in tiles)), PANEL)
    for tile, place in zip(tiles, places, strict=True):
        part.paste(tile, place)
    return part


def draw_notes(notes: Sequence[str], width: int) -> Image.Image:
    """Draw notes as a list, each broken into lines; of many, only the first 14.

    Args:
        notes: One text each.
        width: Width of the result in pixels.
    """
    shown = list(notes[:_NOTES_SHOWN])
    if len(notes) > len(shown):
        shown.append(f"and {len(notes) - len(shown)} more")
    lines: list[tuple[str, bool]] = []
    for note in shown:
        broken = wrapped(note, width - 18, _TEXT)
        lines += [(line, number == 0) for number, line in enumerate(broken)]
    part = Image.new("RGB", (width, _LINE * len(lines) + 4), PANEL)
    draw = ImageDraw.Draw(part)
    for number, (line, is_first) in enumerate(lines):
        top = number * _LINE
        if is_first:
            draw.ellipse((3, top + 7, 8, top + 12), fill=WARNING)
        draw.text((18, top), line, FAINT, font(_TEXT))
    return part


def _draw_tile(crop: Crop, number: int, source: Image.Image, colour: Colour) -> Image.Image:
    picture = scaled_to(render_crop(crop, source), 10_000, _TILE_HEIGHT)
    width = max(_NARROWEST_TILE, picture.width + 4)
    words = crop.shot.replace("_", " ")
    labels = [
        (f"{words}, {crop.view}" if crop.view else words, INK),
        (f"{crop.bucket}  x{crop.enlargement:.2f}", WARNING if crop.enlargement > 1 else FAINT),
    ]
    tile = Image.new("RGB", (width, picture.height + 4 + 6 + _LINE * len(labels)), PANEL)
    draw = ImageDraw.Draw(tile)
    left = (width - picture.width) // 2
    tile.paste(picture, (left, 2))
    corners = (left - 2, 0, left + picture.width + 1, picture.height + 3)
    draw.rectangle(corners, outline=colour, width=2)
    _draw_number(draw, (left, 2), number, colour)
    for line, (label, ink) in enumerate(labels):
        text = shortened(label, width, _TEXT)
        top = picture.height + 8 + line * _LINE
        draw.text(((width - text_width(text, _TEXT)) / 2, top), text, ink, font(_TEXT))
    return tile


def _corners(box: Box, scale: float, size: tuple[int, int]) -> tuple[float, float, float, float]:
    return (
        box.left * scale,
        box.top * scale,
        min(size[0] - 1, box.right * scale),
        min(size[1] - 1, box.bottom * scale),
    )


def _spots(corners: tuple[float, float, float, float]) -> Iterator[tuple[float, float]]:
    """Places for a number in a box: along its upper edge, then in lines below."""
    left, top, right, bottom = corners
    width, height = _NUMBER
    for line in range(max(1, int((bottom - top) // height))):
        for column in range(max(1, int((right - left) // width))):
            yield left + column * width, top + line * height


def _is_free(spot: tuple[float, float], taken: Sequence[tuple[float, float]]) -> bool:
    width, height = _NUMBER
    return all(abs(spot[0] - x) >= width or abs(spot[1] - y) >= height for x, y in taken)


def _draw_number(
    draw: ImageDraw.ImageDraw, spot: tuple[float, float], number: int, colour: Colour
) -> None:
    width, height = _NUMBER
    left, top = spot
    draw.rectangle((left, top, left + width - 2, top + height - 2), fill=colour)
    middle = (left + width / 2 - 1, top + height / 2 - 1)
    draw.text(middle, str(number), _SHADE, font(_TEXT), anchor="mm")
