"""Which crops a picture of known figures should give, and whether the proposed ones are those.

**Tolerance** (set before any rule was tuned): a named shot is right when each edge of its box lies
within 6% of the figure's standing height from the true box; a headshot must also hold the whole
head. Where no named shot of the body can be told from the outline (lying, sitting, jumping, two
figures together, things), the whole is wanted as "picture": a box that cuts at most 6% off and is
at most 1.6 times as large as the true one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainer.data.crops.shots import PICTURE_SHOT, SHOTS, buckets_for
from trainer.data.pictures.boxes import Box, Frame, box_around, fit_box
from trainer.data.pictures.buckets import Bucket, parse_buckets

from .scenes import Figure, Scene
from .skeletons import row

BUCKETS = parse_buckets("144x256, 192x256, 256x256, 256x192")
MARGIN = 0.05
TOLERANCE = 0.06
MOST_CUT = 0.06
LARGEST_WHOLE = 1.6
_STANDING = ("standing", "behind", "arms out", "walking")
_UPRIGHT = ("sitting", "sitting sideways", "jumping")


@dataclass(frozen=True)
class Wanted:
    """A crop that the picture should give."""

    shot: str
    bucket: Bucket
    box: Box
    slack: float
    """How far each edge may lie off, in pixels."""
    inside: Box | None = None
    """What must be inside whole."""
    is_asked: bool = True
    """False where it is right if proposed, but not missed."""


@dataclass(frozen=True)
class Proposed:
    """A crop that somebody proposes."""

    shot: str
    bucket: Bucket
    box: Box


@dataclass(frozen=True)
class Score:
    """Counts over one or more pictures."""

    right: int = 0
    wrong: int = 0
    found: int = 0
    """Wanted crops that were proposed."""
    wanted: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.right + other.right,
            self.wrong + other.wrong,
            self.found + other.found,
            self.wanted + other.wanted,
        )

    @property
    def within(self) -> float:
        """Share of the proposed crops that are right; 1 when none is proposed."""
        return self.right / max(1, self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def share_found(self) -> float:
        """Share of the wanted crops that were proposed right."""
        return self.found / self.wanted if self.wanted else 1.0


def wanted_crops(scene: Scene) -> list[Wanted]:
    """All crops that are right for a picture."""
    found: list[Wanted] = []
    for figure in scene.figures:
        found += _of_figure(figure, scene)
    wholes = [figure.box for figure in scene.figures] + list(scene.things)
    upright = [f for f in scene.figures if f.bones.pose in _STANDING]
    if wholes and (len(wholes) > 1 or not upright):
        found += _whole(box_around(wholes), scene.image.size)
    return found


def judge(scene: Scene, proposed: Iterable[Proposed], wanted: Sequence[Wanted]) -> Score:
    """Compare; whole-picture crops count only where the whole is wanted."""
    right = wrong = 0
    met: set[int] = set()
    wholes = [one for one in wanted if one.shot == PICTURE_SHOT]
    for crop in proposed:
        fits = [i for i, one in enumerate(wanted) if _fits(crop, one)]
        names = {crop.shot, PICTURE_SHOT} if crop.shot == "full_body" else {crop.shot}
        is_right = any(wanted[i].shot in names for i in fits)
        # Two shots that are nearly the same part are made once, under either name.
        if is_right or crop.shot == PICTURE_SHOT:
            met.update(fits)
        if is_right:
            right += 1
        elif crop.shot != PICTURE_SHOT or _cuts(crop, wholes):
            wrong += 1
    asked = [i for i, one in enumerate(wanted) if one.is_asked]
    return Score(right, wrong, sum(i in met for i in asked), len(asked))


def centre_crops(scene: Scene, wanted: Sequence[Wanted]) -> list[Proposed]:
    """The largest box of the bucket's shape in the middle, for each crop that is asked for."""
    width, height = scene.image.size
    frame = Frame(height, width / 2, height / 2, 0.5)
    return [
        Proposed(one.shot, one.bucket, fit_box(frame, one.bucket, scene.image.size))
        for one in wanted
        if one.is_asked
    ]


def _of_figure(figure: Figure, scene: Scene) -> list[Wanted]:
    pose, size = figure.bones.pose, scene.image.size
    if pose == "lying":
        x, y = (sum(p) / 2 for p in zip(figure.bones.crown, figure.bones.chin, strict=True))
        frame = Frame(1.5 * figure.head * (1 + 2 * MARGIN), x, y, 0.5)
        return [
            Wanted("headshot", b, fit_box(frame, b, size), TOLERANCE * figure.height, None, False)
            for b in buckets_for(SHOTS["headshot"], BUCKETS)
        ]
    found = []
    for name, shot in SHOTS.items():
        if name == "full_body" and pose in _UPRIGHT:
            continue
        for bucket in buckets_for(shot, BUCKETS):
            frame = _frame(name, figure, bucket)
            box = fit_box(frame, bucket, size)
            wish = Wanted(name, bucket, box, TOLERANCE * figure.height, _head_of(name, figure))
            if _is_there(wish, frame, figure, size):
                is_asked = pose in _STANDING or name == "headshot"
                # What is cut off above can be no headshot, but legs are legs.
                is_asked = is_asked and scene.kind != "legs only"
                shows_trunk = name in ("waist_up", "torso", "headshot")
                if is_asked or scene.kind == "legs only" or shows_trunk:
                    found.append(Wanted(name, bucket, box, wish.slack, wish.inside, is_asked))
    return found


def _frame(name: str, figure: Figure, bucket: Bucket) -> Frame:
    """The true framing: rows of the body with the margin, around the part's own middle."""
    bones, box, room = figure.bones, figure.box, 1 + 2 * MARGIN
    if name == "full_body":
        height = max(box.height * room, box.width * room / bucket.ratio)
        return Frame(height, *box.centre, 0.5)
    shot = SHOTS[name]
    start, end = row(shot.start, bones.heads), row(shot.end, bones.heads)
    head_x = (bones.crown[0] + bones.chin[0]) / 2
    hip_x = sum(p[0] for p in bones.hips) / 2
    if name == "headshot":
        x = head_x
    elif name == "detail":
        x = sum(p[0] for leg in bones.legs for p in leg[:3]) / 6
    else:
        x = (sum(p[0] for p in bones.shoulders) / 2 + hip_x) / 2
    middle = bones.crown[1] + (start + end) / 2 * figure.height
    return Frame((end - start) * figure.height * room, x, middle, 0.5)


def _is_there(wish: Wanted, frame: Frame, figure: Figure, size: tuple[int, int]) -> bool:
    """Whether the picture shows what the shot is about, with room for a box of that shape."""
    if wish.shot == "full_body":
        soles = figure.bones.crown[1] + figure.height
        return soles <= size[1] + 1 and wish.box.cut_off_share(figure.box) <= 0.02
    top, bottom = frame.anchor_y - frame.height / 2, frame.anchor_y + frame.height / 2
    slack = 0.05 * figure.height
    if top < -slack or bottom > size[1] + slack:
        return False
    if wish.inside and wish.inside.bottom > size[1]:
        return False
    return wish.box.height >= 0.85 * frame.height


def _head_of(name: str, figure: Figure) -> Box | None:
    if name != "headshot":
        return None
    x = (figure.bones.crown[0] + figure.bones.chin[0]) / 2
    top, slack = figure.bones.crown[1], 0.01 * figure.height
    half = 0.3 * figure.head
    return Box(round(x - half), round(top + slack), round(2 * half), round(figure.head - 2 * slack))


def _whole(whole: Box, size: tuple[int, int]) -> list[Wanted]:
    found = []
    room = 1 + 2 * MARGIN
    for bucket in BUCKETS:
        height = max(whole.height * room, whole.width * room / bucket.ratio)
        box = fit_box(Frame(height, *whole.centre, 0.5), bucket, size)
        if box.cut_off_share(whole) <= MOST_CUT:
            found.append(Wanted(PICTURE_SHOT, bucket, box, 0.0, whole))
    return found


def _fits(crop: Proposed, wish: Wanted) -> bool:
    if crop.bucket != wish.bucket:
        return False
    area, true = crop.box.width * crop.box.height, wish.box.width * wish.box.height
    if wish.shot == PICTURE_SHOT:
        whole = wish.inside or wish.box
        return crop.box.cut_off_share(whole) <= MOST_CUT and area <= LARGEST_WHOLE * true
    if wish.inside and crop.box.cut_off_share(wish.inside) > 0:
        return False
    pairs = zip(crop.box.corners, wish.box.corners, strict=True)
    return max(abs(one - other) for one, other in pairs) <= wish.slack


def _cuts(crop: Proposed, wholes: Sequence[Wanted]) -> bool:
    """Whether a "picture" cuts the subject although a box of its shape need not."""
    return any(
        one.bucket == crop.bucket and crop.box.cut_off_share(one.inside or one.box) > MOST_CUT
        for one in wholes
    )
