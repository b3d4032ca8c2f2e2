"""Objects and people that the training scenes are made of, drawn in a unit square."""

from __future__ import annotations

import math

from PIL import ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]


class Brush:
    """Draws in coordinates from 0 to 1 inside a square box of a picture.

    Args:
        draw: The Pillow drawing surface.
        left: Left edge of the box in pixels.
        top: Upper edge of the box in pixels.
        side: Side of the box in pixels.
    """

    def __init__(self, draw: ImageDraw.ImageDraw, left: float, top: float, side: float) -> None:
        self.draw, self.left, self.top, self.side = draw, left, top, side

    def _at(self, x: float, y: float) -> Point:
        return self.left + x * self.side, self.top + y * self.side

    def polygon(self, points: list[Point], colour: Colour) -> None:
        """Fill the polygon through the points."""
        self.draw.polygon([self._at(x, y) for x, y in points], fill=colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Fill an upright rectangle."""
        self.draw.rectangle([*self._at(x0, y0), *self._at(x1, y1)], fill=colour)

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        """Fill an ellipse around a centre."""
        self.draw.ellipse([*self._at(x - rx, y - ry), *self._at(x + rx, y + ry)], fill=colour)


def darker(colour: Colour, factor: float = 0.7) -> Colour:
    """Return the colour at a fraction of its brightness."""
    return tuple(int(c * factor) for c in colour)


def circle(brush: Brush, colour: Colour) -> None:
    """Draw a disc that fills the box."""
    brush.disc(0.5, 0.5, 0.5, 0.5, colour)


def square(brush: Brush, colour: Colour) -> None:
    """Draw a square a little smaller than the box."""
    brush.box(0.05, 0.05, 0.95, 0.95, colour)


def triangle(brush: Brush, colour: Colour) -> None:
    """Draw a triangle standing on its base."""
    brush.polygon([(0.5, 0.0), (1.0, 1.0), (0.0, 1.0)], colour)


def star(brush: Brush, colour: Colour) -> None:
    """Draw a five-pointed star."""
    points = []
    for i in range(10):
        radius, angle = (0.5 if i % 2 == 0 else 0.2), math.pi * i / 5
        points.append((0.5 + radius * math.sin(angle), 0.5 - radius * math.cos(angle)))
    brush.polygon(points, colour)


def heart(brush: Brush, colour: Colour) -> None:
    """Draw a heart."""
    brush.disc(0.27, 0.3, 0.25, 0.25, colour)
    brush.disc(0.73, 0.3, 0.25, 0.25, colour)
    brush.polygon([(0.05, 0.42), (0.95, 0.42), (0.5, 1.0)], colour)


def ring(brush: Brush, colour: Colour) -> None:
    """Draw a ring with a white middle."""
    brush.disc(0.5, 0.5, 0.5, 0.5, colour)
    brush.disc(0.5, 0.5, 0.26, 0.26, (250, 250, 250))


def house(brush: Brush, colour: Colour) -> None:
    """Draw a house with a dark roof, a door and a window."""
    brush.box(0.12, 0.4, 0.88, 1.0, colour)
    brush.polygon([(0.5, 0.0), (1.0, 0.42), (0.0, 0.42)], (110, 50, 40))
    brush.box(0.2, 0.6, 0.42, 1.0, (80, 50, 30))
    brush.box(0.58, 0.55, 0.78, 0.75, (210, 235, 250))


def tree(brush: Brush, colour: Colour) -> None:
    """Draw a tree with a round crown."""
    brush.box(0.42, 0.55, 0.58, 1.0, (105, 70, 40))
    for x, y, r in ((0.5, 0.27, 0.27), (0.3, 0.42, 0.23), (0.7, 0.42, 0.23)):
        brush.disc(x, y, r, r, colour)


def car(brush: Brush, colour: Colour) -> None:
    """Draw a car from its side."""
    brush.polygon([(0.2, 0.55), (0.32, 0.35), (0.7, 0.35), (0.82, 0.55)], colour)
    brush.polygon([(0.3, 0.54), (0.37, 0.4), (0.65, 0.4), (0.73, 0.54)], (205, 230, 245))
    brush.box(0.02, 0.53, 0.98, 0.8, colour)
    for x in (0.24, 0.76):
        brush.disc(x, 0.82, 0.13, 0.13, (30, 30, 30))
        brush.disc(x, 0.82, 0.06, 0.06, (190, 190, 190))


def flower(brush: Brush, colour: Colour) -> None:
    """Draw a flower on a stalk."""
    brush.box(0.47, 0.4, 0.53, 1.0, (50, 130, 50))
    for i in range(6):
        angle = math.pi * i / 3
        brush.disc(0.5 + 0.2 * math.cos(angle), 0.3 + 0.2 * math.sin(angle), 0.14, 0.14, colour)
    brush.disc(0.5, 0.3, 0.12, 0.12, (245, 205, 60))


SHAPES = {
    "circle": circle,
    "square": square,
    "triangle": triangle,
    "star": star,
    "heart": heart,
    "ring": ring,
}
THINGS = {"house": house, "tree": tree, "car": car, "flower": flower}


def _face(brush: Brush, x: float, y: float, r: float) -> None:
    for side in (-1, 1):
        brush.disc(x + side * 0.4 * r, y - 0.05 * r, 0.15 * r, 0.2 * r, (250, 250, 250))
        brush.disc(x + side * 0.4 * r, y - 0.03 * r, 0.09 * r, 0.13 * r, (50, 40, 40))
    brush.disc(x, y + 0.45 * r, 0.28 * r, 0.08 * r, (190, 80, 80))


def head(
    brush: Brush,
    x: float,
    y: float,
    r: float,
    skin: Colour,
    hair: Colour,
    long_hair: bool,
    behind: bool,
) -> None:
    """Draw a head with hair, seen from the front or from behind."""
    if long_hair:
        brush.disc(x, y + 0.15 * r, 1.25 * r, 1.3 * r, hair)
        brush.box(x - 1.2 * r, y, x + 1.2 * r, y + 1.7 * r, hair)
    else:
        brush.disc(x, y - 0.15 * r, 1.12 * r, 1.1 * r, hair)
    if behind:
        brush.disc(x, y, 1.05 * r, 1.1 * r, hair)
        return
    brush.disc(x, y + 0.12 * r, 0.9 * r, 0.98 * r, skin)
    brush.polygon(
        [
            (x - r, y - 0.2 * r),
            (x - 0.6 * r, y - 0.9 * r),
            (x + 0.6 * r, y - 0.9 * r),
            (x + r, y - 0.2 * r),
            (x, y - 0.45 * r),
        ],
        hair,
    )
    _face(brush, x, y + 0.15 * r, r)


def full_body(
    brush: Brush, skin: Colour, hair: Colour, cloth: Colour, woman: bool, behind: bool
) -> None:
    """Draw a standing person: a woman in a dress or a man in a shirt and trousers."""
    legs = skin if woman else (60, 65, 85)
    for x in (0.44, 0.56):
        brush.box(x - 0.035, 0.6, x + 0.035, 0.95, legs)
        brush.box(x - 0.045, 0.94, x + 0.05, 1.0, (50, 40, 40))
    for side in (-1, 1):
        brush.polygon(
            [
                (0.5 + side * 0.09, 0.29),
                (0.5 + side * 0.13, 0.28),
                (0.5 + side * 0.2, 0.55),
                (0.5 + side * 0.15, 0.56),
            ],
            darker(cloth, 0.85),
        )
        brush.disc(0.5 + side * 0.175, 0.57, 0.03, 0.03, skin)
    if woman:
        brush.polygon(
            [(0.41, 0.27), (0.59, 0.27), (0.58, 0.45), (0.7, 0.76), (0.3, 0.76), (0.42, 0.45)],
            cloth,
        )
    else:
        brush.box(0.4, 0.27, 0.6, 0.62, cloth)
    if not behind:
        brush.box(0.465, 0.2, 0.535, 0.29, skin)
    head(brush, 0.5, 0.14, 0.095, skin, hair, woman, behind)


def headshot(
    brush: Brush, skin: Colour, hair: Colour, cloth: Colour, woman: bool, behind: bool
) -> None:
    """Draw the head and the shoulders of a person."""
    brush.disc(0.5, 1.05, 0.48, 0.33, cloth)
    brush.box(0.41, 0.6, 0.59, 0.8, skin)
    head(brush, 0.5, 0.4, 0.27, skin, hair, woman, behind)
