"""Repeats that let every bucket come about equally often in an epoch."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

MAX_REPEATS = 50
"""Most times one picture comes in an epoch; more would only teach that picture by heart."""
MAX_EPOCH_SAMPLES = 1000
"""Longest epoch that is made for a finer balance."""
GOOD_IMBALANCE = 1.15
"""Largest over smallest bucket, in samples per epoch, that counts as balanced."""

_ROUNDS = 4


def balance_repeats(counts: Mapping[Key, int]) -> dict[Key, int]:
    """Choose repeats so that pictures x repeats is about the same for every bucket.

    The target T is k times the largest bucket, and each bucket gets round(T / pictures) repeats, so
    it misses T by at most half its own pictures. k is the smallest of 1 to 4 for which the largest
    bucket has at most 1.15 times the samples of the smallest, else the best one; k above 1 is not
    used for epochs beyond 1000 samples. Repeats stay within 1 to 50.

    Args:
        counts: Pictures in each bucket, each at least 1.
    """
    if not counts:
        return {}
    choices = [_repeats_for(counts, rounds) for rounds in range(1, _ROUNDS + 1)]
    allowed = [
        choice
        for choice in choices
        if choice is choices[0]
        or sum(counts[key] * choice[key] for key in counts) <= MAX_EPOCH_SAMPLES
    ]
    for choice in allowed:
        if imbalance(counts, choice) <= GOOD_IMBALANCE:
            return choice
    return min(allowed, key=lambda choice: imbalance(counts, choice))


def imbalance(counts: Mapping[Key, int], repeats: Mapping[Key, int]) -> float:
    """Samples per epoch of the largest bucket over those of the smallest: 1 is even."""
    samples = [counts[key] * repeats[key] for key in counts]
    return max(samples) / min(samples)


def _repeats_for(counts: Mapping[Key, int], rounds: int) -> dict[Key, int]:
    target = rounds * max(counts.values())
    return {
        key: min(MAX_REPEATS, max(1, (2 * target + count) // (2 * count)))
        for key, count in counts.items()
    }
