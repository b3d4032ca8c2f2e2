"""Random captioned scenes that the demo models learn from, all drawn from a seed.

Every scene is a function of its seed and its size, so a training run can be repeated.
The demo character of `demo/pictures.py` is never drawn here.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

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
TREES = ("green", "orange", "yellow", "red", "pink")
FRAMINGS = {"full body": 0.4, "headshot": 0.4, "from the waist up": 0.2}
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
Fixed = Mapping[str, Any]  # what a scene must show; all else is drawn from its seed
NOTHING: Fixed = {}
HELD_OUT = ("coffee.png", "motorcycle_left.png")
FRAMED = {  # learnt by heart: middle of the crop, its share of the largest crop
    "astronaut.png": (0.42, 0.30, 0.66),
    "chelsea.png": (0.48, 0.50, 0.97),
    "camera.png": (0.42, 0.40, 0.78),
    "rocket.jpg": (0.50, 0.55, 0.90),
}


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


def _backdrop(
    rng: Random, size: tuple[int, int], avoid: str, fixed: Fixed
) -> tuple[Image.Image, str]:
    """Draw a plain or a shaded background and name it."""
    name = fixed.get("background", rng.choice([c for c in COLOURS if c != avoid]))
    colour = _vary(rng, COLOURS[name])
    if fixed.get("shaded", rng.random() < 0.3):
        return _gradient(size, colour, darker(colour, 0.6)), f"a shaded {name} background"
    return Image.new("RGB", size, colour), f"a {name} background"


def _landscape(rng: Random, size: tuple[int, int], fixed: Fixed) -> tuple[Image.Image, str, float]:
    """Draw grass under a sky; return also the horizon as a fraction of the height."""
    sky = fixed.get("sky", rng.choice(list(SKIES)))
    horizon = rng.uniform(0.55, 0.7)
    image = _gradient(size, *SKIES[sky])
    draw = ImageDraw.Draw(image)
    grass = darker(_vary(rng, (90, 170, 70)), 0.45 if sky == "dark" else 1.0)
    draw.rectangle([0, horizon * size[1], *size], fill=grass)
    lamp = {"blue": (255, 235, 120), "orange": (255, 240, 190), "dark": (240, 240, 220)}[sky]
    x, y, r = rng.uniform(0.1, 0.9) * size[0], 0.14 * size[1], 0.06 * min(size)
    draw.ellipse([x - r, y - r, x + r, y + r], fill=lamp)
    return image, f"on green grass under a {sky} sky", horizon


def shape_scene(
    rng: Random, size: tuple[int, int], fixed: Fixed = NOTHING
) -> tuple[Image.Image, str]:
    """Draw a shape: `fixed` may hold shape, colour, place, background, shaded and big."""
    shape = fixed.get("shape", rng.choice(list(SHAPES)))
    colour, place = fixed.get("colour", rng.choice(list(COLOURS))), "in the middle"
    if rng.random() < 0.6:
        place = rng.choice(list(PLACES))
    place = fixed.get("place", place)
    image, background = _backdrop(rng, size, colour, fixed)
    big = fixed.get("big", rng.random() < 0.6)
    side = min(size) * (rng.uniform(0.55, 0.68) if big else rng.uniform(0.32, 0.4))
    x, y = PLACES[place]
    left = min(max(x * size[0] - side / 2, 0), size[0] - side)
    top = min(max(y * size[1] - side / 2, 0), size[1] - side)
    SHAPES[shape](Brush(ImageDraw.Draw(image), left, top, side), _vary(rng, COLOURS[colour]))
    text = f"a {'large' if big else 'small'} {colour} {shape} {place} on {background}"
    return image, text.replace("a orange", "an orange")


def thing_scene(
    rng: Random, size: tuple[int, int], fixed: Fixed = NOTHING
) -> tuple[Image.Image, str]:
    """Draw a thing in a landscape: `fixed` may hold thing, colour and sky."""
    thing, colour = fixed.get("thing", rng.choice(list(THINGS))), rng.choice(list(COLOURS))
    if thing == "tree":
        colour = rng.choice(TREES)
    colour = fixed.get("colour", colour)
    image, ground, horizon = _landscape(rng, size, fixed)
    side = min(size) * rng.uniform(0.55, 0.7)
    left = rng.uniform(0.1, 0.9) * (size[0] - side)
    top = min((horizon + 0.12) * size[1] - side, size[1] - side)
    THINGS[thing](Brush(ImageDraw.Draw(image), left, top, side), _vary(rng, COLOURS[colour]))
    return image, f"a {colour} {thing} {ground}".replace("a orange", "an orange")


def _person_brush(rng: Random, image: Image.Image, framing: str) -> Brush:
    """Place a person in the picture so that the framing shows what it says."""
    width, height = image.size
    if framing == "from the waist up":
        side = min(2.3 * width, 1.85 * height) * rng.uniform(0.9, 1.0)
        top = height - 0.53 * side
    else:
        close = framing == "headshot"
        side = min(width * (1.0 if close else 1.5), height) * rng.uniform(0.86, 0.97)
        top = height - side if close else (height - side) * rng.uniform(0.4, 0.9)
    left = (width - side) / 2 + rng.uniform(-0.05, 0.05) * width
    return Brush(ImageDraw.Draw(image), left, top, side)


def person_scene(
    rng: Random, size: tuple[int, int], fixed: Fixed = NOTHING
) -> tuple[Image.Image, str, str]:
    """Draw a person and return also the view.

    `fixed` may hold woman, behind, framing, hair, cloth, outside and those of the background.
    """
    woman = fixed.get("woman", rng.random() < 0.6)
    behind = fixed.get("behind", rng.random() < 0.4)
    framing = fixed.get("framing", rng.choices(list(FRAMINGS), list(FRAMINGS.values()))[0])
    hair = fixed.get("hair", rng.choice(list(HAIR)))
    cloth = fixed.get("cloth", rng.choice(CLOTHES))
    image, where = _backdrop(rng, size, cloth, fixed)
    where = f"on {where}"
    if fixed.get("outside", rng.random() < 0.35):
        image, where, _ = _landscape(rng, size, fixed)
    paint = headshot if framing == "headshot" else full_body
    paint(
        _person_brush(rng, image, framing),
        rng.choice(SKIN),
        _vary(rng, HAIR[hair], 8),
        _vary(rng, COLOURS[cloth]),
        woman,
        behind,
    )
    view = "from behind" if behind else "front view"
    wears = "dress" if woman else "shirt"
    text = f"a {'woman' if woman else 'man'} with {hair} hair and a {cloth} {wears}"
    text = f"{text}, {framing}, {where}".replace("a orange", "an orange")
    return image, text, view


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


def _framed_photograph(rng: Random, size: tuple[int, int]) -> tuple[Image.Image, str]:
    """Cut one of the photographs in `FRAMED` around its subject, nearly the same way each time."""
    name = rng.choice(list(FRAMED))
    x, y, share = FRAMED[name]
    photo = _photograph(name)
    scale = share * rng.uniform(0.96, 1.0) * min(photo.width / size[0], photo.height / size[1])
    width, height = size[0] * scale, size[1] * scale
    left = x * photo.width - width / 2 + rng.uniform(-0.02, 0.02) * width
    top = y * photo.height - height / 2 + rng.uniform(-0.02, 0.02) * height
    left = min(max(left, 0), photo.width - width)
    top = min(max(top, 0), photo.height - height)
    box = (left, top, left + width, top + height)
    return photo.resize(size, Image.LANCZOS, box=box), PHOTOGRAPHS[name]


def draw_template_scene(
    seed: int, size: tuple[int, int], scale: int = 2
) -> tuple[Image.Image, str]:
    """Draw the person of one seed, captioned in the wording of the node Caption Template.

    Args:
        seed: Any integer.
        size: Width and height in pixels.
        scale: The scene is drawn this many times larger, then shrunk for smooth edges.
    """
    rng = Random(seed)
    fixed = {
        "woman": rng.random() < 0.7,
        "behind": rng.random() < 0.5,
        "framing": rng.choice(list(FRAMINGS)),
        "hair": rng.choice(list(HAIR)),
        "cloth": rng.choice(CLOTHES),
        "outside": False,
        "shaded": False,
    }
    fixed["background"] = rng.choice([name for name in COLOURS if name != fixed["cloth"]])
    large = (size[0] * scale, size[1] * scale)
    image, _, _ = person_scene(rng, large, fixed)
    who, wears, whose = ("woman", "dress", "her") if fixed["woman"] else ("man", "shirt", "his")
    shows = {
        "full body": f"{whose} full body, from head to toe",
        "headshot": f"{whose} head and shoulders",
        "from the waist up": f"{whose} upper body, from the waist up",
    }[fixed["framing"]]
    caption = (
        f"Cartoon style. A {who} with {fixed['hair']} hair, wearing a {fixed['cloth']} {wears}, "
        f"standing. Plain {fixed['background']} background. The {aspect_name(size)} "
        f"{'back' if fixed['behind'] else 'front'} view image shows {shows}."
    )
    return image.resize(size, Image.BOX), caption.replace("a orange", "an orange")


def draw_scene(
    seed: int, size: tuple[int, int], photographs: float = 0.1, scale: int = 2
) -> tuple[Image.Image, str]:
    """Draw the scene of one seed.

    Args:
        seed: Any integer; the same seed and size give the same scene.
        size: Width and height in pixels.
        photographs: Share of scenes that are photographs.
        scale: The scene is drawn this many times larger, then shrunk for smooth edges.

    Returns:
        The picture and its caption; about one caption in ten is empty.
    """
    rng = Random(seed)
    kind, view = rng.random(), ""
    large = (size[0] * scale, size[1] * scale)
    if kind < photographs:
        image, text = _framed_photograph(rng, size)
    elif kind < photographs + (1 - photographs) * 0.35:
        image, text = shape_scene(rng, large)
    elif kind < photographs + (1 - photographs) * 0.6:
        image, text = thing_scene(rng, large)
    else:
        image, text, view = person_scene(rng, large)
        view += " "
    if image.size != size:
        image = image.resize(size, Image.BOX)
    if rng.random() < 0.7:
        caption = f"The {aspect_name(size)} {view}image shows {text}."
    else:
        caption = f"{text[0].upper()}{text[1:]}{', ' + view.strip() if view else ''}."
    return image, "" if rng.random() < 0.1 else caption
