"""Buckets: the picture sizes that a training run uses.

The VAE halves a picture's sides three times and the transformer takes 2x2 patches of the result,
so every side must be a multiple of 16 pixels.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from PIL import Image

from ...errors import ConfigError

STEP_PX = 16
MIN_SIDE_PX = 64
MAX_SIDE_PX = 4096

_SIZE = re.compile(r"(\d+)\s*[xX×*]\s*(\d+)")


@dataclass(frozen=True, order=True, slots=True)
class Bucket:
    """A picture size in pixels; both sides are multiples of 16."""

    width_px: int
    height_px: int

    @property
    def ratio(self) -> float:
        """Width divided by height."""
        return self.width_px / self.height_px

    def __str__(self) -> str:
        return f"{self.width_px}x{self.height_px}"


GUIDE_BUCKETS = (Bucket(960, 1712), Bucket(768, 1024), Bucket(1024, 1024), Bucket(1024, 768))
"""The four sizes of the character-LoRA guide, 960x1707 made legal: tall, portrait, square and
landscape."""


@dataclass(frozen=True, slots=True)
class CoverResize:
    """How a picture fills a bucket: resize, then cut the centre out."""

    resized_width_px: int
    resized_height_px: int
    left_px: int
    top_px: int


def legal_bucket(width_px: int, height_px: int) -> Bucket:
    """Round a size to the nearest one that the model can take.

    Each side goes to the nearest multiple of 16, a tie upwards, and never below 16:
    960x1707 becomes 960x1712. A legal size stays as it is.

    Args:
        width_px: Wanted width in pixels, at least 1.
        height_px: Wanted height in pixels, at least 1.

    Raises:
        ConfigError: A side is not positive.
    """
    if width_px < 1 or height_px < 1:
        raise ConfigError(
            f"A bucket must have positive sides, but is {width_px}x{height_px}. "
            "Give width and height in pixels, like 768x1024."
        )
    return Bucket(_nearest(width_px), _nearest(height_px))


def parse_buckets(text: str) -> tuple[Bucket, ...]:
    """Read a list of buckets like "960x1707, 768x1024".

    Sizes are parted by commas, semicolons or line breaks and rounded with `legal_bucket`;
    a size that comes twice is kept once, in the order of first appearance.

    Args:
        text: The list; each side from 64 to 4096 pixels.

    Raises:
        ConfigError: The list is empty, or parts of it are not sizes; all of them are named.
    """
    parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    if not parts:
        raise ConfigError(
            "The bucket list is empty. Give at least one size as width x height, like 768x1024."
        )
    found: dict[Bucket, None] = {}
    wrong: list[str] = []
    for part in parts:
        match = _SIZE.fullmatch(part)
        sides = [int(side) for side in match.groups()] if match else []
        if sides and all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in sides):
            found[legal_bucket(sides[0], sides[1])] = None
        else:
            wrong.append(f"'{part}'")
    if wrong:
        raise ConfigError(
            f"The bucket list holds {', '.join(wrong)}, which cannot be used. Each bucket is "
            f"width x height with sides from {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, parted by "
            "commas, like 960x1707, 768x1024."
        )
    return tuple(found)


class BucketSelector:
    """Chooses a bucket for whole pictures of a plain folder, as musubi-tuner does.

    Source: the rule of musubi-tuner 0.3.4 (dataset/bucket.py) in our own code, checked against
    its outputs. One difference: with buckets off it keeps sizes that later stop the training;
    here they are rounded to the nearest legal one.
    """

    def __init__(
        self, resolution: tuple[int, int], enable_bucket: bool = True, no_upscale: bool = False
    ) -> None:
        """Prepare the list of buckets.

        Args:
            resolution: Width and height in pixels; with buckets on only their product matters.
            enable_bucket: Off gives every picture the one bucket `resolution`.
            no_upscale: Pictures with at most the area of `resolution` keep their own size,
                rounded down to multiples of 16; without effect when buckets are off.

        Raises:
            ConfigError: A side of `resolution` is outside 64..4096.
        """
        if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in resolution):
            raise ConfigError(
                f"resolution must have sides from {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, but is "
                f"{resolution[0]}x{resolution[1]}. Change 'resolution'."
            )
        self.area_px = resolution[0] * resolution[1]
        self.no_upscale = no_upscale and enable_bucket
        self.buckets = (
            _buckets_of_area(self.area_px) if enable_bucket else (legal_bucket(*resolution),)
        )

    def choose(self, width_px: int, height_px: int) -> Bucket:
        """Return the bucket whose width/height is nearest to the picture's.

        Args:
            width_px: Width of the picture, at least 1.
            height_px: Height of the picture, at least 1.
        """
        if self.no_upscale and width_px * height_px <= self.area_px:
            return Bucket(max(STEP_PX, _floor(width_px)), max(STEP_PX, _floor(height_px)))
        ratio = width_px / height_px
        return min(self.buckets, key=lambda bucket: abs(bucket.ratio - ratio))


def cover_resize(width_px: int, height_px: int, bucket: Bucket) -> CoverResize:
    """Compute how a picture fills a bucket without being stretched.

    Source: the arithmetic of musubi-tuner 0.3.4 (dataset/media_utils.py), checked against it.

    Args:
        width_px: Width of the picture.
        height_px: Height of the picture.
        bucket: The size to fill.
    """
    scale = max(bucket.width_px / width_px, bucket.height_px / height_px)
    width, height = int(width_px * scale + 0.5), int(height_px * scale + 0.5)
    return CoverResize(
        width, height, (width - bucket.width_px) // 2, (height - bucket.height_px) // 2
    )


def fit_to_bucket(image: Image.Image, bucket: Bucket) -> Image.Image:
    """Resize an RGB picture to cover the bucket and cut its centre out.

    Args:
        image: The picture, upright.
        bucket: The size of the result.
    """
    if image.size == (bucket.width_px, bucket.height_px):
        return image.copy()
    plan = cover_resize(image.width, image.height, bucket)
    resized = image.resize(
        (plan.resized_width_px, plan.resized_height_px), Image.Resampling.LANCZOS
    )
    right, bottom = plan.left_px + bucket.width_px, plan.top_px + bucket.height_px
    return resized.crop((plan.left_px, plan.top_px, right, bottom))


def _nearest(side_px: int) -> int:
    return max(STEP_PX, (side_px + STEP_PX // 2) // STEP_PX * STEP_PX)


def _floor(side_px: int) -> int:
    return side_px // STEP_PX * STEP_PX


def _buckets_of_area(area_px: int) -> tuple[Bucket, ...]:
    side = math.isqrt(area_px)
    found: set[Bucket] = set()
    for width in range(max(STEP_PX, _floor(side // 2)), side + STEP_PX, STEP_PX):
        height = _floor(area_px // width)
        found |= {Bucket(width, height), Bucket(height, width)}
    return tuple(sorted(found))
