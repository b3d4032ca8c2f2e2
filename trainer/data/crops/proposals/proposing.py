"""Proposing the crops of one picture from the subjects that were found in it.

A figure that stands gets every framing. Where the outline does not tell how it holds itself,
there are fewer: its head, if that is clear, and the whole of it. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...pictures.boxes import Box, box_around
from ...pictures.media import MediaItem
from ...pictures.subjects.subject import Subject
from ..crop import Crop, Proposal, SkippedCrop, checked_crop
from ..crop_settings import CropSettings
from ..shots import PICTURE_SHOT, SHOTS, buckets_for
from .body import body_of
from .framing import NoFit, frame_picture, frame_shot, frame_whole

SAME_BOX_OVERLAP = 0.9
"""Boxes for one bucket that overlap more are made only once."""


def propose_crops(
    item: MediaItem, subjects: Sequence[Subject], settings: CropSettings
) -> Iterator[Proposal]:
    """Propose the crops of one picture, each nearly equal part once.

    Args:
        item: The picture.
        subjects: What was found in it, at least one.
        settings: What is wanted; boxes by hand do not matter.
    """
    yield from _without_repeats(_proposals(item, subjects, settings))


def _proposals(
    item: MediaItem, subjects: Sequence[Subject], settings: CropSettings
) -> Iterator[Proposal]:
    is_shown_whole = len(subjects) > 1
    for subject in subjects:
        yield from _shots_of(item, subject, settings)
        is_shown_whole = is_shown_whole or subject.pose != "standing"
    if is_shown_whole or PICTURE_SHOT in settings.shots:
        yield from _wholes(item, subjects, settings)


def _shots_of(item: MediaItem, subject: Subject, settings: CropSettings) -> Iterator[Proposal]:
    body = body_of(subject, settings)
    if subject.source == "picture" and body is None:
        return
    for name in (name for name in SHOTS if name in settings.shots):
        shot = SHOTS[name]
        for bucket in buckets_for(shot, settings.buckets):
            if body is None or (subject.pose != "standing" and not shot.is_of_head):
                fit: Box | NoFit = NoFit(_POSE_REASONS[subject.pose])
            else:
                picture = (item.width_px, item.height_px)
                fit = frame_shot(shot, body, bucket, picture, settings)
            yield checked_crop(item, name, bucket, fit, settings)


_POSE_REASONS = {
    "standing": "The picture cuts the figure off.",
    "upright": "The figure does not seem to stand, so that only its head and the whole are taken.",
    "lying": "The subject is wider than high, so that only the whole of it is taken.",
    "unknown": "The outline does not tell the pose, so that only the whole subject is taken.",
}


def _wholes(
    item: MediaItem, subjects: Sequence[Subject], settings: CropSettings
) -> Iterator[Proposal]:
    """Everything that was found together, or the whole picture around one standing figure."""
    picture = (item.width_px, item.height_px)
    first = subjects[0]
    is_around = len(subjects) == 1 and (first.source == "picture" or first.pose == "standing")
    around = box_around([subject.box for subject in subjects])
    for bucket in settings.buckets:
        if is_around:
            fit = frame_picture(bucket, picture, settings)
        else:
            fit = frame_whole(around, bucket, picture, settings)
        yield checked_crop(item, PICTURE_SHOT, bucket, fit, settings)


def _without_repeats(proposals: Iterator[Proposal]) -> Iterator[Proposal]:
    made: list[Crop] = []
    for proposal in proposals:
        if isinstance(proposal, Crop):
            twin = next((one for one in made if _is_same(one, proposal)), None)
            if twin is not None:
                reason = f"Nearly the same part as {twin.shot.replace('_', ' ')}."
                yield SkippedCrop(proposal.item, proposal.shot, proposal.bucket, reason)
                continue
            made.append(proposal)
        yield proposal


def _is_same(first: Crop, second: Crop) -> bool:
    return first.bucket == second.bucket and first.box.overlap(second.box) > SAME_BOX_OVERLAP
