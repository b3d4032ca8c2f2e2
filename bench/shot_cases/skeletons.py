"""Figures by their joints: where head, trunk and limbs lie in each pose, before they are drawn.

Coordinates are shares of the height that the figure has when it stands: x to the right, y down,
the crown of the upright figure at (0, 0).

Source: proportions after A. Loomis, "Figure Drawing for All It's Worth", 1943, for 7.5 heads; for
other figures the head is as tall as said and everything below the chin is stretched evenly.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

Point = tuple[float, float]
POSES = (
    "standing", "behind", "arms out", "walking", "sitting", "sitting sideways", "lying", "jumping",
)  # fmt: skip
_CANON_CHIN = 1 / 7.5
_SHOULDER_JOINTS = 0.21
"""Half a limb's thickness below the line of the shoulders, 0.18."""


@dataclass(frozen=True)
class Skeleton:
    """The joints of one figure."""

    pose: str
    heads: float
    """Height of the standing figure in heads, 3..8."""
    crown: Point
    chin: Point
    shoulders: tuple[Point, Point]
    hips: tuple[Point, Point]
    arms: tuple[tuple[Point, ...], tuple[Point, ...]]
    """Shoulder, elbow, hand; the left one first."""
    legs: tuple[tuple[Point, ...], tuple[Point, ...]]
    """Hip, knee, ankle, toe."""
    breadth: float = 1.0
    """Thickness of trunk and limbs beside a usual figure."""

    def mapped(self, move: Map) -> Skeleton:
        """The same figure with every joint moved."""
        return replace(
            self,
            crown=move(self.crown),
            chin=move(self.chin),
            shoulders=(move(self.shoulders[0]), move(self.shoulders[1])),
            hips=(move(self.hips[0]), move(self.hips[1])),
            arms=tuple(tuple(move(p) for p in limb) for limb in self.arms),
            legs=tuple(tuple(move(p) for p in limb) for limb in self.legs),
        )


@dataclass(frozen=True)
class Map:
    """Turn, scale and move a point, in that order."""

    scale: float = 1.0
    shift: Point = (0.0, 0.0)
    angle: float = 0.0
    """Radians, clockwise on the page."""

    def __call__(self, point: Point) -> Point:
        """The moved point."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        x, y = point[0] * cos - point[1] * sin, point[0] * sin + point[1] * cos
        return x * self.scale + self.shift[0], y * self.scale + self.shift[1]


def row(canon: float, heads: float) -> float:
    """Where a row of the 7.5-heads figure lies on one of `heads` heads, 0..1."""
    chin = 1 / heads
    if canon <= _CANON_CHIN:
        return canon / _CANON_CHIN * chin
    return chin + (canon - _CANON_CHIN) / (1 - _CANON_CHIN) * (1 - chin)


def make_skeleton(pose: str, draw: random.Random, heads: float | None = None) -> Skeleton:
    """A figure in one of `POSES` with random proportions."""
    heads = heads or draw.choice([3, 4, 5, 6, 7, 7.5, 7.5, 8])
    breadth = draw.uniform(0.85, 1.2)
    sideways = pose in ("walking", "sitting sideways")
    half = (0.05 if sideways else 0.115) * breadth
    shoulder_y, hip_y = row(_SHOULDER_JOINTS, heads), row(0.5, heads)
    hip = half * (0.6 if sideways else 0.55)
    body = (half, shoulder_y, hip, hip_y, heads)
    lean = draw.uniform(-0.01, 0.01)
    if pose.startswith("sitting"):
        legs = _seated(body, draw, sideways)
    elif pose == "jumping":
        legs = (_leg(body, -1, draw.uniform(35, 70), -60), _leg(body, 1, draw.uniform(10, 50), -70))
    elif pose == "walking":
        stride = draw.uniform(12, 28)
        legs = (_leg(body, -1, stride, stride * 1.3), _leg(body, 1, stride, stride * 0.4))
    else:
        spread = draw.uniform(1, 9)
        legs = (_leg(body, -1, spread, spread), _leg(body, 1, spread, spread))
    found = Skeleton(
        pose,
        heads,
        (lean, 0.0),
        (lean, 1 / heads),
        ((-half, shoulder_y), (half, shoulder_y)),
        ((-hip, hip_y), (hip, hip_y)),
        _arms(pose, body, draw),
        legs,
        breadth,
    )
    if pose == "lying":
        turn = math.radians(draw.choice([-90, 90]) + draw.uniform(-10, 10))
        found = found.mapped(Map(angle=turn))
    elif draw.random() < 0.5:
        found = _mirrored(found)
    return found


def _mirrored(found: Skeleton) -> Skeleton:
    return replace(
        found,
        crown=(-found.crown[0], found.crown[1]),
        chin=(-found.chin[0], found.chin[1]),
        arms=tuple(tuple((-x, y) for x, y in limb) for limb in found.arms),
        legs=tuple(tuple((-x, y) for x, y in limb) for limb in found.legs),
    )


def _step(start: Point, degrees: float, length: float) -> Point:
    """From `start` downwards, turned outwards by `degrees` (towards larger x)."""
    angle = math.radians(degrees)
    return start[0] + math.sin(angle) * length, start[1] + math.cos(angle) * length


def _arms(
    pose: str, body: tuple[float, ...], draw: random.Random
) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    half, shoulder_y, _, _, heads = body
    upper, lower = row(0.35, heads) - shoulder_y, row(0.52, heads) - row(0.35, heads)
    limbs = []
    for side in (-1, 1):
        swing = draw.uniform(3, 25)
        if pose == "arms out":
            swing = draw.uniform(70, 125)
        elif pose == "jumping":
            swing = draw.uniform(60, 150)
        elif pose == "sitting":
            swing = draw.uniform(5, 20)
        bend = draw.uniform(-25, 15)
        shoulder = (side * half, shoulder_y)
        elbow = _step(shoulder, side * swing, upper)
        limbs.append((shoulder, elbow, _step(elbow, side * (swing + bend), lower)))
    return limbs[0], limbs[1]


def _leg(body: tuple[float, ...], side: int, thigh: float, shin: float) -> tuple[Point, ...]:
    _, _, hip, hip_y, heads = body
    top = (side * hip, hip_y)
    knee = _step(top, side * thigh, row(0.73, heads) - hip_y)
    ankle = _step(knee, side * shin, row(0.965, heads) - row(0.73, heads))
    return top, knee, ankle, (ankle[0] + side * 0.03, ankle[1] + 0.02)


def _seated(
    body: tuple[float, ...], draw: random.Random, sideways: bool
) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    _, _, hip, hip_y, heads = body
    thigh, shin = row(0.73, heads) - hip_y, row(0.965, heads) - row(0.73, heads)
    on_floor = draw.random() < 0.3
    limbs = []
    for side in (-1, 1):
        top = (side * hip, hip_y)
        if sideways:
            knee = _step(top, draw.uniform(78, 92), thigh)
            ankle = _step(knee, 85 if on_floor else draw.uniform(-12, 8), shin)
            toe = (ankle[0] + 0.035, ankle[1] + (0.0 if on_floor else 0.02))
        elif on_floor:
            knee = _step(top, side * draw.uniform(75, 95), thigh * 0.9)
            ankle = _step(knee, -side * draw.uniform(65, 85), shin * 0.9)
            toe = (ankle[0] - side * 0.02, ankle[1] + 0.015)
        else:
            # Seen from the front the thighs point at us.
            knee = _step(top, side * draw.uniform(20, 55), thigh * 0.4)
            ankle = _step(knee, side * draw.uniform(-10, 5), shin)
            toe = (ankle[0] + side * 0.02, ankle[1] + 0.025)
        limbs.append((top, knee, ankle, toe))
    return limbs[0], limbs[1]
