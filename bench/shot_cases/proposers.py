"""The crops that the pack proposes for a drawn picture."""

from __future__ import annotations

from pathlib import Path

from trainer.data.crops.crop import Crop
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.proposals.proposing import propose_crops
from trainer.data.pictures.media import MediaItem
from trainer.data.pictures.subjects.finding import find_subjects

from .judging import BUCKETS, MARGIN, Proposed
from .scenes import Scene

SETTINGS = CropSettings(BUCKETS, margin=MARGIN, max_enlargement=4.0)


def propose(scene: Scene) -> list[Proposed]:
    """What is proposed for a picture, with the boxes and masks that come with it."""
    found = find_subjects(scene.image, scene.mask, scene.subject_boxes, scene.face_boxes)
    item = MediaItem(Path("drawn.png"), *scene.image.size, "", False)
    return [
        Proposed(one.shot, one.bucket, one.box)
        for one in propose_crops(item, found, SETTINGS)
        if isinstance(one, Crop)
    ]
