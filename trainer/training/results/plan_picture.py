"""Draws a memory plan: a bar of the device's memory by purpose, against its limit."""

from __future__ import annotations

from PIL import Image, ImageDraw

from ...data.sheets.drawing import FAINT, FAULT, INK, PANEL, PAPER, font, mark_colour, wrapped
from ...planning.memory_plan import MemoryPlan

_WIDTH, _MARGIN, _BAR = 760, 24, 46
_TEXT, _SMALL = 19, 16
_LINE = 28


def draw_plan(plan: MemoryPlan) -> Image.Image:
    """The plan as a picture 760 pixels wide."""
    parts = [(name, size) for name, size in plan.parts.named() if size]
    verdict = wrapped(plan.lines()[0], _WIDTH - 2 * _MARGIN, _TEXT)
    words = [
        line for text in plan.choice_words() for line in wrapped(text, _WIDTH - 2 * _MARGIN, _SMALL)
    ]
    legend_rows = (len(parts) + 1) // 2
    height = 2 * _MARGIN + (len(verdict) + legend_rows) * _LINE + _BAR + 70 + len(words) * 22
    image = Image.new("RGB", (_WIDTH, height), PAPER)
    draw = ImageDraw.Draw(image)
    top = _MARGIN
    for line in verdict:
        draw.text((_MARGIN, top), line, INK if plan.fits else FAULT, font(_TEXT))
        top += _LINE
    top = _draw_bar(draw, plan, parts, top + 8)
    for number, (name, size) in enumerate(parts):
        left = _MARGIN + number % 2 * (_WIDTH - 2 * _MARGIN) // 2
        row = top + number // 2 * _LINE
        draw.rectangle((left, row + 4, left + 14, row + 18), mark_colour(number))
        draw.text((left + 24, row), f"{name}  {plan.readable(size)}", INK, font(_SMALL))
    top += legend_rows * _LINE + 12
    for line in words:
        draw.text((_MARGIN, top), line, FAINT, font(_SMALL))
        top += 22
    return image


def _draw_bar(
    draw: ImageDraw.ImageDraw, plan: MemoryPlan, parts: list[tuple[str, int]], top: int
) -> int:
    """The bar and its limit; where the next thing may begin."""
    limit = plan.budget.device_bytes
    whole = max(plan.peak_bytes, limit or 0, 1)
    width = _WIDTH - 2 * _MARGIN
    draw.rectangle((_MARGIN, top, _MARGIN + width, top + _BAR), PANEL)
    done = 0
    for number, (_, size) in enumerate(parts):
        left, right = (_MARGIN + width * x / whole for x in (done, done + size))
        if right - left >= 1:
            draw.rectangle((left, top, right - 1, top + _BAR), mark_colour(number))
        done += size
    if limit is not None:
        right = _MARGIN + width * limit / whole
        draw.line((right, top - 6, right, top + _BAR + 6), INK, 3)
        text = f"limit {plan.readable(limit)}"
        draw.text((right, top + _BAR + 8), text, FAINT, font(_SMALL), anchor="ra")
    return top + _BAR + 40
