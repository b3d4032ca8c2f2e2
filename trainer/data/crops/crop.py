"""One crop: a part of a picture that will fill a bucket, or the reason why it will not."""

from __future__ import annotations

from dataclasses import dataclass

from ..pictures.boxes import Box
from ..pictures.buckets import Bucket
from ..pictures.media import MediaItem
from .crop_settings import CropSettings
from .proposals.framing import NoFit


@dataclass(frozen=True, slots=True)
class Crop:
    """One part of a picture that will fill one bucket."""

    item: MediaItem
    """The picture."""
    box: Box
    """The part, in pixels of the upright picture."""
    shot: str
    """Name of the framing."""
    view: str
    """Side of the subject: "front", "behind", "side" or ""."""
    bucket: Bucket
    """Size of the crop after resizing."""
    background: tuple[int, int, int] = (255, 255, 255)
    """Colour behind see-through parts: red, green, blue from 0 to 255."""

    @property
    def enlargement(self) -> float:
        """How many times the part is enlarged; below 1 it is made smaller."""
        return self.bucket.width_px / self.box.width


@dataclass(frozen=True, slots=True)
class SkippedCrop:
    """A crop that is not made, and why."""

    item: MediaItem
    """The picture."""
    shot: str
    """Name of the framing."""
    bucket: Bucket
    """The bucket that was to be filled."""
    reason: str
    """One sentence."""


Proposal = Crop | SkippedCrop
"""Something that was tried."""


def checked_crop(
    item: MediaItem,
    shot: str,
    bucket: Bucket,
    fit: Box | NoFit,
    settings: CropSettings,
    view: str = "",
) -> Proposal:
    """The crop, if its box fits and need not be enlarged beyond the limit.

    Args:
        item: The picture.
        shot: Name of the framing.
        bucket: Size to fill.
        fit: Its box, or why there is none.
        settings: The limit, and the colour behind see-through parts.
        view: Side shown; "" takes the picture's own.
    """
    if isinstance(fit, NoFit):
        return SkippedCrop(item, shot, bucket, fit.reason)
    crop = Crop(item, fit, shot, view or item.view, bucket, settings.background)
    if crop.enlargement > settings.max_enlargement:
        reason = (
            f"Only {fit.width}x{fit.height} pixels: it would be enlarged {crop.enlargement:.2f} "
            f"times, and the limit is {settings.max_enlargement:g}."
        )
        return SkippedCrop(item, shot, bucket, reason)
    return crop
