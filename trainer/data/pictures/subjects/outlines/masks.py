"""Masks from other nodes: of any size and softness."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from .....errors import DatasetError
from .regions import Mask

_MOST_UNLIKE = 0.03
"""How far a mask's width/height may lie from the picture's: encoders round sides to 8 or 16."""
_FAINTEST = 0.1


def fit_mask(mask: ArrayLike, size: tuple[int, int]) -> Mask | None:
    """Bring a mask to a picture's size and make it sharp; None when it marks nothing.

    Values up to 1 are shares, larger ones count from 0 to 255. A soft mask is cut at 0.5, a faint
    one (a matte that never gets there) at half of its highest value.

    Args:
        mask: [h,w], also with axes of length 1 before or behind; bool or numbers.
        size: Width and height of the picture in pixels.

    Returns:
        [H,W] of the picture.

    Raises:
        DatasetError: The mask has another shape than the picture, or is no mask.
    """
    values = np.asarray(mask)
    if values.ndim > 2:
        values = values.reshape([side for side in values.shape if side != 1] or [1, 1])
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "biuf":
        raise DatasetError(
            f"The mask has the shape {list(np.shape(mask))}, but must be [height, width]. Connect "
            "a MASK, one for each picture."
        )
    shares: NDArray[np.float32] = np.nan_to_num(values.astype(np.float32))
    highest = float(shares.max())
    if highest > 1.5:
        shares, highest = shares / 255.0, highest / 255.0
    if highest < _FAINTEST:
        return None
    height, width = shares.shape
    if abs(np.log(width * size[1] / (height * size[0]))) > _MOST_UNLIKE and abs(
        width * size[1] - height * size[0]
    ) > max(size):
        raise DatasetError(
            f"The mask has the shape {[height, width]}, but the picture is {size[1]} high and "
            f"{size[0]} wide. Connect the mask of this picture."
        )
    if (width, height) != size:
        soft = Image.fromarray(shares)
        shares = np.asarray(soft.resize(size, Image.Resampling.BILINEAR))
    sharp: Mask = shares >= min(0.5, highest / 2)
    return sharp if sharp.any() else None
