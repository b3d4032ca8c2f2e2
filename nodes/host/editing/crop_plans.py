"""Crop plans that the crop editor opens."""

from __future__ import annotations

import json
from typing import Any

from ....trainer.data.crops.crop_settings import CropSettings
from ....trainer.data.crops.plan_view import describe_plan
from ....trainer.data.crops.planning import CropPlan
from ....trainer.data.pictures.media import TrainingMedia
from ....trainer.files import digest_bytes
from .pictures import know_pictures
from .shelf import Shelf

_MOST_PLANS = 12
_plans: Shelf[dict[str, Any]] = Shelf(_MOST_PLANS, "crop plan")


def keep_plan(media: TrainingMedia, settings: CropSettings, plan: CropPlan) -> str:
    """Keep a plan for the editor; returns the key under which the page finds it."""
    view = describe_plan(media, settings, plan)
    key = digest_bytes(json.dumps(view).encode())[:16]
    _plans.keep(key, {"key": key, **view})
    know_pictures(media.items)
    return key


def read_plan(key: str) -> dict[str, Any]:
    """What the editor shows of a plan.

    Raises:
        NotFoundError: The plan is not kept any more.
    """
    return _plans.find(key)
