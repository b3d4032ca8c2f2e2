"""A dataset report as pictures: totals, buckets, traits, findings, and every crop as a tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from ..pictures.buckets import Bucket
from ..report.reporting import DatasetReport
from .drawing import INK, PANEL, PAPER, Colour, font, mark_colour, stacked
from .report_tables import draw_buckets, draw_findings, draw_totals, draw_traits
from .report_tiles import draw_rows, draw_tile

TILES_A_PAGE = 120
"""Most crops on one page."""
MOST_PAGES = 5
"""Most pages; crops beyond are only in the text."""

_WIDTH = 1600
_GAP = 20
_INNER = _WIDTH - 2 * _GAP
_LEFT_WIDTH = 690


def draw_report(report: DatasetReport) -> list[Image.Image]:
    """Draw a report.

    Args:
        report: The report.

    Returns:
        Pages, RGB, all of one size: 1600 pixels wide, as high as the highest needs. The first has
        the totals, tables and findings; each has up to 120 crops, in order. At most 5 pages.
    """
    colours = _colours(report)
    parts = [_heading(), draw_totals(report, _INNER), _tables(report, colours)]
    parts.append(draw_findings(report.findings, _INNER))
    total = len(report.captioned)
    pages = []
    for start in range(0, min(total, TILES_A_PAGE * MOST_PAGES), TILES_A_PAGE):
        numbers = range(start, min(total, start + TILES_A_PAGE))
        parts.append(_line(_which(numbers, total), INK))
        tiles = [
            draw_tile(report, number, colours[report.captioned[number].crop.bucket])
            for number in numbers
        ]
        parts.append(draw_rows(tiles, _INNER, PAPER))
        pages.append(stacked(parts, _WIDTH, _GAP))
        parts = []
    return _same_height(pages)


def _colours(report: DatasetReport) -> dict[Bucket, Colour]:
    buckets = [row.bucket for row in report.epoch.rows]
    buckets += sorted({entry.crop.bucket for entry in report.captioned} - set(buckets))
    return {bucket: mark_colour(number) for number, bucket in enumerate(buckets)}


def _heading() -> Image.Image:
    part = Image.new("RGB", (_INNER, 40), PAPER)
    ImageDraw.Draw(part).text((0, 0), "Dataset report", INK, font(30))
    return part


def _tables(report: DatasetReport, colours: Mapping[Bucket, Colour]) -> Image.Image:
    """Buckets, and the traits beside them where there are any."""
    if not report.traits:
        return draw_buckets(report, colours, _INNER)
    left = draw_buckets(report, colours, _LEFT_WIDTH)
    right = draw_traits(report.traits, _INNER - _LEFT_WIDTH - _GAP)
    part = Image.new("RGB", (_INNER, max(left.height, right.height)), PANEL)
    part.paste(PAPER, (_LEFT_WIDTH, 0, _LEFT_WIDTH + _GAP, part.height))
    part.paste(left, (0, 0))
    part.paste(right, (_LEFT_WIDTH + _GAP, 0))
    return part


def _which(numbers: range, total: int) -> str:
    if len(numbers) == total:
        return "What the model sees"
    last = numbers[-1] + 1
    words = f"What the model sees: crops {numbers[0] + 1} to {last} of {total}"
    is_cut = last == TILES_A_PAGE * MOST_PAGES < total
    return words + (", the others are only in the text of the report" if is_cut else "")


def _line(text: str, colour: Colour) -> Image.Image:
    part = Image.new("RGB", (_INNER, 26), PAPER)
    ImageDraw.Draw(part).text((0, 0), text, colour, font(20))
    return part


def _same_height(pages: Sequence[Image.Image]) -> list[Image.Image]:
    height = max(page.height for page in pages)
    result = []
    for page in pages:
        whole = Image.new("RGB", (_WIDTH, height), PAPER)
        whole.paste(page, (0, 0))
        result.append(whole)
    return result
