"""What is wrong with one crop, from what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..crops.planning import Crop
from .looking import CropLook
from .measures.compression import DAMAGED_LEVELS
from .measures.detail import HIDDEN_ENLARGEMENT
from .measures.sharpness import SOFT_EDGES_PX

ENLARGED_FROM = 1.25
"""A crop that is enlarged more than this is pointed out.

Up to there the edges of pictures in focus stay as sharp as those of untouched ones, below 0.9
pixels; at 1.5, the usual limit of a crop plan, the softest reach 1.0, at 2 1.25 (docs/report.md).
"""


@dataclass(frozen=True, slots=True, eq=False)
class CropState:
    """One crop with what is wrong with it."""

    look: CropLook
    """What was measured."""
    enlargement: float
    """Times that it is enlarged for training; below 1 it is made smaller."""

    @property
    def total_enlargement(self) -> float:
        """With what was done to the picture before."""
        return self.enlargement * self.look.hidden_enlargement

    @property
    def is_blurred(self) -> bool:
        """Whether its sharpest edges are wide, whatever made them so."""
        return self.look.blur_px is not None and self.look.blur_px > SOFT_EDGES_PX

    @property
    def is_soft_source(self) -> bool:
        """Whether its picture holds less detail than its pixels could, and training shows it."""
        hidden = self.look.hidden_enlargement
        return hidden >= HIDDEN_ENLARGEMENT and self.total_enlargement > HIDDEN_ENLARGEMENT

    @property
    def _is_blurred_by_enlarging(self) -> bool:
        """Whether its edges would be sharp without being enlarged."""
        return (self.look.blur_px or 0.0) <= SOFT_EDGES_PX * self.enlargement

    @property
    def softness(self) -> str:
        """The one name of what makes it soft: enlarged, blurred, soft or ""."""
        if self.is_blurred and not self._is_blurred_by_enlarging:
            return "blurred"
        if self.enlargement > ENLARGED_FROM:
            return "enlarged"
        return "soft" if self.is_soft_source else ""

    @property
    def is_damaged(self) -> bool:
        """Whether traces of compression are left after resizing."""
        return self.look.damage >= DAMAGED_LEVELS

    @property
    def soft_severity(self) -> float:
        """1 at the limit of blur or enlargement, more beyond; 0 without softness."""
        if not self.softness:
            return 0.0
        parts = [0.0]
        if self.is_blurred and self.look.blur_px is not None:
            parts.append(self.look.blur_px / SOFT_EDGES_PX)
        if self.enlargement > ENLARGED_FROM:
            parts.append(self.enlargement / ENLARGED_FROM)
        if self.is_soft_source:
            parts.append(self.total_enlargement / HIDDEN_ENLARGEMENT)
        return max(parts)

    @property
    def damage_severity(self) -> float:
        """1 at the limit of damage by compression, more beyond."""
        return self.look.damage / DAMAGED_LEVELS

    @property
    def badness(self) -> float:
        """The worse of both, by which crops are sorted; 0 when nothing is wrong."""
        return max(self.soft_severity, self.damage_severity if self.is_damaged else 0.0)

    def marks(self) -> list[str]:
        """A few words for each trouble, for a tile: "enlarged x2.7", "blurred 2.3 px"."""
        words = []
        if self.enlargement > ENLARGED_FROM:
            words.append(f"enlarged x{self.enlargement:.2f}")
        if self.is_blurred:
            words.append(f"blurred {self.look.blur_px:.1f} px")
        elif self.softness == "soft":
            words.append(f"soft x{self.total_enlargement:.1f}")
        if self.is_damaged:
            words.append(f"JPEG {self.look.quality}")
        return words


def judge(crop: Crop, look: CropLook) -> CropState:
    """Put a crop and its measures together."""
    return CropState(look, crop.enlargement)
