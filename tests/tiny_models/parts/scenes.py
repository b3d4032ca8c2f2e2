"""Random captioned scenes that the demo models learn from, all drawn from a seed.

Every scene is a function of its seed and its size, so a training run can be repeated.
The demo character of `demo/pictures.py` is never drawn here.
"""

from __future__ import annotations

import functools
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from .figures_art import SHAPES, THINGS, Brush, Colour, darker, full_body, headshot

COLOURS: dict[str, Colour] = {
    "red": (214, 44, 40),
    "green": (46, 160, 67),
    "blue": (40, 90, 210),
    "yellow": (245, 205, 45),
    "orange": (240, 130, 30),
    "purple": (130, 60, 170),
    "pink": (240, 130, 180),
    "white": (245, 245, 245),
    "black": (28, 28, 32),
    "brown": (125, 80, 45),
    "grey": (140, 140, 145),
}
HAIR = {
    "black": (35, 30, 32),
    "brown": (105, 65, 40),
    "blonde": (232, 200, 105),
    "red": (185, 70, 35),
    "white": (232, 232, 235),
}
SKIN = [(250, 218, 190), (232, 188, 150), (190, 135, 95), (120, 80, 55)]
CLOTHES = ("red", "green", "blue", "yellow", "orange", "pink", "white", "black")
SKIES = {
    "blue": ((120, 180, 240), (210, 232, 250)),
    "orange": ((235, 120, 60), (250, 205, 130)),
    "dark": ((15, 20, 50), (50, 60, 105)),
}
PLACES = {
    "in the middle": (0.5, 0.5),
    "on the left": (0.27, 0.5),
    "on the right": (0.73, 0.5),
    "at the top": (0.5, 0.27),
    "at the bottom": (0.5, 0.73),
}
PHOTOGRAPHS = {
    "astronaut.png": "a portrait photo of a woman astronaut",
    "chelsea.png": "a photo of a cat",
    "coffee.png": "a photo of a cup of coffee",
    "camera.png": "a grey photo of a man with a camera",
    "rocket.jpg": "a photo of a rocket at night",
    "hubble_deep_field.jpg": "a photo of galaxies in dark space",
    "motorcycle_left.png": "a photo of a motorcycle in a room",
    "coins.png": "a grey photo of old coins",
    "brick.png": "a grey photo of a brick wall",
    "grass.png": "a grey photo of grass",
    "gravel.png": "a grey photo of gravel",
}
HELD_OUT = ("coffee.png", "motorcycle_left.png")


def aspect_name(size: tuple[int, int]) -> str:
    """Name the nearest usual aspect ratio of a (width, height)."""
    ratio = size[0] / size[1]
    names = {"9:16": 9 / 16, "3:4": 3 / 4, "1:1": 1.0, "4:3": 4 / 3, "16:9": 16 / 9}
    return min(names, key=lambda name: abs(np.log(names[name] / ratio)))


def _vary(rng: Random, colour: Colour, spread: int = 14) -> Colour:
    shift = [rng.randint(-spread, spread) for _ in range(3)]
    return tuple(min(255, max(0, c + s)) for c, s in zip(colour, shift, strict=True))


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    ramp = np.linspace(0, 1, size[1])[:, None, None]
    rows = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
    return Image.fromarray(np.broadcast_to(rows, (size[1], size[0], 3)).astype(np.uint8))


def _backdrop(rng: Random, size: tuple[int, int], avoid: str) -> tuple[Image.Image, str]:
    """Draw a plain or a shaded background and name it."""
    name = rng.choice([c for c in COLOURS if c != avoid])
    colour = _vary(rng, COLOURS[name])
    if rng.random() < 0.3:
        return _gradient(size, colour, darker(colour, 0.6)), f"a shaded {name} background"
    return Image.new("RGB", size, colour), f"a {name} background"


def _landscape(rng: Random, size: tuple[int, int]) -> tuple[Image.Image, str, float]:
    """Draw grass under a sky; return also the horizon as a fraction of the height."""
    sky = rng.choice(list(SKIES))
    horizon = rng.uniform(0.55, 0.7)
    image = _gradient(size, *SKIES[sky])
    draw = ImageDraw.Draw(image)
    grass = darker(_vary(rng, (90, 170, 70)), 0.45 if sky == "dark" else 1.0)
    draw.rectangle([0, horizon * size[1], *size], fill=grass)
    lamp = {"blue": (255, 235, 120), "orange": (255, 240, 190), "dark": (240, 240, 220)}[sky]
    x, y, r = rng.uniform(0.1, 0.9) * size[0], 0.14 * size[1], 0.06 * min(size)
    draw.ellipse([x - r, y - r, x + r, y + r], fill=lamp)
    return image, f"on green grass under a {sky} sky", horizon


def _shape_scene(rng: Random, size: tuple[int, int]) -> tuple[Image.Image, str]:
    shape, colour, place = rng.choice(list(SHAPES)), rng.choice(list(COLOURS)), "in the middle"
    if rng.random() < 0.6:
        place = rng.choice(list(PLACES))
    image, background = _backdrop(rng, size, colour)
    big = rng.random() < 0.6
    side = min(size) * (rng.uniform(0.5, 0.65) if big else rng.uniform(0.25, 0.34))
    x, y = PLACES[place]
    left = min(max(x * size[0] - side / 2, 0), size[0] - side)
    top = min(max(y * size[1] - side / 2, 0), size[1] - side)
    SHAPES[shape](Brush(ImageDraw.Draw(image), left, top, side), _vary(rng, COLOURS[colour]))
    text = f"a {'large' if big else 'small'} {colour} {shape} {place} on {background}"
    return image, text


def _thing_scene(rng: Random, size: tuple[int, int]) -> tuple[Image.Image, str]:
    thing, colour = rng.choice(list(THINGS)), rng.choice(list(COLOURS))
    if thing == "tree":
        colour = rng.choice(["green", "orange", "yellow", "red", "pink"])
    image, ground, horizon = _landscape(rng, size)
    side = min(size) * rng.uniform(0.45, 0.65)
    left = rng.uniform(0.05, 0.95) * (size[0] - side)
    top = min((horizon + 0.12) * size[1] - side, size[1] - side)
    THINGS[thing](Brush(ImageDraw.Draw(image), left, top, side), _vary(rng, COLOURS[colour]))
    return image, f"a {colour} {thing} {ground}"


def _person_scene(rng: Random, size: tuple[int, int]) -> tuple[Image.Image, str, str]:
    woman, behind, close = rng.random() < 0.6, rng.random() < 0.4, rng.random() < 0.45
    hair, cloth = rng.choice(list(HAIR)), rng.choice(CLOTHES)
    image, where = _backdrop(rng, size, cloth)
    where = f"on {where}"
    if rng.random() < 0.35:
        image, where, _ = _landscape(rng, size)
    side = min(size[0] * (1.0 if close else 1.5), size[1]) * rng.uniform(0.86, 0.97)
    left = (size[0] - side) / 2 + rng.uniform(-0.05, 0.05) * size[0]
    top = size[1] - side if close else (size[1] - side) * rng.uniform(0.4, 0.9)
    brush = Brush(ImageDraw.Draw(image), left, top, side)
    paint = headshot if close else full_body
    paint(
        brush,
        rng.choice(SKIN),
        _vary(rng, HAIR[hair], 8),
        _vary(rng, COLOURS[cloth]),
        woman,
        behind,
    )
    view = "from behind" if behind else "front view"
    wears = "dress" if woman else "shirt"
    text = f"a {'woman' if woman else 'man'} with {hair} hair and a {cloth} {wears}"
    return image, f"{text}, {'headshot' if close else 'full body'}, {where}", view


@functools.cache
def _photograph(name: str) -> Image.Image:
    import skimage

    return Image.open(Path(skimage.__file__).parent / "data" / name).convert("RGB")


def photograph_crop(
    rng: Random, size: tuple[int, int], held_out: bool = False, smallest: float = 0.55
) -> tuple[Image.Image, str]:
    """Cut a random part of one of scikit-image's photographs.

    Args:
        rng: Source of randomness.
        size: Width and height of the result.
        held_out: Use the two photographs that training never sees.
        smallest: The least share of the largest possible crop's side that a crop has.

    Returns:
        The crop and its caption.
    """
    names = HELD_OUT if held_out else [name for name in PHOTOGRAPHS if name not in HELD_OUT]
    name = rng.choice(names)
    photo = _photograph(name)
    scale = rng.uniform(smallest, 1.0) * min(photo.width / size[0], photo.height / size[1])
    width, height = int(size[0] * scale), int(size[1] * scale)
    left = rng.randint(0, photo.width - width)
    top = rng.randint(0, photo.height - height)
    crop = photo.crop((left, top, left + width, top + height)).resize(size, Image.LANCZOS)
    return crop, PHOTOGRAPHS[name]


def draw_scene(
    seed: int, size: tuple[int, int], photographs: float = 0.15, scale: int = 2
) -> tuple[Image.Image, str]:
    """Draw the scene of one seed.

    Args:
        seed: Any integer; the same seed and size give the same scene.
        size: Width and height in pixels.
        photographs: Share of scenes that are crops of photographs.
        scale: The scene is drawn this many times larger, then shrunk for smooth edges.

    Returns:
        The picture and its caption; about one caption in ten is empty.
    """
    rng = Random(seed)
    kind, view = rng.random(), ""
    large = (size[0] * scale, size[1] * scale)
    if kind < photographs:
        image, text = photograph_crop(rng, size, smallest=0.9)
    elif kind < photographs + (1 - photographs) * 0.35:
        image, text = _shape_scene(rng, large)
    elif kind < photographs + (1 - photographs) * 0.6:
        image, text = _thing_scene(rng, large)
    else:
        image, text, view = _person_scene(rng, large)
        view += " "
    text = text.replace("a orange", "an orange")
    if image.size != size:
        image = image.resize(size, Image.BOX)
    if rng.random() < 0.7:
        caption = f"The {aspect_name(size)} {view}image shows {text}."
    else:
        caption = f"{text[0].upper()}{text[1:]}{', ' + view.strip() if view else ''}."
    return image, "" if rng.random() < 0.1 else caption
