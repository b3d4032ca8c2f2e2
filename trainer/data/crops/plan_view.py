"""A crop plan as the crop editor shows it: plain values, with boxes as shares of their pictures."""

from __future__ import annotations

from typing import Any

from ..pictures.boxes import Box
from ..pictures.media import MediaItem, TrainingMedia
from .by_hand.edits import picture_key
from .crop_settings import CropSettings
from .planning import Crop, CropPlan, SkippedCrop
from .shots import PICTURE_SHOT, SHOTS, buckets_for

_DIGITS = 6


def describe_plan(media: TrainingMedia, settings: CropSettings, plan: CropPlan) -> dict[str, Any]:
    """Describe pictures, framings and proposals.

    Args:
        media: The pictures.
        settings: What was wanted.
        plan: What came of it.

    Returns:
        Values for JSON: "buckets", "max_enlargement", "shots" (each with the buckets that it is
        made for) and "pictures" (each with key, name, size, view, subject, proposals, skipped).
    """
    every = [str(bucket) for bucket in settings.buckets]
    shots = [
        {
            "name": shot.name,
            "words": shot.words,
            "buckets": [str(bucket) for bucket in buckets_for(shot, settings.buckets)] or every,
        }
        for shot in SHOTS.values()
    ]
    shots.append({"name": PICTURE_SHOT, "words": "whole picture", "buckets": every})
    return {
        "buckets": every,
        "max_enlargement": settings.max_enlargement,
        "shots": shots,
        "pictures": [_describe_picture(item, plan) for item in media.items],
    }


def shares_of(box: Box, item: MediaItem) -> list[float]:
    """A box as [left, top, width, height] in shares (0..1) of its picture's sides."""
    width, height = item.width_px, item.height_px
    values = (box.left / width, box.top / height, box.width / width, box.height / height)
    return [round(value, _DIGITS) for value in values]


def _describe_picture(item: MediaItem, plan: CropPlan) -> dict[str, Any]:
    proposals = plan.proposed.get(item.digest, ())
    found = [one for one in plan.subjects.get(item.digest, ()) if one.source != "picture"]
    subject = found[0] if found else None
    return {
        "key": picture_key(item),
        "name": item.path.name,
        "width": item.width_px,
        "height": item.height_px,
        "view": item.view,
        "has_alpha": item.has_alpha,
        "subject": subject and {"box": shares_of(subject.box, item), "source": subject.source},
        "proposals": [
            {"box": shares_of(one.box, item), "shot": one.shot, "bucket": str(one.bucket)}
            for one in proposals
            if isinstance(one, Crop)
        ],
        "skipped": [
            {"shot": one.shot, "bucket": str(one.bucket), "reason": one.reason}
            for one in proposals
            if isinstance(one, SkippedCrop)
        ],
    }
