"""The body of a figure in rows: where its crown is, how tall it would stand, how much is seen."""

from __future__ import annotations

from dataclasses import dataclass

from ...pictures.subjects.subject import Subject
from ..crop_settings import CropSettings
from ..shots import CANON_HEADS

_FEWEST_HEADS, _MOST_HEADS = 2.0, 9.0
_UNKNOWN_HEADS = 5.0
"""Taken for a figure whose proportions nothing tells: a headshot suits 3 heads as well as 8."""
_LEAST_VISIBLE = 0.1


@dataclass(frozen=True, slots=True)
class Body:
    """A figure as the framings need it."""

    subject: Subject
    """Where it is."""
    top: float
    """Row of the crown in pixels."""
    height: float
    """Height that it has when it stands, in pixels."""
    heads_tall: float
    """The same in heads, 2..9."""
    visible: float
    """How much of that height the picture shows, 0..1."""

    def row(self, share: float) -> float:
        """Pixel row of a share of the height."""
        return self.top + share * self.height

    def centre_between(self, start: float, end: float) -> float:
        """Centre line in pixels of what lies between two shares of the height."""
        box = self.subject.box
        first, last = ((self.row(share) - box.top) / box.height for share in (start, end))
        return self.subject.centre_between(first, min(1.0, max(last, first + 0.01)))


def body_of(subject: Subject, settings: CropSettings) -> Body | None:
    """Lay a body on a subject; None when its pose is not known.

    The head gives the proportions of a figure that is seen whole, unless the settings name other
    ones than usual; a face is believed more than the settings. Of a figure that is not seen whole,
    the settings tell how tall it would be.

    Args:
        subject: What was found.
        settings: Its usual height in heads.
    """
    box, head = subject.box, subject.head
    if head is None:
        if subject.pose != "standing":
            return None
        return Body(subject, box.top, box.height, settings.heads_tall, 1.0)
    is_whole = subject.pose == "standing" and not subject.is_cut_below
    if not is_whole:
        heads = settings.heads_tall
        if subject.pose != "standing" and heads == CANON_HEADS:
            heads = _UNKNOWN_HEADS
        height = heads * head.height
        seen = (box.bottom - head.top) / height
        visible = min(1.0, max(_LEAST_VISIBLE, seen))
        return Body(subject, head.top, height, heads, visible)
    height = box.bottom - head.top
    heads = min(max(height / head.height, _FEWEST_HEADS), _MOST_HEADS)
    if settings.heads_tall != CANON_HEADS and not head.is_from_face:
        heads = settings.heads_tall
    return Body(subject, head.top, height, heads, 1.0)
