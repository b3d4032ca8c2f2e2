"""Where a box by hand lies in its picture, in whole pixels and in its bucket's shape."""

from __future__ import annotations

import math

from ...pictures.boxes import Box, Frame, fit_box
from ...pictures.buckets import Bucket
from .manual_boxes import ManualBox


def place_box(
    drawn: ManualBox, picture: tuple[int, int], buckets: tuple[Bucket, ...]
) -> tuple[Bucket, Box]:
    """Place a box by hand.

    A box that has its bucket's shape already stays to the pixel, so that saving and loading never
    moves it. Any other is widened to the shape around its centre, so that nothing that was drawn
    is cut off, and becomes smaller only where the picture ends.

    Args:
        drawn: The box.
        picture: Width and height of the picture in pixels.
        buckets: Those to choose from when the box names none; the most similar shape is taken.
    """
    left, top, width, height = (
        share * side for share, side in zip(drawn.box, (*picture, *picture), strict=True)
    )
    ratio = width / height
    bucket = drawn.bucket or min(buckets, key=lambda one: abs(math.log(one.ratio / ratio)))
    whole = _whole_pixels((left, top, width, height), picture)
    if has_shape(whole, bucket):
        return bucket, whole
    wanted = max(height, width / bucket.ratio)
    return bucket, fit_box(Frame(wanted, left + width / 2, top + height / 2, 0.5), bucket, picture)


def has_shape(box: Box, bucket: Bucket) -> bool:
    """Whether a box has a bucket's width/height, within the rounding to whole pixels."""
    # A side is never below one pixel, however flat the bucket.
    across = abs(box.width - max(1.0, box.height * bucket.ratio)) <= 0.5
    return across or abs(box.height - max(1.0, box.width / bucket.ratio)) <= 0.5


def _whole_pixels(values: tuple[float, ...], picture: tuple[int, int]) -> Box:
    left, top, width, height = (round(value) for value in values)
    width, height = max(1, min(width, picture[0])), max(1, min(height, picture[1]))
    return Box(
        min(max(left, 0), picture[0] - width), min(max(top, 0), picture[1] - height), width, height
    )
