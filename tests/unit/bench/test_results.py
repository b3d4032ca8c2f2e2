"""The committed results keep their form, and the page that quotes them says the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.step import CASES, RIVALS, TURNS
from bench.tables import PAGE, RESULTS, write_tables

ENTRY = {"value", "unit", "baseline", "ratio", "setup"}


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    """The last results of `python tasks.py bench`."""
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def test_every_result_has_just_the_agreed_fields(results: dict[str, dict[str, Any]]) -> None:
    assert results
    for name, entry in results.items():
        assert set(entry) == ENTRY, name
        assert isinstance(entry["value"], int | float), name
        assert isinstance(entry["unit"], str), name
        assert isinstance(entry["setup"], dict), name


def test_every_ratio_is_ours_over_theirs(results: dict[str, dict[str, Any]]) -> None:
    for name, entry in results.items():
        assert set(entry["ratio"]) <= set(entry["baseline"]), name
        for other, ratio in entry["ratio"].items():
            wanted = entry["value"] / entry["baseline"][other]
            assert ratio == pytest.approx(wanted, rel=2e-3, abs=1e-3), f"{name} {other}"


def test_training_step_has_its_fixed_names_and_enough_turns(
    results: dict[str, dict[str, Any]],
) -> None:
    for case in CASES:
        step = results[f"step.{case.dtype}.{case.size}"]
        memory = results[f"memory.{case.dtype}.{case.size}"]
        assert (step["unit"], memory["unit"]) == ("s", "MB")
        assert set(step["ratio"]) == set(RIVALS)
        assert set(memory["ratio"]) == {"plain", "checkpointed", "core"}
        assert step["setup"]["turns"] >= TURNS >= 10
        assert step["setup"]["latent"] == list(case.latent)
        assert "gradients differ" in step["setup"]["core"]["note"]


def test_page_quotes_the_results(results: dict[str, dict[str, Any]]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert write_tables(results, page) == page, "run 'python -m bench.tables'"
