"""The global random state of a session, left as it was by whatever draws from it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def kept_random_state() -> Iterator[None]:
    """Put the random state of Python, NumPy and torch back afterwards, also after an error.

    Some of ComfyUI's samplers and node packs draw from it or seed it.
    """
    python, arrays, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    has_cards = torch.cuda.is_available() and torch.cuda.is_initialized()
    cards = torch.cuda.get_rng_state_all() if has_cards else []
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)
        torch.set_rng_state(cpu)
        if cards:
            torch.cuda.set_rng_state_all(cards)
