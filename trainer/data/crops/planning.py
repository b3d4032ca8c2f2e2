"""Crops: which parts of the pictures are trained on, and at which size.

Each picture's subject is found, the named framings are laid on its body, and every framing gets
a box of each fitting bucket's shape. Nothing is stretched or padded: a box lies inside its
picture and is only moved or made smaller.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from numpy.typing import ArrayLike

from ...errors import DatasetError
from ..pictures.buckets import Bucket
from ..pictures.files.in_parallel import in_parallel
from ..pictures.media import MediaItem, TrainingMedia
from ..pictures.subjects.remembering import subjects_of
from ..pictures.subjects.subject import Subject
from .by_hand.manual_boxes import ManualBox
from .by_hand.placing import place_box
from .crop import Crop as Crop
from .crop import Proposal as Proposal
from .crop import SkippedCrop as SkippedCrop
from .crop import checked_crop
from .crop_settings import CropSettings as CropSettings
from .given_boxes import GivenBoxes
from .proposals.proposing import propose_crops
from .shots import shape_of


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
    masks: Mapping[str, ArrayLike] | None = None,
    given: GivenBoxes | None = None,
) -> CropPlan:
    """Propose the crops of all pictures.

    Args:
        media: The pictures.
        settings: What is wanted.
        masks: Subject masks by the picture's digest, [h,w] of any size of the picture's shape,
            bool or 0..1; pictures may lack one.
        given: Boxes of subjects and faces from other nodes.

    Raises:
        DatasetError: A picture has changed or a typed box names none of the pictures.
    """
    _check_typed_boxes(media, settings)
    given = given or GivenBoxes()
    crops: list[Crop] = []
    skipped: list[SkippedCrop] = []
    proposed: dict[str, tuple[Proposal, ...]] = {}
    subjects: dict[str, tuple[Subject, ...]] = {}

    def find(item: MediaItem) -> tuple[Subject, ...]:
        mask = (masks or {}).get(item.digest)
        boxes = given.subjects.get(item.digest, ()), given.faces.get(item.digest, ())
        return subjects_of(item, mask, *boxes)

    found = in_parallel(find, media.items, weigh=lambda item: item.width_px * item.height_px)
    with contextlib.closing(found):
        for item in media.items:
            subjects[item.digest] = next(found)
            proposed[item.digest] = tuple(propose_crops(item, subjects[item.digest], settings))
            for one in _chosen(item, proposed[item.digest], settings):
                if isinstance(one, Crop):
                    crops.append(one)
                else:
                    skipped.append(one)
    empty = tuple(_empty_buckets(crops, skipped, settings))
    return CropPlan(tuple(crops), tuple(skipped), empty, proposed, subjects)


def _chosen(
    item: MediaItem, proposed: Sequence[Proposal], settings: CropSettings
) -> Iterable[Proposal]:
    """What holds for a picture: its boxes by hand, each once, or else its proposals."""
    drawn = settings.by_hand.boxes_for(item)
    return proposed if drawn is None else dict.fromkeys(_drawn_crops(item, drawn, settings))


def _drawn_crops(
    item: MediaItem, drawn: Sequence[ManualBox], settings: CropSettings
) -> Iterator[Proposal]:
    for entry in drawn:
        bucket, box = place_box(entry, (item.width_px, item.height_px), settings.buckets)
        yield checked_crop(item, entry.shot, bucket, box, settings, entry.view)


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
