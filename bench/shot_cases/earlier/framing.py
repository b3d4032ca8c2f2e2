"""How version 0.1 laid the named framings on a subject."""

from __future__ import annotations

import math

from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.proposals.framing import NoFit
from trainer.data.crops.shots import CANON_HEADS, SHOULDER_HEADS, Shot, body_row
from trainer.data.pictures.boxes import Box, Frame, fit_box
from trainer.data.pictures.buckets import Bucket

from .finding import Subject

_WIDEST_STANDING = 0.9
_WIDEST_BUST = 1.4
_SLIMMEST_BUST = 0.6
_CUT_OFF_FROM = 0.985
_LEAST_VISIBLE = 0.2
_ROW_TOLERANCE = 0.04
_LEAST_HEIGHT_KEPT = 0.75
_MOST_CUT_OFF = 0.02


def is_standing(subject: Subject, picture: tuple[int, int]) -> bool:
    """Whether the subject is taken for a standing figure or the upper part of one.

    Args:
        subject: The subject.
        picture: Width and height of the picture in pixels.
    """
    if subject.source == "picture":
        return False
    widest = _WIDEST_BUST if _is_cut_off(subject, picture) else _WIDEST_STANDING
    return subject.box.width <= widest * subject.box.height


def visible_share(subject: Subject, picture: tuple[int, int]) -> float:
    """Estimate how much of a standing figure's height the picture shows, 0.2..1.

    A figure that the lower edge cuts off, and that is too broad to be a whole one, shows about
    as much as the width of its shoulders tells (2 of 7.5 heads).

    Args:
        subject: The subject.
        picture: Width and height of the picture in pixels.
    """
    ratio = subject.box.width / subject.box.height
    if not _is_cut_off(subject, picture) or ratio < _SLIMMEST_BUST:
        return 1.0
    return max(_LEAST_VISIBLE, SHOULDER_HEADS / CANON_HEADS / ratio)


def frame_shot(
    shot: Shot,
    subject: Subject,
    bucket: Bucket,
    picture: tuple[int, int],
    settings: CropSettings,
) -> Box | NoFit:
    """Place one framing of a standing figure.

    The tightest framing is taken that is not enlarged beyond the limit; see `Shot.loosest_end`.

    Args:
        shot: The framing.
        subject: Where the figure is.
        bucket: Size to fill.
        picture: Width and height of the picture in pixels.
        settings: Largest enlargement, margin and proportions.
    """
    visible = visible_share(subject, picture)
    figure_height = subject.box.height / visible
    start, end, loosest = (
        body_row(row, settings.heads_tall) for row in (shot.start, shot.end, shot.loosest_end)
    )
    if end > visible + _ROW_TOLERANCE:
        return NoFit(
            f"The picture seems to show only the upper {visible:.0%} of the figure, "
            f"and this framing needs {end:.0%}."
        )
    with_margin = figure_height * (1 + 2 * settings.margin)
    tightest = (end - start) * with_margin
    widest = (max(end, min(loosest, visible)) - start) * with_margin
    if shot.holds_whole:
        tightest = max(tightest, subject.box.width * (1 + 2 * settings.margin) / bucket.ratio)
        widest = max(widest, tightest)
    # One pixel more than the limit asks for, so that rounding cannot cross it.
    needed = math.ceil(bucket.width_px / settings.max_enlargement + 1) / bucket.ratio
    height = max(tightest, min(needed, widest))
    rows = height / with_margin
    # A framing that had to be widened grows downwards, away from the head.
    middle = start + rows * 0.5 if not shot.holds_whole else 0.5
    frame = _frame_on(subject, shot, height, (start, middle, end), visible)
    box = fit_box(frame, bucket, picture)
    return _checked(box, shot, subject, min(tightest, figure_height * (end - start)))


def frame_whole(
    subject: Subject, bucket: Bucket, picture: tuple[int, int], settings: CropSettings
) -> Box | NoFit:
    """Place the smallest box around a subject that is not a standing figure.

    Args:
        subject: Where the subject is.
        bucket: Size to fill.
        picture: Width and height of the picture in pixels.
        settings: Largest enlargement and margin.
    """
    room = 1 + 2 * settings.margin
    height = max(subject.box.height * room, subject.box.width * room / bucket.ratio)
    # More surroundings are better than a soft picture.
    height = max(height, math.ceil(bucket.width_px / settings.max_enlargement + 1) / bucket.ratio)
    x, y = subject.box.centre
    box = fit_box(Frame(height, x, y, 0.5), bucket, picture)
    lost = box.cut_off_share(subject.box)
    if lost > 1 - _LEAST_HEIGHT_KEPT:
        return NoFit(
            f"A box of this shape inside the picture would cut {lost:.0%} off the subject."
        )
    return box


def _frame_on(
    subject: Subject,
    shot: Shot,
    height: float,
    rows: tuple[float, float, float],
    visible: float,
) -> Frame:
    start, middle, end = rows
    figure_height = subject.box.height / visible
    centre_x = (
        subject.box.centre[0]
        if shot.holds_whole
        else subject.centre_between(start / visible, min(1.0, end / visible))
    )
    centre_y = subject.box.top + middle * figure_height
    # `anchor` moves the held row from the box's middle to its upper or lower end.
    return Frame(height, centre_x, centre_y + (shot.anchor - 0.5) * height, shot.anchor)


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


def _is_cut_off(subject: Subject, picture: tuple[int, int]) -> bool:
    return subject.box.bottom >= _CUT_OFF_FROM * picture[1]
