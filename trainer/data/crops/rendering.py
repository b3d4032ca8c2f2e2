"""Making a crop: its part of the picture, in its bucket's size."""

from __future__ import annotations

from PIL import Image

from ..pictures.files.loading import load_same
from .planning import Crop


def render_crop(crop: Crop, source: Image.Image | None = None) -> Image.Image:
    """Cut a crop out and resize it to its bucket, RGB.

    Args:
        crop: What to make.
        source: The picture as `load_image` gives it, when it is at hand.

    Raises:
        DatasetError: The file is missing, damaged, or no longer the picture that was scanned.
    """
    image = load_same(crop.item) if source is None else source
    part = image.crop(crop.box.corners)
    if part.mode == "RGBA":
        # Before resizing: afterwards the hidden colours would shine through at the outline.
        part = Image.alpha_composite(Image.new("RGBA", part.size, (*crop.background, 255)), part)
    size = (crop.bucket.width_px, crop.bucket.height_px)
    # Pillow widens the filter when it makes a picture smaller, so nothing is aliased.
    return part.convert("RGB").resize(size, Image.Resampling.LANCZOS)
