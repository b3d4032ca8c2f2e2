"""Who proposes crops: the present rules, and those of version 0.1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trainer.data.crops.crop import Crop
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.proposals.framing import NoFit, frame_picture
from trainer.data.crops.proposals.proposing import propose_crops
from trainer.data.crops.shots import PICTURE_SHOT, SHOTS, buckets_for
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.media import MediaItem
from trainer.data.pictures.subjects.finding import find_subjects

from .earlier.finding import Subject, find_subject
from .earlier.framing import frame_shot, frame_whole, is_standing
from .judging import BUCKETS, MARGIN, Proposed
from .scenes import Scene

SETTINGS = CropSettings(BUCKETS, margin=MARGIN, max_enlargement=4.0)


def present(scene: Scene) -> list[Proposed]:
    """Crops by the present rules."""
    found = find_subjects(scene.image, scene.mask, scene.subject_boxes, scene.face_boxes)
    item = MediaItem(Path("drawn.png"), *scene.image.size, "", False)
    return [
        Proposed(one.shot, one.bucket, one.box)
        for one in propose_crops(item, found, SETTINGS)
        if isinstance(one, Crop)
    ]


def earlier(scene: Scene) -> list[Proposed]:
    """Crops by the rules of version 0.1, which took no boxes."""
    picture = scene.image.size
    subject = find_subject(scene.image, scene.mask)
    if not is_standing(subject, picture):
        frame = frame_picture if subject.source == "picture" else _around(subject)
        wholes = [(bucket, frame(bucket, picture, SETTINGS)) for bucket in BUCKETS]
        return [Proposed(PICTURE_SHOT, b, fit) for b, fit in wholes if not isinstance(fit, NoFit)]
    found: list[Proposed] = []
    for name, shot in SHOTS.items():
        for bucket in buckets_for(shot, BUCKETS):
            fit = frame_shot(shot, subject, bucket, picture, SETTINGS)
            is_fit = not isinstance(fit, NoFit) and bucket.width_px <= 4 * fit.width
            if is_fit and not _has_twin(fit, bucket, found):
                found.append(Proposed(name, bucket, fit))
    return found


def _around(subject: Subject) -> Callable[..., Box | NoFit]:
    return lambda bucket, picture, settings: frame_whole(subject, bucket, picture, settings)


def _has_twin(box: Box, bucket: Bucket, found: list[Proposed]) -> bool:
    return any(one.bucket == bucket and one.box.overlap(box) > 0.9 for one in found)
