"""What crops are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import ConfigError
from ..pictures.buckets import GUIDE_BUCKETS, Bucket
from .by_hand.edits import CropEdits
from .shots import CANON_HEADS, PICTURE_SHOT, SHOTS


@dataclass(frozen=True, slots=True)
class CropSettings:
    """What crops are wanted."""

    buckets: tuple[Bucket, ...] = GUIDE_BUCKETS
    """Sizes to fill; at least one."""
    shots: tuple[str, ...] = tuple(SHOTS)
    """Framings to make, by name; "picture" takes the whole picture for each bucket."""
    max_enlargement: float = 1.5
    """A crop may be enlarged this many times at most, 1..4. Higher gives more crops, but soft."""
    margin: float = 0.05
    """Space around a framing on each side, as a share of its height, 0..0.5."""
    background: tuple[int, int, int] = (255, 255, 255)
    """Colour behind see-through pictures: red, green, blue from 0 to 255."""
    heads_tall: float = CANON_HEADS
    """Height of the figure in heads, 2..9: 7.5 for people, about 6 for anime, 3 for chibi."""
    by_hand: CropEdits = field(default_factory=CropEdits)
    """Boxes by hand; a picture that was edited gets no proposed crops."""

    def __post_init__(self) -> None:
        """Check every range.

        Raises:
            ConfigError: A value is out of range or unknown.
        """
        if not self.buckets:
            raise ConfigError("No buckets are given. Give at least one, like 768x1024.")
        unknown = [shot for shot in self.shots if shot not in (*SHOTS, PICTURE_SHOT)]
        if unknown or not (self.shots or self.by_hand != CropEdits()):
            said = f"'{unknown[0]}' is unknown" if unknown else "none is chosen"
            raise ConfigError(
                f"Of the shots, {said}. Choose from {', '.join([*SHOTS, PICTURE_SHOT])}."
            )
        _check_range("max_enlargement", self.max_enlargement, 1.0, 4.0)
        _check_range("margin", self.margin, 0.0, 0.5)
        _check_range("heads_tall", self.heads_tall, 2.0, 9.0)
        if len(self.background) != 3 or not all(0 <= part <= 255 for part in self.background):
            raise ConfigError(
                f"background must be three numbers from 0 to 255, but is {self.background}."
            )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(
            f"{name} must be from {low:g} to {high:g}, but is {value:g}. Change '{name}'."
        )
