"""Crops of a dataset report as tiles: the crop, what is wrong with it, and its caption."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from ..report.looking import THUMBNAIL_PX
from ..report.reporting import DatasetReport
from .drawing import (
    FAINT,
    FAULT,
    INK,
    PANEL,
    WARNING,
    Colour,
    font,
    legible,
    shortened,
    text_width,
    wrapped,
)

TILE_WIDTH = 183
"""Width of a tile in pixels."""

_EDGE = 2
_PAD = 7
_TEXT = 13
_LINE = 17
_CAPTION_LINES = 4
_BADGE = 18
_GRAVE = 1.5
_SHADE: Colour = (20, 20, 24)
_HEIGHT = THUMBNAIL_PX[1] + 2 * _PAD + _LINE * (2 + _CAPTION_LINES) + 10


def draw_tile(report: DatasetReport, number: int, colour: Colour) -> Image.Image:
    """Draw one crop.

    Args:
        report: The report.
        number: Position of the crop.
        colour: Of its bucket.

    Returns:
        RGB; every tile has the same size.
    """
    entry, state = report.captioned[number], report.states[number]
    tile = Image.new("RGB", (TILE_WIDTH, _HEIGHT), PANEL)
    draw = ImageDraw.Draw(tile)
    picture = state.look.thumbnail
    left = (TILE_WIDTH - picture.width) // 2
    top = _PAD + (THUMBNAIL_PX[1] - picture.height) // 2
    frame = (left - _EDGE, top - _EDGE, left + picture.width + 1, top + picture.height + 1)
    draw.rectangle(frame, outline=colour, width=_EDGE)
    tile.paste(picture, (left, top))
    _draw_badge(draw, (left, top), f"#{number + 1}", colour)
    colour_of_marks = FAULT if state.badness >= _GRAVE else WARNING
    marks = [(words, colour_of_marks) for words in state.marks()]
    earlier = report.repeated_by().get(number)
    marks += [] if earlier is None else [(f"repeats #{earlier + 1}", WARNING)]
    bottom = top + picture.height - len(marks) * (_BADGE + 1)
    for line, (mark, ink) in enumerate(marks):
        _draw_badge(draw, (left, bottom + line * (_BADGE + 1)), mark, ink)
    inner = TILE_WIDTH - 2 * _PAD
    words = entry.crop.shot.replace("_", " ")
    words += f", {entry.crop.view}" if entry.crop.view else ""
    times = f"{entry.crop.bucket}, {report.epoch.repeats[number]}x"
    lines = [(shortened(words, inner, _TEXT), INK), (shortened(times, inner, _TEXT), colour)]
    lines += [(line, FAINT) for line in caption_lines(entry.caption, inner)]
    first = THUMBNAIL_PX[1] + 2 * _PAD + 2
    for line, (text, ink) in enumerate(lines):
        draw.text((_PAD, first + line * _LINE), text, ink, font(_TEXT))
    return tile


def caption_lines(caption: str, width_px: float) -> list[str]:
    """A caption in at most four lines; of a longer one the middle is cut out.

    Captions of one dataset begin alike, so that their ends matter more.

    A caption in letters that the font lacks would be a row of question marks: then a hint stands
    for it.
    """
    if not caption.strip():
        return ["(no caption)"]
    letters = [letter for letter in legible(caption) if not letter.isspace()]
    if letters.count("?") - caption.count("?") > len(letters) / 2:
        return wrapped("(letters that cannot be drawn here, see the text)", width_px, _TEXT)
    lines = wrapped(caption, width_px, _TEXT)
    if len(lines) <= _CAPTION_LINES:
        return lines
    head = lines[0]
    while " " in head and text_width(f"{head} ...", _TEXT) > width_px:
        head = head.rpartition(" ")[0]
    return [shortened(f"{head} ...", width_px, _TEXT), *lines[len(lines) - _CAPTION_LINES + 1 :]]


def draw_rows(tiles: Sequence[Image.Image], width: int, paper: Colour) -> Image.Image:
    """Lay tiles of one size out in rows that fill a width.

    Args:
        tiles: At least one.
        width: Width of the result in pixels.
        paper: Colour between them.
    """
    columns = max(1, (width + _PAD) // (TILE_WIDTH + _PAD))
    gap = (width - columns * TILE_WIDTH) / max(1, columns - 1)
    rows = -(-len(tiles) // columns)
    part = Image.new("RGB", (width, rows * (_HEIGHT + 14) - 14), paper)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        part.paste(tile, (round(column * (TILE_WIDTH + gap)), row * (_HEIGHT + 14)))
    return part


def _draw_badge(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], words: str, colour: Colour
) -> None:
    left, top = place
    width = text_width(words, _TEXT) + 9
    draw.rectangle((left, top, left + width, top + _BADGE - 1), fill=colour)
    middle = (left + width / 2 + 0.5, top + _BADGE / 2)
    draw.text(middle, words, _SHADE, font(_TEXT), anchor="mm")
