"""Photographs that come with scikit-image, and where their subjects are."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from PIL import Image

from trainer.data.crops.shots import SHOTS, buckets_for
from trainer.data.pictures.boxes import Box, Frame, fit_box

from .judging import BUCKETS, MARGIN, TOLERANCE, Wanted, wanted_crops
from .scenes import Scene

_TRUTH = Path(__file__).with_suffix(".json")
_CANON_HEADS = 7.5


def load_photographs(*, with_faces: bool) -> dict[str, tuple[Scene, list[Wanted]]]:
    """The photographs by name, and the crops that each should give.

    Args:
        with_faces: Whether the faces are handed over to the finder; only pictures with faces then.

    Raises:
        RuntimeError: scikit-image is not installed.
    """
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise RuntimeError("scikit-image is not installed; 'pip install scikit-image' brings it.")
    folder = Path(found.origin).parent / "data"
    truth = json.loads(_TRUTH.read_text(encoding="utf-8"))["pictures"]
    return {
        name: _scene(folder / name, known, with_faces=with_faces)
        for name, known in truth.items()
        if "face" in known or not with_faces
    }


def _scene(path: Path, known: dict[str, Any], *, with_faces: bool) -> tuple[Scene, list[Wanted]]:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    things = (Box(*known["whole"]),) if known["whole"] else ()
    faces = (Box(*known["face"]),) if with_faces else ()
    scene = Scene("photograph", path.stem, image, (), face_boxes=faces, things=things)
    wanted = wanted_crops(scene)
    if "head" in known:
        wanted += _headshots(known["head"], image.size)
    return scene, wanted


def _headshots(head: dict[str, float], size: tuple[int, int]) -> list[Wanted]:
    tall = head["chin"] - head["crown"]
    inside = Box(
        round(head["x"] - 0.3 * tall), round(head["crown"] + 0.05 * tall),
        round(0.6 * tall), round(0.9 * tall),
    )  # fmt: skip
    height = SHOTS["headshot"].end * _CANON_HEADS * tall
    frame = Frame(height * (1 + 2 * MARGIN), head["x"], head["crown"] + height / 2, 0.5)
    return [
        Wanted("headshot", b, fit_box(frame, b, size), TOLERANCE * _CANON_HEADS * tall, inside)
        for b in buckets_for(SHOTS["headshot"], BUCKETS)
    ]
