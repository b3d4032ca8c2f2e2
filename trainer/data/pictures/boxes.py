"""Boxes in a picture, and fitting a box of a bucket's shape into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .buckets import Bucket


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright picture; `left` and `top` count from its corner."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column beyond the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row beyond the box."""
        return self.top + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Centre as (x, y)."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom), as Pillow wants it."""
        return self.left, self.top, self.right, self.bottom

    def overlap(self, other: Box) -> float:
        """Shared area divided by the area of both together: 0 (apart) to 1 (the same)."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(0, width) * max(0, height)
        return shared / (self.width * self.height + other.width * other.height - shared)

    def cut_off_share(self, inner: Box) -> float:
        """Largest part of `inner`'s width or height that sticks out of this box: 0..1."""
        across = max(0, self.left - inner.left) + max(0, inner.right - self.right)
        along = max(0, self.top - inner.top) + max(0, inner.bottom - self.bottom)
        return min(1.0, max(across / inner.width, along / inner.height))


def box_around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of these, at least one."""
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a box is wanted: a height, a centre line, and the row that it must hold on to."""

    height: float
    """Wanted height in pixels, above 0."""
    centre_x: float
    """Wanted centre line, in pixels from the left."""
    anchor_y: float
    """Row that stays in place when the box must become smaller, in pixels from the top."""
    anchor: float
    """Where in the box that row is: 0 top, 0.5 middle, 1 bottom."""


def fit_box(frame: Frame, bucket: Bucket, picture: tuple[int, int]) -> Box:
    """Place a box of the bucket's shape in a picture.

    The box is as tall as wanted or as the picture allows, moved inside where it would stick
    out, and has the bucket's width/height within one pixel.

    Args:
        frame: Where it is wanted.
        bucket: Gives the shape.
        picture: Width and height of the picture in pixels.
    """
    picture_width, picture_height = picture
    height = min(frame.height, picture_height, picture_width / bucket.ratio)
    # The longer side is rounded first; the other one follows, and so is within half a pixel.
    if bucket.ratio >= 1:
        box_width = max(1, min(picture_width, round(height * bucket.ratio)))
        box_height = max(1, min(picture_height, round(box_width / bucket.ratio)))
    else:
        box_height = max(1, min(picture_height, round(height)))
        box_width = max(1, min(picture_width, round(box_height * bucket.ratio)))
    left = round(frame.centre_x - box_width / 2)
    top = round(frame.anchor_y - box_height * frame.anchor)
    return Box(
        min(max(left, 0), picture_width - box_width),
        min(max(top, 0), picture_height - box_height),
        box_width,
        box_height,
    )
