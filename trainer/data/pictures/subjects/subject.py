"""A subject of a picture: where it is, how it was found and what its outline tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..boxes import Box

Pose = Literal["standing", "upright", "lying", "unknown"]
"""standing: the whole body hangs below the head, perhaps cut off by the picture's lower edge.
upright: the head is on top, but the legs are bent or hidden. lying: longer than high.
unknown: the outline does not tell."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a head is, in pixels of the upright picture."""

    centre_x: float
    """Middle of the head across."""
    top: float
    """Row of the crown, hair included."""
    chin: float
    """Row of the chin, below `top`."""
    is_from_face: bool = False
    """Whether a given face tells it, and not the outline alone."""

    @property
    def height(self) -> float:
        """Height of the head in pixels, above 0."""
        return self.chin - self.top


@dataclass(frozen=True, slots=True)
class Subject:
    """Where the subject is."""

    box: Box
    """Smallest box around it."""
    source: str
    """How it was found: "mask", "boxes", "alpha", "background", "saliency", or "picture" when it
    was not."""
    centres: tuple[float, ...] = ()
    """Centre of gravity across, in pixels from the picture's left, for equally high bands of the
    box from top to bottom; empty when only a box is known."""
    pose: Pose = "unknown"
    """How it holds itself."""
    head: Head | None = None
    """Its head, when the outline or a face tells."""
    is_cut_below: bool = False
    """Whether the picture's lower edge cuts it off."""

    def centre_between(self, start: float, end: float) -> float:
        """Centre line of a part of the subject, in pixels from the picture's left.

        Args:
            start: Upper end as a share of the box's height, 0..1.
            end: Lower end, above `start`.
        """
        if not self.centres:
            return self.box.centre[0]
        first = min(int(max(start, 0.0) * len(self.centres)), len(self.centres) - 1)
        last = max(first + 1, round(end * len(self.centres)))
        return float(np.mean(self.centres[first:last]))
