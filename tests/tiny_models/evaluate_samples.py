"""Measure how well samples of the demo diffusion model show what their prompts say.

    python evaluate_samples.py --comfyui PATH

Every sample is compared with many drawn scenes in its colours and of all forms. The nearest one,
in mean squared difference of small copies, tells the form that the sample shows and where; the
median colour there tells its colours. Notes in figures.json how often they are what the prompt
asked for, beside the same for held-out drawn scenes that only went through the VAE.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from evaluate_vae import HELD_OUT_SEED
from parts.host import import_demo_models, note_figures, use_comfyui
from parts.scenes import (
    CLOTHES,
    COLOURS,
    HAIR,
    SHAPES,
    SKIES,
    THINGS,
    Fixed,
    aspect_name,
    person_scene,
    shape_scene,
    thing_scene,
)
from PIL import Image
from sample_dit import sample

DRAWINGS = 40  # of every form, at different places and in different sizes and shades
SMALLER = 3  # pictures are compared at a third of their size
DRAWING_SEED = 3_000_000_000
PALETTES = {"colour": COLOURS, "cloth": COLOURS, "hair": HAIR}


@dataclass(frozen=True)
class Family:
    """A kind of scene and what can be told apart in it.

    Attributes:
        draw: The function that draws it.
        size: Width and height of the samples.
        cases: What each sample must show, background included.
        forms: The forms that a sample may show instead, by name.
        colours: Names of the colours that are read, keys of `PALETTES`.
    """

    draw: Callable[..., tuple]
    size: tuple[int, int]
    cases: list[dict[str, Any]]
    forms: dict[str, tuple]
    colours: tuple[str, ...]

    def small(self, seed: int, shown: Fixed) -> np.ndarray:
        """Draw a scene at the size for comparing, as (height, width, 3)."""
        size = tuple(side // SMALLER for side in self.size)
        image = self.draw(Random(seed), tuple(2 * side for side in size), shown)[0]
        return np.asarray(image.resize(size, Image.BOX), np.float32)


def families() -> dict[str, Family]:
    """Make the three families, each with 24 prompts."""
    plain = {"place": "in the middle", "big": True, "shaded": False}
    pairs = (("red", "white"), ("blue", "yellow"), ("green", "pink"), ("orange", "blue"))
    shapes = [
        {"shape": shape, "colour": colour, "background": background, **plain}
        for shape in SHAPES
        for colour, background in pairs
    ]
    things = [
        {"thing": thing, "colour": colour, "sky": sky}
        for thing in THINGS
        for colour in ("red", "yellow")
        for sky in SKIES
    ]
    backgrounds = ("white", "yellow", "grey", "blue", "grey", "yellow")
    looks = list(zip((*HAIR, "black"), CLOTHES[:6], backgrounds, strict=True))
    whole = {"framing": "full body", "outside": False, "shaded": False}
    people = [
        {
            "woman": woman,
            "behind": behind,
            "hair": hair,
            "cloth": cloth,
            "background": back,
            **whole,
        }
        for woman in (True, False)
        for behind in (True, False)
        for hair, cloth, back in looks
    ]
    yes_no = (True, False)
    views = {"woman": yes_no, "behind": yes_no}
    square, tall = (128, 128), (96, 160)
    return {
        "shapes": Family(shape_scene, square, shapes, {"shape": tuple(SHAPES)}, ("colour",)),
        "things": Family(thing_scene, square, things, {"thing": tuple(THINGS)}, ("colour",)),
        "people": Family(person_scene, tall, people, views, ("hair", "cloth")),
    }


def prompt_of(family: Family, case: Fixed) -> str:
    """Caption a scene as training captions it."""
    _, text, *view = family.draw(Random(0), family.size, case)
    words = " ".join((aspect_name(family.size), *view))
    return f"The {words} image shows {text}."


def read(family: Family, image: Image.Image, case: Fixed) -> dict[str, Any]:
    """Return what a picture shows, one entry for every form and colour of its family.

    Args:
        family: What the picture is compared with.
        image: The picture.
        case: What it should show; scenes of other forms are drawn in the same colours.
    """
    size = tuple(side // SMALLER for side in family.size)
    pixels = np.asarray(image.resize(size, Image.BOX), np.float32)
    best, nearest = (np.inf, 0), {}
    for values in itertools.product(*family.forms.values()):
        form = dict(zip(family.forms, values, strict=True))
        for seed in range(DRAWING_SEED, DRAWING_SEED + DRAWINGS):
            far = float(np.square(family.small(seed, {**case, **form}) - pixels).mean())
            if far < best[0]:
                best, nearest = (far, seed), form
    scene = best[1], {**case, **nearest}
    return {
        **nearest,
        **{name: read_colour(family, pixels, scene, name) for name in family.colours},
    }


def read_colour(family: Family, pixels: np.ndarray, scene: tuple[int, Fixed], name: str) -> str:
    """Name the colour of the pixels that change in `scene` when its colour `name` does."""
    seed, shown = scene
    pair = [family.small(seed, {**shown, name: colour}) for colour in ("red", "white")]
    change = np.abs(pair[0] - pair[1]).sum(-1)
    middle = np.median(pixels[change > 0.7 * change.max()], axis=0)
    palette = PALETTES[name]
    return min(palette, key=lambda colour: float(np.square(middle - palette[colour]).sum()))


def shares(seen: list[dict[str, Any]], wishes: list[dict[str, Any]]) -> dict[str, float]:
    """Return the share of right answers for every name, and of pictures right in all."""
    pairs = list(zip(seen, wishes, strict=True))
    found = {name: np.mean([a[name] == b[name] for a, b in pairs]) for name in seen[0]}
    found["all"] = np.mean([a.items() <= b.items() for a, b in pairs])
    return {name: round(float(value), 3) for name, value in found.items()}


def as_image(pixels: np.ndarray) -> Image.Image:
    """Turn (height, width, 3) from 0 to 1 into a picture."""
    return Image.fromarray((pixels * 255).round().astype(np.uint8))


def drawn_through_vae(vae: object, family: Family) -> list[Image.Image]:
    """Return what the VAE gives back of held-out drawn scenes that show what is asked for."""
    images = []
    for seed, case in enumerate(family.cases, start=HELD_OUT_SEED):
        large = tuple(2 * side for side in family.size)
        image = family.draw(Random(seed), large, case)[0].resize(family.size, Image.BOX)
        pixels = torch.from_numpy(np.asarray(image, np.float32) / 255)[None]
        back = vae.decode(vae.encode(pixels)).reshape(pixels.shape[1:])
        images.append(as_image(back.clamp(0, 1).float().numpy()))
    return images


def measure(demo: object, family: Family, guidances: list[float]) -> dict[str, Any]:
    """Return the shares of right answers of one family at every guidance."""
    rows: dict[str, Any] = {"samples": len(family.cases)}
    shown = {"drawn_through_vae": drawn_through_vae(demo.vae, family)}
    for guidance in guidances:
        shown[f"guidance_{guidance:g}"] = [
            as_image(sample(demo, prompt_of(family, case), family.size, seed, guidance))
            for seed, case in enumerate(family.cases)
        ]
    for name, images in shown.items():
        seen = [read(family, *pair) for pair in zip(images, family.cases, strict=True)]
        rows[name] = shares(seen, family.cases)
    chance = {key: len(options) for key, options in family.forms.items()}
    chance |= {key: len(PALETTES[key]) for key in family.colours}
    rows["chance"] = {key: round(1 / count, 3) for key, count in chance.items()}
    return rows


@torch.inference_mode()
def main() -> None:
    """Measure all families and note the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--comfyui", type=Path, required=True)
    parser.add_argument("--guidance", type=float, nargs="+", default=[6.0, 1.0])
    args = parser.parse_args()
    use_comfyui(args.comfyui)
    demo = import_demo_models().load_demo_models()
    figures = {}
    for name, family in families().items():
        figures[name] = measure(demo, family, args.guidance)
        print(name, json.dumps(figures[name]), flush=True)
    note_figures("dit_samples", figures)


if __name__ == "__main__":
    main()
