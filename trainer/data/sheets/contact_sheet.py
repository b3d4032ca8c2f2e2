"""Sheets to look over: the pictures found, and the crops planned from them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from ...errors import DatasetError
from ..crops.planning import Crop, CropPlan, SkippedCrop
from ..pictures.buckets import Bucket
from ..pictures.files.in_parallel import in_parallel
from ..pictures.media import MediaItem, MediaProblem, TrainingMedia, load_image
from ..pictures.pixels import decode_picture, read_file
from .drawing import (
    FAINT,
    FAULT,
    INK,
    PANEL,
    PAPER,
    WARNING,
    Colour,
    font,
    mark_colour,
    on_checks,
    scaled_to,
    shortened,
    stacked,
    text_width,
    wrapped,
)
from .tiles import draw_boxes, draw_notes, draw_tiles

_WIDTH = 1600
_GAP = 20
_PAD = 14
_TEXT = 15
_LINE = 20
_TITLE = 26
_SOURCE_WIDTH = 360
_MOST_SOURCES = 40
_TILE = 232
_TILE_PICTURE = 216
_MOST_TILES = 120
# Decoded this many times larger than drawn, or more, so that nothing gets soft.
_SPARE = 2


@dataclass(frozen=True, slots=True)
class _Section:
    """What the plan has for one picture."""

    item: MediaItem
    crops: tuple[Crop, ...]
    skipped: tuple[SkippedCrop, ...]


def draw_contact_sheet(plan: CropPlan) -> Image.Image:
    """Draw a sheet to look a crop plan over.

    For each picture: itself with numbered boxes, one colour for each bucket; the crops as tiles
    with the same numbers; and the reasons for those that were not made. At most 40 pictures.

    Args:
        plan: The plan.

    Returns:
        RGB, 1600 pixels wide, as high as needed.
    """
    sections = _sections(plan)
    buckets = list(dict.fromkeys([crop.bucket for crop in plan.crops]))
    buckets += [one.bucket for one in plan.skipped] + [one.bucket for one in plan.empty_buckets]
    colours = {bucket: mark_colour(n) for n, bucket in enumerate(dict.fromkeys(buckets))}
    # Many pictures are shown smaller, so that the sheet stays a size one can open.
    height = 560 if len(sections) <= 4 else 400 if len(sections) <= 12 else 280
    parts = [_draw_heading(plan, len(sections), colours)]
    parts += [_draw_section(one, colours, height) for one in sections[:_MOST_SOURCES]]
    notes = [f"{one.bucket}: {one.reason}" for one in plan.empty_buckets]
    if len(sections) > _MOST_SOURCES:
        notes.append(f"{len(sections) - _MOST_SOURCES} more pictures are not drawn here.")
    if notes:
        parts.append(draw_notes(notes, _WIDTH - 2 * _GAP))
    return stacked(parts, _WIDTH, _GAP)


def _sections(plan: CropPlan) -> list[_Section]:
    items = dict.fromkeys([one.item for one in plan.crops] + [one.item for one in plan.skipped])
    return [
        _Section(
            item,
            tuple(crop for crop in plan.crops if crop.item == item),
            tuple(one for one in plan.skipped if one.item == item),
        )
        for item in items
    ]


def _draw_heading(plan: CropPlan, pictures: int, colours: dict[Bucket, Colour]) -> Image.Image:
    part = Image.new("RGB", (_WIDTH - 2 * _GAP, 72), PAPER)
    draw = ImageDraw.Draw(part)
    title = f"{len(plan.crops)} crops from {pictures} picture{'' if pictures == 1 else 's'}"
    draw.text((0, 0), title, INK, font(_TITLE))
    left = 0.0
    for bucket, colour in colours.items():
        count = sum(crop.bucket == bucket for crop in plan.crops)
        label = f"{bucket}: {count}"
        if left + text_width(label, _TEXT) + 40 > part.width:
            break
        draw.rounded_rectangle((left, 45, left + 16, 61), 4, fill=colour)
        draw.text((left + 24, 43), label, INK if count else FAINT, font(_TEXT))
        left += 24 + text_width(label, _TEXT) + 28
    return part


def _draw_section(section: _Section, colours: dict[Bucket, Colour], height: int) -> Image.Image:
    width = _WIDTH - 2 * _GAP
    source = load_image(section.item.path)
    boxed = draw_boxes(source, section.crops, colours, (_SOURCE_WIDTH, height))
    right_width = width - 3 * _PAD - _SOURCE_WIDTH
    right = [draw_tiles(section.crops, source, colours, right_width)] if section.crops else []
    if section.skipped:
        right.append(draw_notes(_skip_notes(section.skipped), right_width))
    right_height = sum(part.height for part in right) + _PAD * max(0, len(right) - 1)
    part = Image.new("RGB", (width, max(boxed.height + 52, right_height) + 2 * _PAD), PANEL)
    draw = ImageDraw.Draw(part)
    item = section.item
    name = shortened(item.path.name, _SOURCE_WIDTH, _TEXT + 2)
    draw.text((_PAD, _PAD - 2), name, INK, font(_TEXT + 2))
    facts = f"{item.width_px}x{item.height_px}{', ' + item.view if item.view else ''}"
    draw.text((_PAD, _PAD + 21), facts, FAINT, font(_TEXT))
    part.paste(boxed, (_PAD + (_SOURCE_WIDTH - boxed.width) // 2, _PAD + 52))
    top = _PAD
    for piece in right:
        part.paste(piece, (2 * _PAD + _SOURCE_WIDTH, top))
        top += piece.height + _PAD
    return part


def draw_thumbnails(media: TrainingMedia) -> Image.Image:
    """Draw the pictures found with names, sizes and problems; left-out files come last.

    At most 120 files are drawn.

    Args:
        media: The pictures.

    Returns:
        RGB, as high as needed.
    """
    warnings = {one.path: one for one in media.problems}
    used = {item.path for item in media.items}
    entries: list[tuple[Path, MediaItem | None, MediaProblem | None]] = [
        (item.path, item, warnings.get(item.path)) for item in media.items
    ]
    entries += [(one.path, None, one) for one in media.problems if one.path not in used]
    left_out = len(entries) - len(media.items)
    heading = Image.new("RGB", (_WIDTH - 2 * _GAP, 40), PAPER)
    title = f"{len(media.items)} picture{'' if len(media.items) == 1 else 's'}"
    title += f", {left_out} left out" if left_out else ""
    ImageDraw.Draw(heading).text((0, 0), title, INK, font(_TITLE))
    rows = [heading]
    columns = (_WIDTH - 2 * _GAP + _PAD) // (_TILE + _PAD)
    shown = entries[:_MOST_TILES]
    pixels = {item.path: item.width_px * item.height_px for item in media.items}
    paths = [path for path, _, _ in shown]
    pictures = in_parallel(_thumbnail_picture, paths, weigh=lambda path: pixels.get(path, 0))
    with contextlib.closing(pictures):
        tiles = [_draw_thumbnail(*entry, next(pictures)) for entry in shown]
    for start in range(0, len(tiles), columns):
        rows.append(_draw_row(tiles[start : start + columns]))
    if len(entries) > _MOST_TILES:
        notes = [f"{len(entries) - _MOST_TILES} more files are not drawn here."]
        rows.append(draw_notes(notes, _WIDTH - 2 * _GAP))
    return stacked(rows, _WIDTH, _GAP)


def _skip_notes(skipped: Sequence[SkippedCrop]) -> list[str]:
    buckets: dict[tuple[str, str], list[str]] = {}
    for one in skipped:
        buckets.setdefault((one.shot.replace("_", " "), one.reason), []).append(str(one.bucket))
    return [f"{shot}, {', '.join(names)}: {why}" for (shot, why), names in buckets.items()]


def _draw_row(tiles: Sequence[Image.Image]) -> Image.Image:
    row = Image.new("RGB", (_WIDTH - 2 * _GAP, max(tile.height for tile in tiles)), PAPER)
    for number, tile in enumerate(tiles):
        row.paste(tile, (number * (_TILE + _PAD), 0))
    return row


def _draw_thumbnail(
    path: Path,
    item: MediaItem | None,
    problem: MediaProblem | None,
    picture: Image.Image | None,
) -> Image.Image:
    inner = _TILE - 16
    lines = [(shortened(path.name, inner, _TEXT), INK)]
    if item is not None:
        facts = [f"{item.width_px}x{item.height_px}", item.view, "see-through" * item.has_alpha]
        lines.append((", ".join(fact for fact in facts if fact), FAINT))
    if problem is not None:
        colour = FAULT if item is None else WARNING
        text = problem.text.removeprefix(path.name).strip()
        lines += [(line, colour) for line in wrapped(text, inner, _TEXT)]
    tile = Image.new("RGB", (_TILE, _TILE_PICTURE + 24 + _LINE * len(lines)), PANEL)
    draw = ImageDraw.Draw(tile)
    if picture is not None:
        tile.paste(picture, ((_TILE - picture.width) // 2, 8 + (inner - picture.height) // 2))
    else:
        middle = (_TILE / 2, 8 + inner / 2)
        draw.rectangle((8, 8, _TILE - 9, 8 + inner - 1), outline=FAINT)
        draw.text(middle, "no picture", FAINT, font(_TEXT), anchor="mm")
    for number, (line, colour) in enumerate(lines):
        draw.text((8, _TILE_PICTURE + 14 + number * _LINE), line, colour, font(_TEXT))
    if item is None:
        draw.rectangle((0, 0, tile.width - 1, tile.height - 1), outline=FAULT, width=2)
    return tile


def _thumbnail_picture(path: Path) -> Image.Image | None:
    try:
        image = decode_picture(read_file(path), _SPARE * _TILE_PICTURE)
        return on_checks(scaled_to(image, _TILE - 16, _TILE_PICTURE))
    except DatasetError:
        return None
