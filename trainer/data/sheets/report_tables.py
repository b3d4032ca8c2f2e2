"""Tables of a dataset report: totals, buckets, traits and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from ..pictures.buckets import Bucket
from ..report.findings import Finding
from ..report.length import RunLength, duration_words
from ..report.reporting import DatasetReport
from ..report.traits import TraitCount
from ..report.wording import count_words, view_counts
from .drawing import (
    FAINT,
    FAULT,
    INK,
    PANEL,
    WARNING,
    Colour,
    font,
    shortened,
    text_width,
    wrapped,
)

_PAD = 18
_TEXT = 16
_LINE = 24
_ROW = 30
_SMALL = 14
_TITLE = 19
_FINDINGS_SHOWN = 14
_GRAVE = 1.5
_TRACK: Colour = (58, 61, 69)


def draw_totals(report: DatasetReport, width: int) -> Image.Image:
    """Draw the totals as a row of fields: a large number, and below it what it counts.

    Args:
        report: The report.
        width: Width of the result in pixels.
    """
    fields = _totals(report)
    part = Image.new("RGB", (width, 84), PANEL)
    draw = ImageDraw.Draw(part)
    each = (width - 2 * _PAD) / len(fields)
    for number, (value, label) in enumerate(fields):
        left = _PAD + number * each
        if number:
            draw.line((left - 10, 18, left - 10, 65), fill=_TRACK)
        draw.text((left, 13), shortened(value, each - 20, 28), INK, font(28))
        draw.text((left, 50), shortened(label, each - 20, _SMALL), FAINT, font(_SMALL))
    return part


def draw_buckets(
    report: DatasetReport, colours: Mapping[Bucket, Colour], width: int
) -> Image.Image:
    """Draw the buckets with crops, repeats, samples of an epoch, and their share as a bar.

    Args:
        report: The report.
        colours: Colour of each bucket.
        width: Width of the result in pixels.
    """
    rows, total = report.epoch.rows, report.epoch.samples
    heads = ("", "crops", "repeats", "samples", "share of an epoch")
    places = [_PAD + 26, _PAD + 190, _PAD + 275, _PAD + 365, _PAD + 390]
    part, draw = _titled("Buckets", width, _ROW * (len(rows) + 1))
    top = _PAD + _LINE + 6
    for place, head in zip(places, heads, strict=True):
        anchor = "la" if head in ("", heads[-1]) else "ra"
        draw.text((place, top + 5), head, FAINT, font(_SMALL), anchor=anchor)
    for number, row in enumerate(rows, start=1):
        line = top + number * _ROW
        colour = colours[row.bucket]
        draw.rounded_rectangle((_PAD, line + 6, _PAD + 15, line + 21), 4, fill=colour)
        draw.text((places[0], line + 4), str(row.bucket), INK, font(_TEXT))
        for place, words in zip(places[1:4], (row.crops, row.repeats, row.samples), strict=True):
            text = shortened(str(words), 84, _TEXT)
            draw.text((place, line + 4), text, INK, font(_TEXT), anchor="ra")
        _draw_bar(draw, (places[4], line, width - _PAD), row.samples / total, colour,
                  f"{100 * row.samples / total:.0f}%", 48)  # fmt: skip
    return part


def draw_traits(traits: Sequence[TraitCount], width: int) -> Image.Image:
    """Draw the traits with the share of samples that mention them, and the views.

    Args:
        traits: At least one.
        width: Width of the result in pixels.
    """
    name_width = round(width * 0.33)
    bar_left = _PAD + name_width + 12
    bar_right = bar_left + round(width * 0.27)
    views_left = bar_right + 16
    labels = [f"{trait.samples:,}, {100 * trait.share:.0f}%" for trait in traits]
    label_room = max(text_width(label, _SMALL) for label in labels) + 12
    part, draw = _titled("Traits in the captions", width, _ROW * (len(traits) + 1))
    top = _PAD + _LINE + 6
    for place, head in ((bar_left, "samples of an epoch"), (views_left, "by view")):
        draw.text((place, top + 5), head, FAINT, font(_SMALL))
    for number, (trait, label) in enumerate(zip(traits, labels, strict=True), start=1):
        line = top + number * _ROW
        colour = WARNING if trait.is_rare else INK
        draw.text((_PAD, line + 4), shortened(trait.name, name_width, _TEXT), colour, font(_TEXT))
        bar = WARNING if trait.is_rare else (120, 170, 200)
        _draw_bar(draw, (bar_left, line, bar_right), trait.share, bar, label, label_room)
        views = view_counts(trait.by_view) if trait.samples else "in no caption"
        room = width - _PAD - views_left
        draw.text((views_left, line + 5), shortened(views, room, _SMALL), FAINT, font(_SMALL))
    return part


def draw_findings(findings: Sequence[Finding], width: int) -> Image.Image:
    """Draw the findings as a list, the worst first; of many, only the first 14.

    Args:
        findings: All of them, in order.
        width: Width of the result in pixels.
    """
    entries = [(one.text, _colour_of(one)) for one in findings[:_FINDINGS_SHOWN]]
    if not findings:
        entries = [("Nothing stands out: no crop is blurred, enlarged, damaged or repeated, and no "
                    "trait is rare.", FAINT)]  # fmt: skip
    if len(findings) > _FINDINGS_SHOWN:
        more = len(findings) - _FINDINGS_SHOWN
        entries.append((f"and {more} more in the text of the report", FAINT))
    broken = [(wrapped(text, width - 2 * _PAD - 22, _TEXT), colour) for text, colour in entries]
    height = sum(len(lines) * _LINE + 8 for lines, _ in broken)
    title = f"Findings ({len(findings)})" if findings else "Findings"
    part, draw = _titled(title, width, height)
    top = _PAD + _LINE + 12
    for lines, colour in broken:
        draw.ellipse((_PAD + 1, top + 6, _PAD + 10, top + 15), fill=colour)
        for number, line in enumerate(lines):
            draw.text((_PAD + 22, top + number * _LINE), line, INK, font(_TEXT))
        top += len(lines) * _LINE + 8
    return part


def _totals(report: DatasetReport) -> list[tuple[str, str]]:
    length = report.length
    return [
        (f"{len(report.captioned):,}", f"crops from {count_words(report.pictures, 'picture')}"),
        (f"{report.epoch.samples:,}", "samples per epoch"),
        (f"{length.steps_per_epoch:,}", f"steps per epoch, {_batch_words(length)}"),
        (f"{length.steps:,}", f"steps in {length.epochs:.3g} epochs"),
        _time_field(length),
    ]


def _batch_words(length: RunLength) -> str:
    more = f" x {length.accumulation}" if length.accumulation > 1 else ""
    return f"batch {length.batch_size}{more}"


def _time_field(length: RunLength) -> tuple[str, str]:
    if length.seconds is not None:
        return duration_words(length.seconds), "at most, by the plan"
    if length.is_planned:
        return "-", "time: the plan is for a CPU"
    return "-", "time: connect Plan Training"


def _colour_of(finding: Finding) -> Colour:
    if finding.severity >= _GRAVE:
        return FAULT
    return WARNING if finding.severity >= 0.5 else FAINT


def _titled(title: str, width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A panel with a title and so much room below it."""
    part = Image.new("RGB", (width, _PAD + _LINE + 12 + height + _PAD), PANEL)
    draw = ImageDraw.Draw(part)
    draw.text((_PAD, _PAD - 4), title, INK, font(_TITLE))
    return part, draw


def _draw_bar(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float, float],
    share: float,
    colour: Colour,
    label: str,
    room: float,
) -> None:
    """A bar on a track from left to right, and its label behind it in so much room."""
    left, top, right = place
    end = right - room
    draw.rounded_rectangle((left, top + 8, end, top + 19), 5, fill=_TRACK)
    if share > 0:
        filled = left + max(6.0, min(1.0, share) * (end - left))
        draw.rounded_rectangle((left, top + 8, filled, top + 19), 5, fill=colour)
    draw.text((right, top + 5), label, INK, font(_SMALL), anchor="ra")
