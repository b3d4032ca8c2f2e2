"""Draws a skeleton as a clothed figure: its colours, and the mask of what it covers."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from .skeletons import Point, Skeleton

Colour = tuple[int, int, int]
_FINER = 2
"""Drawn this many times larger, then shrunk, for soft outlines."""


@dataclass(frozen=True)
class Look:
    """Colours and clothes."""

    skin: Colour
    hair: Colour
    top: Colour
    bottom: Colour
    shoes: Colour
    hair_style: str
    """ "short", "long" (hides the neck) or "bun"."""
    has_skirt: bool
    has_face: bool


def make_look(draw: random.Random, has_face: bool) -> Look:
    """Random clothes."""

    def colour() -> Colour:
        return draw.randint(15, 225), draw.randint(15, 225), draw.randint(15, 225)

    tone = draw.uniform(0.45, 1.0)
    skin = (round(245 * tone), round(205 * tone), round(180 * tone))
    style = draw.choice(["short", "short", "long", "bun"])
    return Look(skin, colour(), colour(), colour(), colour(), style, draw.random() < 0.3, has_face)


class Painter:
    """Paints polygons on a picture and on a mask together.

    Args:
        picture: RGB; painted over.
    """

    def __init__(self, picture: Image.Image) -> None:
        self.size = picture.size
        large = (picture.width * _FINER, picture.height * _FINER)
        self._picture = picture.resize(large, Image.Resampling.BICUBIC)
        self._mask = Image.new("L", large)
        self._on_picture = ImageDraw.Draw(self._picture)
        self._on_mask = ImageDraw.Draw(self._mask)

    def polygon(self, points: list[Point], colour: Colour) -> None:
        """Fill a polygon."""
        scaled = [(x * _FINER, y * _FINER) for x, y in points]
        self._on_picture.polygon(scaled, fill=colour)
        self._on_mask.polygon(scaled, fill=255)

    def capsule(self, start: Point, end: Point, width: float, colour: Colour) -> None:
        """Fill a bar with round ends."""
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        points = []
        for centre, first in ((end, angle - math.pi / 2), (start, angle + math.pi / 2)):
            for step in range(9):
                turn = first + math.pi * step / 8
                points.append((
                    centre[0] + math.cos(turn) * width / 2,
                    centre[1] + math.sin(turn) * width / 2,
                ))  # fmt: skip
        self.polygon(points, colour)

    def oval(self, centre: Point, along: Point, ratio: float, colour: Colour) -> None:
        """Fill an ellipse; `along` is its half axis, `ratio` the other one's share of it."""
        points = []
        for step in range(40):
            turn = 2 * math.pi * step / 40
            a, b = math.cos(turn), math.sin(turn) * ratio
            points.append((
                centre[0] + along[0] * a - along[1] * b,
                centre[1] + along[1] * a + along[0] * b,
            ))  # fmt: skip
        self.polygon(points, colour)

    def finish(self) -> tuple[Image.Image, Image.Image]:
        """The picture, RGB, and the soft mask, L."""
        shrunk = Image.Resampling.BOX
        return self._picture.resize(self.size, shrunk), self._mask.resize(self.size, shrunk)


def draw_skeleton(painter: Painter, bones: Skeleton, look: Look) -> None:
    """Paint the figure; its joints are in pixels."""
    head = math.dist(bones.crown, bones.chin)
    tall = head * bones.heads
    limb = 0.062 * tall * bones.breadth
    down = _unit(bones.crown, bones.chin)
    hidden = look.hair_style == "long"
    if hidden:
        end = _along(bones.chin, down, 0.6 * head)
        middle = _middle(bones.crown, end)
        half = (end[0] - middle[0], end[1] - middle[1])
        painter.oval(middle, half, 0.55 * head / math.hypot(*half), look.hair)
    for leg in bones.legs:
        hip, knee, ankle, toe = leg
        painter.capsule(hip, knee, limb * 1.25, look.bottom)
        painter.capsule(knee, ankle, limb, look.bottom)
        painter.capsule(ankle, toe, limb * 0.9, look.shoes)
    for arm in bones.arms:
        shoulder, elbow, hand = arm
        painter.capsule(shoulder, elbow, limb * 0.9, look.top)
        painter.capsule(elbow, hand, limb * 0.7, look.skin)
    _trunk(painter, bones, look, limb)
    neck = _along(bones.chin, down, 0.25 * head)
    painter.capsule(_along(bones.chin, down, -0.2 * head), neck, min(0.4 * head, limb), look.skin)
    _head(painter, bones, look, head)


def _trunk(painter: Painter, bones: Skeleton, look: Look, limb: float) -> None:
    left, right = bones.shoulders
    low, high = bones.hips
    painter.polygon([left, right, high, low], look.top)
    painter.capsule(left, right, limb, look.top)
    # The muscle that slopes from the neck to the shoulders.
    neck = _along(
        bones.chin, _unit(bones.crown, bones.chin), 0.12 * math.dist(bones.crown, bones.chin)
    )
    painter.polygon([neck, left, right], look.top)
    painter.capsule(low, high, limb * 1.3, look.bottom)
    painter.capsule(_middle(left, right), _middle(low, high), limb * 1.8, look.top)
    if look.has_skirt and bones.pose in ("standing", "behind", "arms out"):
        knees = (bones.legs[0][1], bones.legs[1][1])
        outer = [(knees[0][0] - limb, knees[0][1]), (knees[1][0] + limb, knees[1][1])]
        painter.polygon([low, high, *sorted(outer, reverse=True)], look.bottom)


def _head(painter: Painter, bones: Skeleton, look: Look, head: float) -> None:
    down = _unit(bones.crown, bones.chin)
    across = (-down[1], down[0])
    middle = _middle(bones.crown, bones.chin)
    half = (down[0] * head / 2, down[1] * head / 2)
    if look.hair_style == "bun":
        # The bun stands behind the head, so that the crown stays where it is.
        painter.oval(_along(middle, across, 0.38 * head), half, 0.5, look.hair)
    painter.oval(middle, half, 0.76, look.hair)
    if not look.has_face:
        return
    face = _along(middle, down, 0.1 * head)
    painter.oval(face, (half[0] * 0.8, half[1] * 0.8), 0.8, look.skin)
    for side in (-1, 1):
        eye = _along(face, across, side * 0.14 * head)
        painter.oval(eye, (half[0] * 0.08, half[1] * 0.08), 1.0, (30, 25, 30))
    mouth = _along(face, down, 0.2 * head)
    painter.capsule(
        _along(mouth, across, -0.08 * head),
        _along(mouth, across, 0.08 * head),
        0.04 * head,
        (170, 70, 80),
    )


def _unit(start: Point, end: Point) -> Point:
    length = math.dist(start, end)
    return (end[0] - start[0]) / length, (end[1] - start[1]) / length


def _along(start: Point, direction: Point, length: float) -> Point:
    return start[0] + direction[0] * length, start[1] + direction[1] * length


def _middle(first: Point, second: Point) -> Point:
    return (first[0] + second[0]) / 2, (first[1] + second[1]) / 2
