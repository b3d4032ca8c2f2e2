"""Finding pictures that show the same thing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

NEAR_DISTANCE = 8
"""Most differing bits for two pictures to count as near duplicates (0..64)."""

_GRID = 32
_WAVES = 8


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared of one picture."""

    digest: str
    """Digest of the pixels."""
    look: int | None
    """Perceptual hash; None is like no other picture."""
    view: str = ""
    """Side the subject shows, "" when not known."""


@dataclass(frozen=True, slots=True)
class Match:
    """Picture number `later` repeats picture number `earlier`."""

    earlier: int
    later: int
    is_exact: bool


def perceptual_hash(image: Image.Image) -> int:
    """Compute 64 bits that stay nearly the same when a picture is resized or saved again.

    Bit n tells whether the n-th of the 8x8 slowest cosine waves of the grey 32x32 picture is
    stronger than their median; the constant wave is left out. The level and contrast of the
    brightness do not matter.

    Source: the known "pHash" idea (discrete cosine transform, Ahmed, Natarajan and Rao 1974);
    own code.

    Args:
        image: RGB, or RGBA, which is compared on white.
    """
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    small = image.convert("L").resize((_GRID, _GRID), Image.Resampling.LANCZOS)
    grey = np.asarray(small, dtype=np.float64)
    places = 2 * np.arange(_GRID) + 1
    waves = np.cos(np.pi * places[None, :] * np.arange(_WAVES)[:, None] / (2 * _GRID))
    strengths = (waves @ grey @ waves.T).ravel()
    # Rounded away: differences that only floating point makes (a plain picture is all zeros).
    strengths = np.round(strengths, 3)
    bits = strengths > np.median(strengths[1:])
    bits[0] = False
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hamming_distance(first: int, second: int) -> int:
    """Count the bits that differ between two hashes: 0..64."""
    return (first ^ second).bit_count()


def find_duplicates(
    fingerprints: Sequence[Fingerprint], near_distance: int = NEAR_DISTANCE
) -> list[Match]:
    """List the pictures that repeat an earlier one, each at most once.

    Equal digests are exact duplicates. Pictures whose names say that they show different sides
    of the subject are never near duplicates: two outlines of one figure look alike.

    Args:
        fingerprints: One for each picture, in order.
        near_distance: Most differing bits for near duplicates, 0..64.
    """
    matches: list[Match] = []
    for later, current in enumerate(fingerprints):
        match = _nearest_earlier(fingerprints, later, current, near_distance)
        if match is not None:
            matches.append(match)
    return matches


def _nearest_earlier(
    fingerprints: Sequence[Fingerprint], later: int, current: Fingerprint, limit: int
) -> Match | None:
    best: tuple[int, int] | None = None
    for earlier, other in enumerate(fingerprints[:later]):
        if other.digest == current.digest:
            return Match(earlier, later, is_exact=True)
        if other.view and current.view and other.view != current.view:
            continue
        if other.look is None or current.look is None:
            continue
        distance = hamming_distance(other.look, current.look)
        if distance <= limit and (best is None or distance < best[0]):
            best = (distance, earlier)
    return None if best is None else Match(best[1], later, is_exact=False)
