"""One drawn picture of each kind: figures in a pose before a background, and where all of it is."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainer.data.pictures.boxes import Box

from .backgrounds import finish, make_background
from .drawing import Painter, draw_skeleton, make_look
from .skeletons import POSES, Map, Point, Skeleton, make_skeleton

KINDS = (*POSES, "two figures", "bust", "legs only")
"""What the pictures show."""
GIVEN = ("mask", "boxes")
"""Pictures like "texture", for which a mask, or boxes of figures and faces, are handed over."""


@dataclass(frozen=True)
class Figure:
    """One figure whose place is known."""

    bones: Skeleton
    """In pixels."""
    box: Box
    """What of it lies in the picture."""
    height: float
    """Height that it has when it stands, in pixels."""

    @property
    def head(self) -> float:
        """Height of the head in pixels."""
        return self.height / self.bones.heads


@dataclass(frozen=True)
class Scene:
    """A picture and what is known about it."""

    kind: str
    background: str
    image: Image.Image
    figures: tuple[Figure, ...]
    mask: NDArray[np.bool_] | None = None
    """Handed over to the finder, [H,W]."""
    subject_boxes: tuple[Box, ...] = ()
    face_boxes: tuple[Box, ...] = ()
    things: tuple[Box, ...] = field(default=())
    """Subjects that are no figures."""


def make_scene(kind: str, background: str, seed: int) -> Scene:
    """The same picture each time.

    Args:
        kind: One of `KINDS`.
        background: One of `BACKGROUNDS` or of `GIVEN`.
        seed: 0 or above.
    """
    draw = random.Random(f"{kind}/{background}/{seed}")
    size = draw.choice([(480, 640), (640, 640), (640, 480), (420, 720)])
    behind = "texture" if background in GIVEN else background
    picture = make_background(behind, size, draw)
    placed = _place(kind, size, draw)
    whole = Image.new("L", size)
    figures = []
    for bones, height in placed:
        painter = Painter(picture)
        draw_skeleton(painter, bones, make_look(draw, bones.pose != "behind"))
        picture, mask = painter.finish()
        whole.paste(255, mask=mask)
        figures.append(Figure(bones, _extent(mask), height))
    image = finish(behind, picture, whole, draw)
    known = tuple(figures)
    if background == "mask":
        return Scene(kind, background, image, known, mask=np.asarray(whole) > 127)
    if background == "boxes":
        boxes = tuple(one.box for one in known)
        faces = tuple(box for one in known if (box := _face(one, size)) is not None)
        return Scene(kind, background, image, known, subject_boxes=boxes, face_boxes=faces)
    return Scene(kind, background, image, known)


def _extent(mask: Image.Image) -> Box:
    left, top, right, bottom = mask.point(lambda value: 255 * (value > 127)).getbbox() or (
        0, 0, 1, 1,
    )  # fmt: skip
    return Box(left, top, right - left, bottom - top)


def _face(figure: Figure, size: tuple[int, int]) -> Box | None:
    """What a face detector marks: from the forehead to the chin, if the face is in the picture."""
    bones = figure.bones
    if bones.pose == "behind":
        return None
    share = 0.62
    x, y = (bones.crown[i] * (1 - share) + bones.chin[i] * share for i in (0, 1))
    side = 0.76 * figure.head
    if not (0 <= x - side / 2 and x + side / 2 < size[0] and 0 <= y - side / 2 < size[1]):
        return None
    bottom = min(size[1], round(y + side / 2))
    left, top = round(x - side * 0.42), max(0, round(y - side / 2))
    return Box(left, top, round(side * 0.84), bottom - top)


def _place(kind: str, size: tuple[int, int], draw: random.Random) -> list[tuple[Skeleton, float]]:
    width, height = size
    if kind == "two figures":
        half = (width / 2, float(height))
        gap = draw.uniform(-0.02, 0.04) * width
        heads = draw.choice([5, 6, 7.5])
        found = []
        for side in (0, 1):
            bones = make_skeleton("standing", draw, heads)
            room = (side * half[0] + (gap if side else -gap), 0.0, *half)
            found.append(_fit(bones, room, draw.uniform(0.72, 0.9), draw))
        return found
    if kind in ("bust", "legs only"):
        bones = make_skeleton("standing", draw, draw.choice([5, 6, 7, 7.5, 8]))
        tall = height / draw.uniform(0.28, 0.62) if kind == "bust" else height / 0.45
        x = width / 2 + draw.uniform(-0.1, 0.1) * width
        top = draw.uniform(0.05, 0.2) * height if kind == "bust" else 0.92 * height - tall
        return [(bones.mapped(Map(tall, (x, top))), tall)]
    bones = make_skeleton(kind, draw)
    return [_fit(bones, (0.0, 0.0, width, height), draw.uniform(0.62, 0.9), draw)]


def _fit(
    bones: Skeleton, room: tuple[float, float, float, float], share: float, draw: random.Random
) -> tuple[Skeleton, float]:
    """Scale a figure so that it takes `share` of the room, and put it near the middle."""
    points = _points(bones)
    pad = 0.05
    low = [min(p[i] for p in points) - pad for i in (0, 1)]
    high = [max(p[i] for p in points) + pad for i in (0, 1)]
    scale = min(share * room[2] / (high[0] - low[0]), share * room[3] / (high[1] - low[1]))
    spare = [room[2 + i] - scale * (high[i] - low[i]) for i in (0, 1)]
    shift = [room[i] + spare[i] * draw.uniform(0.35, 0.65) - low[i] * scale for i in (0, 1)]
    return bones.mapped(Map(scale, (shift[0], shift[1]))), scale


def _points(bones: Skeleton) -> list[Point]:
    limbs = [point for limb in (*bones.arms, *bones.legs) for point in limb]
    return [bones.crown, bones.chin, *bones.shoulders, *bones.hips, *limbs]
