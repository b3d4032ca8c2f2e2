"""The numbers that the crop editor's page is tested against are those that Python gives now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden.crops import make_goldens


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("fit_box", make_goldens.fit_box_cases()),
        ("place_box", make_goldens.place_box_cases()),
        ("balance", make_goldens.balance_cases()),
    ],
    ids=["fit_box", "place_box", "balance"],
)
def test_golden_is_what_python_gives(name: str, cases: list[dict[str, Any]]) -> None:
    path = Path(make_goldens.FOLDER / f"{name}.json")
    stored = json.loads(path.read_text(encoding="utf-8"))["cases"]
    assert stored == json.loads(json.dumps(cases))
