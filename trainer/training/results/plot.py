"""Drawing the loss curve of a run as a picture, with Pillow alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..runs.history import Floats, History, running_average
from .judging.measured import Measured, held_out, probe
from .picking import Pick, fitting_window
from .verdict import Verdict

SCALE = 2  # drawn twice as large and scaled down: smooth lines
INK, MUTED, GRID, PAPER = (38, 43, 51), (110, 118, 130), (229, 232, 237), (255, 255, 255)
RAW, BOLD, CHOSEN = (190, 210, 236), (29, 93, 184), (217, 83, 25)
MARK, PLATEAU, VALIDATION = (128, 138, 152), (120, 94, 166), (46, 139, 87)
PROBE, VERDICT = (201, 150, 22), (14, 92, 54)
LEFT, RIGHT, TOP, BOTTOM = 84, 28, 64, 84
Point = tuple[float, float]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Frame:
    """From values to pixels of the large picture."""

    size: tuple[int, int]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    box: tuple[float, float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        width, height = self.size
        box = (LEFT, TOP, max(width - RIGHT, LEFT + 1), max(height - BOTTOM, TOP + 1))
        object.__setattr__(self, "box", tuple(value * SCALE for value in box))

    def x(self, value: float) -> float:
        """Pixel column of a step."""
        left, _, right, _ = self.box
        return left + (value - self.x_range[0]) / (self.x_range[1] - self.x_range[0]) * (
            right - left
        )

    def y(self, value: float) -> float:
        """Pixel row of a loss, kept inside the frame."""
        _, top, _, bottom = self.box
        share = (value - self.y_range[0]) / (self.y_range[1] - self.y_range[0])
        return bottom - min(max(share, 0.0), 1.0) * (bottom - top)


def draw_loss(
    history: History,
    window: int = 70,
    pick: Pick | None = None,
    size: tuple[int, int] = (1200, 640),
    verdict: Verdict | None = None,
) -> Image.Image:
    """Draw loss, running average, epochs and checkpoints of a run.

    Args:
        history: The run; may be empty.
        window: Steps of the running average; made smaller for a short run.
        pick: The chosen checkpoint, drawn in its own colour.
        size: Width and height in pixels.
        verdict: What the log says; its step is marked where it follows from measurements.

    Returns:
        An RGB picture of exactly `size`.
    """
    width, height = size
    image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
    draw = ImageDraw.Draw(image)
    if not history.steps:
        _text(draw, (width / 2, height / 2), "No steps yet", 18, MUTED, "mm")
        return image.resize(size, Image.Resampling.LANCZOS)
    used = fitting_window(len(history.steps), window)
    average = running_average(history.losses, used)
    measured = [(held_out(history), VALIDATION), (probe(history), PROBE)]
    lines = [(part, colour) for part, colour in measured if part is not None]
    frame = _make_frame(history, average, size, [part for part, _ in lines])
    _draw_axes(draw, frame, history)
    steps = np.asarray(history.steps, dtype=np.float64)
    _line(draw, _curve(frame, steps, np.asarray(history.losses, dtype=np.float64)), RAW, 1.2)
    _draw_marks(draw, frame, history, pick)
    _line(draw, _curve(frame, steps, average), BOLD, 3)
    for part, colour in lines:
        places = zip(part.steps, part.losses, strict=True)
        points = [(frame.x(float(step)), frame.y(float(loss))) for step, loss in places]
        _line(draw, points, colour, 2)
        _dots(draw, points, colour, 3.5)
    if verdict is not None and verdict.validation is not None and verdict.step is not None:
        _draw_verdict(draw, frame, verdict.step, 0 if pick is None else 1)
    _draw_pick(draw, frame, history, average, pick)
    _draw_title(draw, frame, history)
    _draw_legend(draw, frame, _legend(history, pick, verdict, used))
    return image.resize(size, Image.Resampling.LANCZOS)


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """About `count` round values from `low` to `high`: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / max(count, 1)
    if not raw > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _make_frame(
    history: History, average: Floats, size: tuple[int, int], measured: Sequence[Measured]
) -> Frame:
    losses = np.asarray(history.losses)
    shown = np.concatenate([average, *(part.losses for part in measured)])
    # A few wild losses must not flatten the curve: the highest 1 % may touch the frame.
    low = min(float(shown.min()), float(np.quantile(losses, 0.01)))
    high = max(float(shown.max()), float(np.quantile(losses, 0.99)))
    room = (high - low) * 0.06 or max(abs(high), 1e-3) * 0.1
    # The first measurement is often made before the first step.
    first = min([float(history.steps[0]), *(float(part.steps[0]) for part in measured)])
    last = float(max(history.steps[-1], history.steps_total))
    if last == first:
        first, last = first - 0.5, last + 0.5
    bottom = max(low - room, 0.0) if low >= 0 else low - room
    return Frame(size, (first, last), (bottom, high + room))


def _curve(frame: Frame, steps: Floats, values: Floats) -> list[Point]:
    """Points of a curve; long runs are drawn as the range of each pixel column."""
    columns = int(frame.box[2] - frame.box[0])
    if len(steps) <= 2 * columns:
        return [(frame.x(step), frame.y(value)) for step, value in zip(steps, values, strict=True)]
    points: list[Point] = []
    for part in np.array_split(np.arange(len(steps)), columns):
        x = frame.x(float(steps[part[0]]))
        part_values = values[part]
        points += [(x, frame.y(float(part_values.min()))), (x, frame.y(float(part_values.max())))]
    return points


def _draw_axes(draw: ImageDraw.ImageDraw, frame: Frame, history: History) -> None:
    left, top, right, bottom = frame.box
    ticks = nice_ticks(*frame.y_range, 6)
    digits = max(0, -math.floor(math.log10(ticks[1] - ticks[0]))) if len(ticks) > 1 else 3
    for value in ticks:
        y = frame.y(value)
        draw.line([(left, y), (right, y)], fill=GRID, width=SCALE)
        _text(draw, (left / SCALE - 10, y / SCALE), f"{value:.{digits}f}", 14, MUTED, "rm")
    for value in nice_ticks(*frame.x_range, 9):
        if value != round(value):
            continue
        x = frame.x(value)
        draw.line([(x, bottom), (x, bottom + 6 * SCALE)], fill=MUTED, width=SCALE)
        label = f"{value:,.0f}".replace(",", " ")
        _text(draw, (x / SCALE, bottom / SCALE + 11), label, 14, MUTED, "mt")
    for epoch, step in _epoch_ticks(history, frame):
        x = frame.x(step)
        draw.line([(x, top), (x, top + 6 * SCALE)], fill=MUTED, width=SCALE)
        _text(draw, (x / SCALE, top / SCALE - 5), str(epoch), 12, MUTED, "mb")
    draw.rectangle(frame.box, outline=MUTED, width=SCALE)
    _text(draw, ((left + right) / 2 / SCALE, bottom / SCALE + 34), "step", 14, INK, "mt")
    _text(draw, (left / SCALE - 10, top / SCALE - 16), "loss", 14, INK, "rb")
    _text(draw, (right / SCALE, top / SCALE - 22), "epoch", 12, MUTED, "rb")


def _epoch_ticks(history: History, frame: Frame) -> list[tuple[int, float]]:
    length = history.steps_per_epoch
    if length < 1:
        return []
    first, last = frame.x_range[0] / length, frame.x_range[1] / length
    ticks = [round(value) for value in nice_ticks(first, last, 12) if value == round(value)]
    return [(epoch, epoch * length) for epoch in ticks if epoch >= 1]


def _draw_marks(
    draw: ImageDraw.ImageDraw, frame: Frame, history: History, pick: Pick | None
) -> None:
    _, top, _, bottom = frame.box
    for mark in history.checkpoints:
        x, size = frame.x(mark.step), 5 * SCALE
        draw.polygon([(x, bottom - 2 * size), (x - size, bottom), (x + size, bottom)], fill=MARK)
    if pick is not None and pick.plateau_step is not None:
        x = frame.x(pick.plateau_step)
        for y in np.arange(top, bottom, 12 * SCALE):
            draw.line([(x, y), (x, min(y + 6 * SCALE, bottom))], fill=PLATEAU, width=2 * SCALE)


def _draw_pick(
    draw: ImageDraw.ImageDraw, frame: Frame, history: History, average: Floats, pick: Pick | None
) -> None:
    if pick is None:
        return
    _, top, _, bottom = frame.box
    x, size = frame.x(pick.step), 7 * SCALE
    draw.line([(x, top), (x, bottom)], fill=CHOSEN, width=2 * SCALE)
    draw.polygon([(x, bottom - 2 * size), (x - size, bottom), (x + size, bottom)], fill=CHOSEN)
    place = int(np.searchsorted(np.asarray(history.steps), pick.lowest_step))
    place = min(place, len(average) - 1)
    centre = (frame.x(history.steps[place]), frame.y(float(average[place])))
    _dots(draw, [centre], PAPER, 7)
    _dots(draw, [centre], CHOSEN, 5)
    _draw_label(draw, frame, x, (f"epoch {pick.epoch}, step {pick.step}", CHOSEN), 0)


def _draw_verdict(draw: ImageDraw.ImageDraw, frame: Frame, step: int, row: int) -> None:
    _, top, _, bottom = frame.box
    x = frame.x(step)
    for y in np.arange(top, bottom, 16 * SCALE):
        draw.line([(x, y), (x, min(y + 10 * SCALE, bottom))], fill=VERDICT, width=2 * SCALE)
    _draw_label(draw, frame, x, (f"verdict: step {step}", VERDICT), row)


def _draw_label(
    draw: ImageDraw.ImageDraw, frame: Frame, x: float, label: tuple[str, Colour], row: int
) -> None:
    """A label beside a line, on the side where there is more room."""
    text, colour = label
    is_right = x > (frame.box[0] + frame.box[2]) / 2
    anchor, shift = ("rt", -8) if is_right else ("lt", 8)
    place_px = (x / SCALE + shift, frame.box[1] / SCALE + 12 + 26 * row)
    area = draw.textbbox(
        (place_px[0] * SCALE, place_px[1] * SCALE), text, font=_font(15), anchor=anchor
    )
    pad = 4 * SCALE
    draw.rectangle((area[0] - pad, area[1] - pad, area[2] + pad, area[3] + pad), fill=PAPER)
    _text(draw, place_px, text, 15, colour, anchor)


def _draw_title(draw: ImageDraw.ImageDraw, frame: Frame, history: History) -> None:
    done, total = history.steps[-1], max(history.steps_total, history.steps[-1])
    text = f"Loss of {history.run_folder.name or 'run'}: step {done} of {total}"
    _text(draw, (frame.box[0] / SCALE, 12), text, 18, INK, "lt")


Entry = tuple[str, Colour, str]


def _legend(
    history: History, pick: Pick | None, verdict: Verdict | None, window: int
) -> list[Entry]:
    """(how it is drawn, colour, words) of everything in the picture."""
    entries: list[Entry] = [
        ("line", RAW, "loss of each step"),
        ("bold", BOLD, f"running average of {window}"),
    ]
    if held_out(history) is not None:
        entries.append(("bold", VALIDATION, "held-out items"))
    if probe(history) is not None:
        entries.append(("bold", PROBE, "trained items"))
    if history.checkpoints:
        entries.append(("mark", MARK, "checkpoint"))
    if pick is not None and pick.plateau_step is not None:
        entries.append(("bold", PLATEAU, "stops falling"))
    if pick is not None:
        entries.append(("mark", CHOSEN, "chosen"))
    if verdict is not None and verdict.validation is not None:
        entries.append(("bold", VERDICT, "verdict"))
    return entries


def _draw_legend(draw: ImageDraw.ImageDraw, frame: Frame, entries: Sequence[Entry]) -> None:
    x, y = frame.box[0], frame.box[3] + 57 * SCALE
    for kind, colour, text in entries:
        length = 32 * SCALE + draw.textlength(text, font=_font(14))
        if x + length > frame.box[2] and x > frame.box[0]:
            x, y = frame.box[0], y + 18 * SCALE
        if kind == "mark":
            size = 5 * SCALE
            middle = x + 12 * SCALE
            shape = [(middle, y - size), (middle - size, y + size), (middle + size, y + size)]
            draw.polygon(shape, fill=colour)
        else:
            thickness = 2 * SCALE if kind == "line" else 4 * SCALE
            draw.line([(x, y), (x + 24 * SCALE, y)], fill=colour, width=thickness)
        _text(draw, ((x + 32 * SCALE) / SCALE, y / SCALE), text, 14, INK, "lm")
        x += length + 26 * SCALE


def _line(draw: ImageDraw.ImageDraw, points: Sequence[Point], colour: Colour, width: float) -> None:
    if len(points) == 1:
        _dots(draw, points, colour, width + 1)
    else:
        draw.line(list(points), fill=colour, width=round(width * SCALE), joint="curve")


def _dots(
    draw: ImageDraw.ImageDraw, points: Sequence[Point], colour: Colour, radius: float
) -> None:
    size = radius * SCALE
    for x, y in points:
        draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)


def _text(
    draw: ImageDraw.ImageDraw,
    place: Point,
    text: str,
    size: int,
    colour: Colour,
    anchor: str,
) -> None:
    at = (place[0] * SCALE, place[1] * SCALE)
    draw.text(at, text, font=_font(size), fill=colour, anchor=anchor)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * SCALE)
