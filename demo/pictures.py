"""Draws the demo character and collects the demo pictures.

    python demo/pictures.py OUT_FOLDER

Alva, the demo character, is drawn here from scratch; no picture of hers is stored. The
photographs come from an installed scikit-image, whose data they are; without it they are left
out.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw

View = Literal["front", "behind"]
Point = tuple[float, float]

SIZE = (1080, 1920)
SMOOTH = 3  # drawn this many times larger, then shrunk

PAPER, SHADE = "#f3efe6", "#e2dacb"
SKIN, SKIN_SHADE = "#f7e3d6", "#e8c9b8"
HAIR, HAIR_SHADE, HAIR_LIGHT = "#1fa39a", "#15797a", "#5fd0c3"
DRESS, DRESS_SHADE, DRESS_LIGHT = "#6c3aa6", "#4d2780", "#8a5bc4"
GOLD, GOLD_SHADE, GOLD_LIGHT = "#dfa92c", "#a87715", "#f6d36b"
HORN, HORN_SHADE = "#f0e0b4", "#c2a970"
INK = "#2b2033"

PHOTOGRAPHS = {
    "astronaut.png": "astronaut.png",
    "chelsea.png": "cat.png",
    "coffee.png": "coffee.png",
    "rocket.jpg": "rocket.jpg",
    "camera.png": "photographer.png",
    "motorcycle_left.png": "motorcycle.png",
}


class Canvas:
    """A picture that is drawn on in the coordinates of a 1080x1920 page.

    Args:
        size: Width and height of the finished picture.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.image = Image.new("RGB", (size[0] * SMOOTH, size[1] * SMOOTH), PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.unit = min(size[0] / SIZE[0], size[1] / SIZE[1]) * SMOOTH
        self.left = (self.image.width - SIZE[0] * self.unit) / 2
        self.top = (self.image.height - SIZE[1] * self.unit) / 2

    def at(self, point: Point) -> Point:
        """Turn page coordinates into pixels."""
        return self.left + point[0] * self.unit, self.top + point[1] * self.unit

    def shape(self, points: list[Point], colour: str) -> None:
        """Fill the smooth closed curve through the points."""
        self.draw.polygon([self.at(p) for p in smooth(points)], fill=colour)

    def polygon(self, points: list[Point], colour: str) -> None:
        """Fill the straight-edged polygon through the points."""
        self.draw.polygon([self.at(p) for p in points], fill=colour)

    def disc(self, centre: Point, rx: float, ry: float, colour: str) -> None:
        """Fill an ellipse."""
        (x0, y0), (x1, y1) = (self.at((centre[0] + s * rx, centre[1] + s * ry)) for s in (-1, 1))
        self.draw.ellipse([x0, y0, x1, y1], fill=colour)

    def line(self, points: list[Point], colour: str, width: float) -> None:
        """Draw a line with round joints through the points."""
        self.draw.line(
            [self.at(p) for p in points],
            fill=colour,
            width=max(1, round(width * self.unit)),
            joint="curve",
        )

    def finish(self) -> Image.Image:
        """Return the picture at its final size."""
        return self.image.resize(self.size, Image.Resampling.LANCZOS)


def smooth(points: list[Point], steps: int = 10) -> list[Point]:
    """Put a closed Catmull-Rom curve through the points."""
    curve, count = [], len(points)
    for i in range(count):
        a, b, c, d = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append(
                tuple(
                    0.5
                    * (
                        2 * b[n]
                        + (c[n] - a[n]) * t
                        + (2 * a[n] - 5 * b[n] + 4 * c[n] - d[n]) * t**2
                        + (3 * b[n] - a[n] - 3 * c[n] + d[n]) * t**3
                    )
                    for n in (0, 1)
                )
            )
    return curve


def mirrored(points: list[Point]) -> list[Point]:
    """Mirror points at the middle line of the page."""
    return [(SIZE[0] - x, y) for x, y in points]


def both(paint: Callable[[list[Point], str], None], points: list[Point], colour: str) -> None:
    """Paint a shape and its mirror image."""
    paint(points, colour)
    paint(mirrored(points), colour)


def _boots_and_legs(canvas: Canvas) -> None:
    leg = [(455, 1250), (530, 1250), (528, 1560), (462, 1560)]
    both(canvas.polygon, leg, SKIN)
    both(canvas.polygon, [(512, 1250), (530, 1250), (528, 1560), (510, 1560)], SKIN_SHADE)
    boot = [
        (440, 1490),
        (534, 1490),
        (532, 1660),
        (530, 1762),
        (470, 1782),
        (392, 1780),
        (392, 1742),
        (446, 1690),
    ]
    both(canvas.shape, boot, GOLD)
    both(canvas.polygon, [(512, 1500), (534, 1500), (531, 1760), (508, 1768)], GOLD_SHADE)
    both(canvas.polygon, [(436, 1482), (538, 1482), (536, 1520), (438, 1520)], GOLD_LIGHT)
    both(canvas.polygon, [(394, 1766), (530, 1752), (532, 1790), (392, 1790)], GOLD_SHADE)


def _arms(canvas: Canvas) -> None:
    sleeve = [(440, 640), (398, 662), (352, 790), (330, 905), (388, 930), (426, 830), (462, 730)]
    both(
        canvas.shape,
        [(336, 890), (318, 990), (318, 1060), (352, 1066), (372, 990), (386, 900)],
        SKIN,
    )
    both(
        canvas.shape,
        [(322, 1030), (304, 1072), (312, 1122), (342, 1132), (362, 1096), (360, 1040)],
        SKIN,
    )
    both(canvas.shape, sleeve, DRESS)
    both(canvas.polygon, [(326, 884), (392, 910), (384, 940), (320, 914)], GOLD)


def _dress(canvas: Canvas, view: View) -> None:
    outline = [
        (452, 622),
        (540, 640),
        (628, 622),
        (646, 700),
        (622, 800),
        (618, 862),
        (690, 1010),
        (770, 1290),
        (772, 1352),
        (660, 1382),
        (540, 1392),
        (420, 1382),
        (308, 1352),
        (310, 1290),
        (390, 1010),
        (462, 862),
        (458, 800),
        (434, 700),
    ]
    canvas.shape(outline, DRESS)
    both(
        canvas.shape,
        [(612, 880), (640, 900), (752, 1290), (756, 1345), (690, 1366), (668, 1180)],
        DRESS_SHADE,
    )
    both(canvas.polygon, [(540, 905), (548, 905), (580, 1376), (540, 1380)], DRESS_LIGHT)
    hem = [(310, 1340), (420, 1368), (540, 1378), (660, 1368), (770, 1340)]
    canvas.line(hem, GOLD, 22)
    canvas.polygon([(455, 838), (625, 838), (628, 886), (452, 886)], GOLD)
    canvas.polygon([(455, 872), (625, 872), (628, 886), (452, 886)], GOLD_SHADE)
    if view == "front":
        canvas.disc((540, 862), 34, 34, GOLD_LIGHT)
        canvas.disc((540, 862), 17, 17, HAIR)
        canvas.shape([(486, 622), (540, 632), (594, 622), (566, 690), (540, 716), (514, 690)], SKIN)
        canvas.line([(480, 626), (514, 692), (540, 718), (566, 692), (600, 626)], GOLD, 10)
    else:
        both(canvas.shape, [(540, 862), (470, 822), (432, 862), (468, 904)], GOLD_LIGHT)
        both(canvas.polygon, [(534, 866), (500, 1010), (478, 996), (522, 862)], GOLD_LIGHT)
        canvas.disc((540, 863), 20, 22, GOLD_SHADE)


def _horns(canvas: Canvas) -> None:
    horn = [(430, 282), (382, 236), (352, 158), (372, 84), (398, 148), (430, 200), (484, 240)]
    both(canvas.shape, horn, HORN)
    for low, high in (((392, 246), (452, 226)), ((368, 204), (424, 186)), ((356, 160), (404, 148))):
        both(lambda points, colour: canvas.line(points, colour, 9), [low, high], HORN_SHADE)


def _back_hair(canvas: Canvas) -> None:
    canvas.shape(
        [
            (540, 222),
            (690, 270),
            (742, 420),
            (736, 600),
            (752, 760),
            (706, 842),
            (640, 800),
            (540, 780),
            (440, 800),
            (374, 842),
            (328, 760),
            (344, 600),
            (338, 420),
            (390, 270),
        ],
        HAIR_SHADE,
    )


def _face(canvas: Canvas) -> None:
    canvas.polygon([(504, 560), (576, 560), (582, 640), (498, 640)], SKIN_SHADE)
    canvas.shape(
        [
            (540, 262),
            (648, 300),
            (676, 420),
            (650, 520),
            (590, 588),
            (540, 602),
            (490, 588),
            (430, 520),
            (404, 420),
            (432, 300),
        ],
        SKIN,
    )
    for side in (-1, 1):
        x = 540 + side * 62
        canvas.disc((x, 440), 32, 42, "#ffffff")
        canvas.disc((x, 446), 22, 32, GOLD_SHADE)
        canvas.disc((x, 446), 12, 20, INK)
        canvas.disc((x + 8, 432), 8, 10, "#ffffff")
        canvas.line(
            [(x - side * 38, 396), (x - side * 8, 386), (x + side * 22, 394), (x + side * 44, 416)],
            INK,
            9,
        )
        canvas.disc((540 + side * 96, 506), 26, 15, "#f3b9ae")
    canvas.line([(536, 478), (532, 506), (544, 508)], SKIN_SHADE, 7)
    canvas.shape(
        [(506, 540), (540, 546), (574, 540), (556, 560), (540, 566), (524, 560)], "#b5485d"
    )


def _front_hair(canvas: Canvas) -> None:
    canvas.shape(
        [
            (540, 204),
            (660, 238),
            (718, 350),
            (716, 470),
            (690, 560),
            (672, 470),
            (650, 376),
            (590, 330),
            (540, 306),
            (478, 352),
            (424, 390),
            (408, 470),
            (390, 560),
            (364, 470),
            (362, 350),
            (420, 238),
        ],
        HAIR,
    )
    canvas.shape([(540, 236), (610, 250), (654, 300), (600, 288), (546, 282)], HAIR_LIGHT)
    both(
        canvas.shape,
        [(368, 430), (408, 470), (404, 600), (420, 760), (388, 830), (350, 760), (352, 580)],
        HAIR,
    )


def _hair_from_behind(canvas: Canvas) -> None:
    canvas.shape(
        [
            (540, 204),
            (680, 246),
            (734, 390),
            (732, 580),
            (756, 780),
            (720, 890),
            (650, 850),
            (596, 920),
            (540, 880),
            (484, 920),
            (430, 850),
            (360, 890),
            (324, 780),
            (348, 580),
            (346, 390),
            (400, 246),
        ],
        HAIR,
    )
    for x, y in ((470, 836), (540, 868)):
        lock = [(x, 300), (x - 16, 460), (x - 22, 640), (x - 12, y), (x - 6, 640), (x - 2, 460)]
        both(canvas.shape, lock, HAIR_SHADE)
    both(canvas.shape, [(600, 250), (650, 300), (676, 380), (644, 330), (606, 290)], HAIR_LIGHT)


def draw_character(view: View, size: tuple[int, int] = SIZE) -> Image.Image:
    """Draw Alva, full body, on a plain light page.

    Args:
        view: "front" or "behind".
        size: Width and height of the picture; the figure is fitted and centred.

    Raises:
        ValueError: The view is neither "front" nor "behind".
    """
    if view not in ("front", "behind"):
        raise ValueError(f"The view must be 'front' or 'behind', not {view!r}.")
    canvas = Canvas(size)
    canvas.disc((540, 1786), 300, 34, SHADE)
    if view == "front":
        _back_hair(canvas)
    _boots_and_legs(canvas)
    _arms(canvas)
    _dress(canvas, view)
    _horns(canvas)
    if view == "front":
        _face(canvas)
        _front_hair(canvas)
    else:
        _hair_from_behind(canvas)
    return canvas.finish()


def write_demo_pictures(folder: Path) -> list[Path]:
    """Write the demo pictures below `folder` and return their paths.

    Args:
        folder: Gets `character/` and, with scikit-image installed, `photographs/`.
    """
    written = []
    (folder / "character").mkdir(parents=True, exist_ok=True)
    for view in ("front", "behind"):
        path = folder / "character" / f"alva_{view}.png"
        draw_character(view).save(path)
        written.append(path)
    return written + _copy_photographs(folder / "photographs")


def _copy_photographs(folder: Path) -> list[Path]:
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        return []
    data, written = Path(found.origin).parent / "data", []
    for source, name in PHOTOGRAPHS.items():
        if (data / source).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((data / source).read_bytes())
            written.append(folder / name)
    return written


if __name__ == "__main__":
    for picture in write_demo_pictures(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures")):
        print(picture)
