"""Captions that came from a captioner in the graph, one for each crop."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import DatasetError
from ..crops.planning import CropPlan


def starting_captions(texts: Sequence[str], plan: CropPlan) -> tuple[str, ...]:
    """Lay the texts of a captioner on the crops.

    Args:
        texts: One for each crop, one for each picture, or one for all; a single text with as many
            lines as there are crops or pictures counts as that many.
        plan: The crops, and all pictures in their order.

    Returns:
        One text for each crop; empty when there are no texts.

    Raises:
        DatasetError: Their number fits neither crops nor pictures.
    """
    pictures = list(plan.proposed) or list(dict.fromkeys(crop.item.digest for crop in plan.crops))
    counts = (len(plan.crops), len(pictures))
    given = [text.strip() for text in texts]
    if len(given) == 1 and 1 not in counts:
        lines = [line.strip() for line in given[0].splitlines() if line.strip()]
        given = lines if len(lines) in counts else given
    if not any(given):
        return ()
    if len(given) == counts[0]:
        return tuple(given)
    if len(given) == counts[1]:
        by_picture = dict(zip(pictures, given, strict=True))
        return tuple(by_picture[crop.item.digest] for crop in plan.crops)
    if len(given) == 1:
        return tuple(given * counts[0])
    raise DatasetError(
        f"'starting_captions' holds {len(given)} texts for {counts[0]} crops of {counts[1]} "
        "pictures. Connect one for each crop (from Crops as Images), one for each picture, or one "
        "for all."
    )


def spread_captions(texts: Sequence[str], crops: int) -> list[str]:
    """One text for each crop: as given, or none at all.

    Raises:
        DatasetError: There are texts, but not as many as crops.
    """
    if texts and len(texts) != crops:
        raise DatasetError(
            f"There are {len(texts)} starting captions for {crops} crops. Give one for each."
        )
    return list(texts) or [""] * crops
