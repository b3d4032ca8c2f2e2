"""Random numbers that depend only on what they are for, never on what was drawn before.

Each draw has its own generator, seeded from the run's seed and the draw's place (step, sample).
A resumed run therefore sees the same noise as an unbroken one without saving generator states,
and a validation or preview in between changes nothing.
"""

from __future__ import annotations

import hashlib

import torch


def placed_generator(seed: int, purpose: str, *place: int | str) -> torch.Generator:
    """A CPU generator for one purpose at one place.

    Args:
        seed: The run's seed.
        purpose: What is drawn, such as "noise".
        place: Where: step and sample number, or an item's key.
    """
    text = "|".join([str(seed), purpose, *(str(part) for part in place)])
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    # 63 bits: torch's seed is a signed number on some builds.
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
