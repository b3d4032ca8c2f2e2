"""Laying the named framings on a subject: one box of a bucket's shape, or the reason for none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...pictures.boxes import Box, Frame, fit_box
from ...pictures.buckets import Bucket
from ...pictures.subjects.subject import Subject
from ..crop_settings import CropSettings
from ..shots import Shot, body_row
from .body import Body

_ROW_TOLERANCE = 0.02
_LEAST_HEIGHT_KEPT = 0.75
_MOST_CUT_OFF = 0.02
_LEAST_AREA_KEPT = 0.6
_HEAD_ROOM_ANCHOR = 0.4


@dataclass(frozen=True, slots=True)
class NoFit:
    """Why a framing cannot be made."""

    reason: str
    """One sentence."""


def frame_shot(
    shot: Shot, body: Body, bucket: Bucket, picture: tuple[int, int], settings: CropSettings
) -> Box | NoFit:
    """Place one framing of a figure.

    The tightest framing is taken that is not enlarged beyond the limit; see `Shot.loosest_end`.

    Args:
        shot: The framing.
        body: Where the figure is.
        bucket: Size to fill.
        picture: Width and height of the picture in pixels.
        settings: Largest enlargement and margin.
    """
    start, end, loosest = (
        body_row(row, body.heads_tall) for row in (shot.start, shot.end, shot.loosest_end)
    )
    if end > body.visible + _ROW_TOLERANCE:
        return NoFit(
            f"The picture seems to show only the upper {body.visible:.0%} of the figure, "
            f"and this framing needs {end:.0%}."
        )
    box = body.subject.box
    room = 1 + 2 * settings.margin
    tightest = (end - start) * body.height * room
    widest = (max(end, min(loosest, body.visible)) - start) * body.height * room
    if shot.holds_whole:
        tightest = max(box.height * room, box.width * room / bucket.ratio)
        widest = tightest
    # One pixel more than the limit asks for, so that rounding cannot cross it.
    needed = math.ceil(bucket.width_px / settings.max_enlargement + 1) / bucket.ratio
    height = max(tightest, min(needed, widest))
    placed = fit_box(_frame_on(body, shot, height, (start, end), room), bucket, picture)
    wanted = (box.height / body.height if shot.holds_whole else end - start) * body.height
    return _checked(placed, shot, body.subject, min(tightest, wanted))


def frame_whole(
    subject: Box, bucket: Bucket, picture: tuple[int, int], settings: CropSettings
) -> Box | NoFit:
    """Place the smallest box around a subject that is not a standing figure.

    Args:
        subject: Box around it, or around several.
        bucket: Size to fill.
        picture: Width and height of the picture in pixels.
        settings: Largest enlargement and margin.
    """
    room = 1 + 2 * settings.margin
    height = max(subject.height * room, subject.width * room / bucket.ratio)
    # More surroundings are better than a soft picture.
    height = max(height, math.ceil(bucket.width_px / settings.max_enlargement + 1) / bucket.ratio)
    x, y = subject.centre
    box = fit_box(Frame(height, x, y, 0.5), bucket, picture)
    lost = box.cut_off_share(subject)
    if lost > 1 - _LEAST_HEIGHT_KEPT:
        return NoFit(
            f"A box of this shape inside the picture would cut {lost:.0%} off the subject."
        )
    return box


def frame_picture(bucket: Bucket, picture: tuple[int, int], settings: CropSettings) -> Box | NoFit:
    """Place the largest box in a picture of which no subject is known.

    It is centred, in upright pictures a little above. Buckets that would lose much of the
    picture are left out, unless they are the most similar in shape.

    Args:
        bucket: Size to fill.
        picture: Width and height of the picture in pixels.
        settings: The other buckets.
    """
    width, height = picture
    box = fit_box(
        Frame(height, width / 2, height * _HEAD_ROOM_ANCHOR, _HEAD_ROOM_ANCHOR), bucket, picture
    )
    kept = box.width * box.height / (width * height)

    def unlike(one: Bucket) -> float:
        return abs(math.log(one.ratio * height / width))

    if kept < _LEAST_AREA_KEPT and unlike(bucket) > min(map(unlike, settings.buckets)):
        return NoFit(
            f"No subject was found, and this shape would keep only {kept:.0%} of the picture."
        )
    return box


def _frame_on(
    body: Body, shot: Shot, height: float, rows: tuple[float, float], room: float
) -> Frame:
    start, end = rows
    if shot.holds_whole:
        return Frame(height, *body.subject.box.centre, 0.5)
    head = body.subject.head
    centre_x = body.centre_between(start, end)
    if shot.is_of_head and head is not None:
        centre_x = head.centre_x
    # A framing that had to be widened grows downwards, away from the head.
    middle = body.row(start + height / (body.height * room) * 0.5)
    # `anchor` moves the held row from the box's middle to its upper or lower end.
    return Frame(height, centre_x, middle + (shot.anchor - 0.5) * height, shot.anchor)


def _checked(box: Box, shot: Shot, subject: Subject, wanted_height: float) -> Box | NoFit:
    if shot.holds_whole:
        lost = box.cut_off_share(subject.box)
        if lost > _MOST_CUT_OFF:
            return NoFit(
                f"The picture has too little room around the figure: a box of this shape would "
                f"cut {lost:.0%} off."
            )
    elif box.height < wanted_height * _LEAST_HEIGHT_KEPT:
        return NoFit(
            f"The picture is too narrow: a box of this shape is at most {box.height} pixels high, "
            f"and {shot.words} takes {wanted_height:.0f}."
        )
    return box
