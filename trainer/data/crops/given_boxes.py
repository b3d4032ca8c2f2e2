"""Boxes of subjects and faces from other nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..pictures.boxes import Box


@dataclass(frozen=True, slots=True)
class GivenBoxes:
    """Boxes by the digest of their picture, in pixels; pictures may lack some."""

    subjects: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    """One box around each subject."""
    faces: Mapping[str, tuple[Box, ...]] = field(default_factory=dict)
    """One box around each face."""
