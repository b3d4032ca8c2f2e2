"""The named framings of a figure, as rows of the body.

Rows are shares of the figure's height from the top of the head (0) to the soles (1), for a
figure 7.5 heads tall: chin 0.133, shoulders 0.18, chest 0.27, navel 0.40, hips 0.50, knees 0.72.

Source: the academic canon, a normal figure of 7.5 heads with shoulders 2 heads wide (A. Loomis,
"Figure Drawing for All It's Worth", 1943, on proportion); the framings follow film usage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import ConfigError
from ..pictures.buckets import Bucket

CANON_HEADS = 7.5
"""Height of the canonical figure, in heads."""
SHOULDER_HEADS = 2.0
"""Width of the canonical figure over the shoulders, in head heights."""
PICTURE_SHOT = "picture"
"""Framing of pictures in which no figure was found."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One framing."""

    name: str
    """Word used in captions and tables, with underscores."""
    start: float
    """First row."""
    end: float
    """Last row of the tightest framing."""
    loosest_end: float
    """Last row when the framing is widened to keep the enlargement in its limit."""
    anchor: float
    """Which end stays when the box must shrink: 0 top, 0.5 middle, 1 bottom."""
    shapes: tuple[str, ...]
    """Bucket shapes it is made for, see `shape_of`."""
    fallback: tuple[str, ...] = ()
    """Shapes used when no chosen bucket has one of `shapes`."""
    holds_whole: bool = False
    """Whether the whole figure must be inside."""
    is_of_head: bool = False
    """Whether the head alone tells where it is, whatever the rest of the body does."""

    @property
    def words(self) -> str:
        """Name as plain words."""
        return self.name.replace("_", " ")


_CLOSE_SHAPES = ("portrait", "square", "landscape")

SHOTS: dict[str, Shot] = {
    shot.name: shot
    for shot in (
        Shot("full_body", 0.0, 1.0, 1.0, 0.5, ("tall",), ("portrait",), holds_whole=True),
        Shot("waist_up", 0.0, 0.45, 0.56, 0.0, (*_CLOSE_SHAPES, "wide")),
        Shot("torso", 0.14, 0.52, 0.60, 0.5, _CLOSE_SHAPES),
        Shot("headshot", 0.0, 0.20, 0.32, 0.0, (*_CLOSE_SHAPES, "wide"), is_of_head=True),
        Shot("detail", 0.5, 1.0, 1.0, 1.0, ("portrait", "square")),
    )
}
"""All framings by name, in the order in which crops are made. "detail" shows legs and footwear,
which no other close framing does."""


def parse_shots(text: str) -> tuple[str, ...]:
    """Read a list of framings like "full_body, waist up"; spaces may stand for underscores.

    Args:
        text: Names of `SHOTS` or "picture", parted by commas or line breaks.

    Raises:
        ConfigError: The list is empty or holds unknown names; all of them are named.
    """
    known = (*SHOTS, PICTURE_SHOT)
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    names = {"_".join(part.lower().replace("-", " ").split()): part for part in parts}
    unknown = [f"'{part}'" for name, part in names.items() if name not in known]
    if unknown or not names:
        said = f"'shots' holds {', '.join(unknown)}" if unknown else "'shots' is empty"
        raise ConfigError(f"{said}. Choose from {', '.join(known)}, parted by commas.")
    return tuple(names)


def shape_of(bucket: Bucket) -> str:
    """Name a bucket's shape: tall (9:16), portrait (3:4), square, landscape (4:3), wide (16:9)."""
    limits = ((0.66, "tall"), (0.9, "portrait"), (1.12, "square"), (1.55, "landscape"))
    return next((name for limit, name in limits if bucket.ratio < limit), "wide")


def buckets_for(shot: Shot, buckets: tuple[Bucket, ...]) -> tuple[Bucket, ...]:
    """Choose the buckets that a framing is made for, in their order."""
    fitting = tuple(bucket for bucket in buckets if shape_of(bucket) in shot.shapes)
    return fitting or tuple(bucket for bucket in buckets if shape_of(bucket) in shot.fallback)


def body_row(row: float, heads_tall: float = CANON_HEADS) -> float:
    """Move a row of the canonical figure to one with a larger or smaller head.

    The chin goes to 1/heads_tall; head and body are stretched evenly on their sides of it.

    Args:
        row: Row of the 7.5-heads figure, 0..1.
        heads_tall: Height of the figure in heads, above 1; 7.5 returns `row`.
    """
    chin, new_chin = 1.0 / CANON_HEADS, 1.0 / heads_tall
    if row <= chin:
        return row * new_chin / chin
    return new_chin + (row - chin) * (1.0 - new_chin) / (1.0 - chin)
