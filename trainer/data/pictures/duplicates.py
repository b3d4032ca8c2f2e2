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
# Large pictures are first averaged down to this many times the grid: eight times as quick.
_REDUCING_GAP = 3.0
_BITS = np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2), axis=1)
_BIT_COUNTS = _BITS.sum(axis=1, dtype=np.uint8)


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
    small = image.convert("L").resize(
        (_GRID, _GRID), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP
    )
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
    first_of: dict[str, int] = {}
    seen = _Seen(fingerprints)
    matches: list[Match] = []
    for later, current in enumerate(fingerprints):
        exact = first_of.setdefault(current.digest, later)
        if exact < later:
            matches.append(Match(exact, later, is_exact=True))
            continue
        near = seen.nearest_before(later, near_distance)
        if near is not None:
            matches.append(Match(near, later, is_exact=False))
    return matches


class _Seen:
    """Perceptual hashes and views as arrays, so that one picture meets all earlier ones at once."""

    def __init__(self, fingerprints: Sequence[Fingerprint]) -> None:
        looks = [one.look for one in fingerprints]
        hashes = np.array([look or 0 for look in looks], dtype=np.uint64)
        self._quarters = hashes.view(np.uint16).reshape(-1, 4)
        self._has_look = np.array([look is not None for look in looks], dtype=np.bool_)
        numbers: dict[str, int] = {"": 0}
        views = [numbers.setdefault(one.view, len(numbers)) for one in fingerprints]
        self._views = np.array(views, dtype=np.int64)

    def nearest_before(self, later: int, limit: int) -> int | None:
        """The first of the earlier pictures that differ least, if that is at most `limit` bits."""
        if later == 0 or not self._has_look[later]:
            return None
        differing = self._quarters[:later] ^ self._quarters[later]
        distances = _BIT_COUNTS[differing].sum(axis=1, dtype=np.int64)
        view, views = self._views[later], self._views[:later]
        may_match = self._has_look[:later] & ((view == 0) | (views == 0) | (views == view))
        distances[~may_match] = limit + 1
        nearest = int(np.argmin(distances))
        return nearest if distances[nearest] <= limit else None
