"""What is wrong with a crop, by its measures: limits, names, marks and order."""

from __future__ import annotations

import pytest
from PIL import Image

from trainer.data.report.judging import ENLARGED_FROM, CropState
from trainer.data.report.looking import CropLook
from trainer.data.report.measures.compression import DAMAGED_LEVELS
from trainer.data.report.measures.detail import HIDDEN_ENLARGEMENT
from trainer.data.report.measures.sharpness import SOFT_EDGES_PX


def state(
    *,
    blur: float | None = 0.5,
    hidden: float = 1.0,
    damage: float = 0.0,
    enlargement: float = 1.0,
) -> CropState:
    quality = None if damage == 0 else 30
    look = CropLook(blur, hidden, damage, quality, False, 0, Image.new("RGB", (8, 8)))
    return CropState(look, enlargement)


@pytest.mark.parametrize(
    ("measures", "softness", "marks"),
    [
        ({}, "", []),
        ({"blur": None}, "", []),
        ({"blur": SOFT_EDGES_PX}, "", []),
        ({"blur": 1.3}, "blurred", ["blurred 1.3 px"]),
        ({"enlargement": ENLARGED_FROM}, "", []),
        ({"enlargement": 1.4}, "enlarged", ["enlarged x1.40"]),
        # As wide as enlarging makes sharp edges: the picture is not to blame.
        ({"enlargement": 2.7, "blur": 1.4}, "enlarged", ["enlarged x2.70", "blurred 1.4 px"]),
        ({"enlargement": 2.0, "blur": 3.0}, "blurred", ["enlarged x2.00", "blurred 3.0 px"]),
        ({"hidden": 2.0}, "soft", ["soft x2.0"]),
        ({"hidden": HIDDEN_ENLARGEMENT - 0.01}, "", []),
        # Made so small that what is missing does not matter.
        ({"hidden": 2.0, "enlargement": 0.5}, "", []),
        ({"hidden": 3.0, "blur": 1.5}, "blurred", ["blurred 1.5 px"]),
        ({"damage": DAMAGED_LEVELS - 0.01}, "", []),
        ({"damage": DAMAGED_LEVELS}, "", ["JPEG 30"]),
    ],
)
def test_each_trouble_has_one_name_and_its_marks(
    measures: dict[str, float], softness: str, marks: list[str]
) -> None:
    found = state(**measures)
    assert found.softness == softness
    assert found.marks() == marks
    assert (found.badness > 0) is bool(marks)


def test_worse_measures_are_never_better_to_look_at_first() -> None:
    for name, values in {
        "blur": (1.3, 1.5, 2.0, 4.0),
        "enlargement": (1.3, 1.5, 2.0, 4.0),
        "hidden": (1.6, 2.0, 4.0),
        "damage": (6.0, 8.0, 16.0),
    }.items():
        found = [state(**{name: value}).badness for value in values]
        assert found == sorted(found)
        assert found[0] >= 1


def test_severity_is_one_at_each_limit() -> None:
    assert state(blur=SOFT_EDGES_PX + 1e-9).badness == pytest.approx(1)
    assert state(enlargement=ENLARGED_FROM + 1e-9).badness == pytest.approx(1)
    assert state(hidden=HIDDEN_ENLARGEMENT + 1e-9).badness == pytest.approx(1)
    assert state(damage=DAMAGED_LEVELS).badness == pytest.approx(1)
