"""The planned peak against what torch's allocator really gave out during real steps."""

from __future__ import annotations

import pytest

from bench.plan_cases import CASES, measured_peak, planned_peak


@pytest.mark.parametrize("name", CASES)
def test_planned_peak_is_within_a_tenth_of_the_measured_one(name: str) -> None:
    case = CASES[name]
    assert planned_peak(case) == pytest.approx(measured_peak(case), rel=0.1)
