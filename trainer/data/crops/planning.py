"""Crops: which parts of the pictures are trained on, and at which size.

Each picture's subject is found, the named framings are laid on its body, and every framing gets
a box of each fitting bucket's shape. Nothing is stretched or padded: a box lies inside its
picture and is only moved or made smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import DatasetError
from ..pictures.boxes import Box
from ..pictures.buckets import Bucket
from ..pictures.files.loading import load_same
from ..pictures.media import MediaItem, TrainingMedia
from ..pictures.subject import Subject, find_subject
from .by_hand.manual_boxes import ManualBox
from .by_hand.placing import place_box
from .crop_settings import CropSettings as CropSettings
from .framing import NoFit, frame_picture, frame_shot, frame_whole, is_standing
from .shots import PICTURE_SHOT, SHOTS, buckets_for, shape_of

SAME_BOX_OVERLAP = 0.9
"""Boxes for one bucket that overlap more are made only once."""


@dataclass(frozen=True, slots=True)
class Crop:
    """One part of a picture that will fill one bucket."""

    item: MediaItem
    """The picture."""
    box: Box
    """The part, in pixels of the upright picture."""
    shot: str
    """Name of the framing."""
    view: str
    """Side of the subject: "front", "behind", "side" or ""."""
    bucket: Bucket
    """Size of the crop after resizing."""
    background: tuple[int, int, int] = (255, 255, 255)
    """Colour behind see-through parts: red, green, blue from 0 to 255."""

    @property
    def enlargement(self) -> float:
        """How many times the part is enlarged; below 1 it is made smaller."""
        return self.bucket.width_px / self.box.width


@dataclass(frozen=True, slots=True)
class SkippedCrop:
    """A crop that is not made, and why."""

    item: MediaItem
    """The picture."""
    shot: str
    """Name of the framing."""
    bucket: Bucket
    """The bucket that was to be filled."""
    reason: str
    """One sentence."""


Proposal = Crop | SkippedCrop


@dataclass(frozen=True, slots=True)
class EmptyBucket:
    """A bucket that gets no crop from any picture."""

    bucket: Bucket
    """The bucket."""
    reason: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class CropPlan:
    """All crops to make, and those left out."""

    crops: tuple[Crop, ...]
    """In the order of the pictures, then of the framings, then of the buckets."""
    skipped: tuple[SkippedCrop, ...]
    """What was not made, in the same order."""
    empty_buckets: tuple[EmptyBucket, ...] = ()
    """Buckets without any crop."""
    proposed: Mapping[str, tuple[Proposal, ...]] = field(default_factory=dict)
    """What is proposed for each picture, by its digest, whether or not it was edited by hand."""
    subjects: Mapping[str, tuple[Subject, ...]] = field(default_factory=dict)
    """What was found in each picture, by its digest."""


def plan_crops(
    media: TrainingMedia,
    settings: CropSettings,
    masks: Mapping[str, NDArray[np.bool_]] | None = None,
) -> CropPlan:
    """Propose the crops of all pictures.

    Args:
        media: The pictures.
        settings: What is wanted.
        masks: Subject masks by the picture's digest, bool [H,W]; pictures may lack one.

    Raises:
        DatasetError: A picture has changed or a typed box names none of the pictures.
    """
    _check_typed_boxes(media, settings)
    crops: list[Crop] = []
    skipped: list[SkippedCrop] = []
    proposed: dict[str, tuple[Proposal, ...]] = {}
    subjects: dict[str, tuple[Subject, ...]] = {}
    for item in media.items:
        subject = find_subject(load_same(item), (masks or {}).get(item.digest))
        subjects[item.digest] = (subject,)
        proposed[item.digest] = tuple(propose_crops(item, subjects[item.digest], settings))
        drawn = settings.by_hand.boxes_for(item)
        chosen: Iterable[Proposal] = proposed[item.digest]
        if drawn is not None:
            chosen = dict.fromkeys(_drawn_crops(item, drawn, settings))
        for one in chosen:
            if isinstance(one, Crop):
                crops.append(one)
            else:
                skipped.append(one)
    empty = tuple(_empty_buckets(crops, skipped, settings))
    return CropPlan(tuple(crops), tuple(skipped), empty, proposed, subjects)


def propose_crops(
    item: MediaItem, subjects: Sequence[Subject], settings: CropSettings
) -> Iterator[Proposal]:
    """Propose the crops of one picture, each nearly equal part once.

    Args:
        item: The picture.
        subjects: What was found in it, at least one.
        settings: What is wanted; boxes by hand do not matter.
    """
    yield from _without_repeats(_proposals(item, subjects[0], settings))


def _proposals(item: MediaItem, subject: Subject, settings: CropSettings) -> Iterator[Proposal]:
    picture = (item.width_px, item.height_px)
    has_figure = is_standing(subject, picture)
    if has_figure:
        for name in (name for name in SHOTS if name in settings.shots):
            for bucket in buckets_for(SHOTS[name], settings.buckets):
                fit = frame_shot(SHOTS[name], subject, bucket, picture, settings)
                yield _result(item, name, bucket, fit, settings)
    if PICTURE_SHOT in settings.shots or not has_figure:
        for bucket in settings.buckets:
            if subject.source == "picture" or has_figure:
                fit = frame_picture(bucket, picture, settings)
            else:
                fit = frame_whole(subject, bucket, picture, settings)
            yield _result(item, PICTURE_SHOT, bucket, fit, settings)


def _drawn_crops(
    item: MediaItem, drawn: Sequence[ManualBox], settings: CropSettings
) -> Iterator[Proposal]:
    for entry in drawn:
        bucket, box = place_box(entry, (item.width_px, item.height_px), settings.buckets)
        yield _result(item, entry.shot, bucket, box, settings, entry.view)


def _result(
    item: MediaItem,
    shot: str,
    bucket: Bucket,
    fit: Box | NoFit,
    settings: CropSettings,
    view: str = "",
) -> Proposal:
    if isinstance(fit, NoFit):
        return SkippedCrop(item, shot, bucket, fit.reason)
    crop = Crop(item, fit, shot, view or item.view, bucket, settings.background)
    if crop.enlargement > settings.max_enlargement:
        reason = (
            f"Only {fit.width}x{fit.height} pixels: it would be enlarged {crop.enlargement:.2f} "
            f"times, and the limit is {settings.max_enlargement:g}."
        )
        return SkippedCrop(item, shot, bucket, reason)
    return crop


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


def _empty_buckets(
    crops: list[Crop], skipped: list[SkippedCrop], settings: CropSettings
) -> Iterator[EmptyBucket]:
    filled = {crop.bucket for crop in crops}
    tried = {entry.bucket for entry in skipped}
    for bucket in settings.buckets:
        if bucket in filled:
            continue
        why = (
            "none of the framings fits, see the reasons of the pictures"
            if bucket in tried
            else f"no chosen framing is made for its shape ({shape_of(bucket)})"
        )
        yield EmptyBucket(bucket, f"No crop fills this bucket: {why}.")


def _check_typed_boxes(media: TrainingMedia, settings: CropSettings) -> None:
    lost = [
        box.picture
        for box in settings.by_hand.typed
        if not any(box.is_for(item) for item in media.items)
    ]
    if lost:
        raise DatasetError(
            f"'boxes' names '{lost[0]}', which is none of the usable pictures in "
            f"'{media.folder}'. Check 'picture'; it is a file name or the start of its digest."
        )
