"""The committed results keep their form, and the page that quotes them says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.attention import TOKENS
from bench.cropping.contenders import RIVALS as RIVALS_IN_CROPPING
from bench.picking_curves.families import FAMILIES
from bench.plan import CARDS
from bench.plan_cases import CASES as PLANNED
from bench.step import CASES, RIVALS, TURNS
from bench.tables import PAGES, RESULTS, write_tables
from trainer.model.layers.attention_kernels import _FEWEST_FOR_PRODUCTS

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


def test_attention_by_products_is_faster_wherever_it_is_taken(
    results: dict[str, dict[str, Any]],
) -> None:
    found = {name: entry for name, entry in results.items() if name.startswith("attention.bf16.")}
    assert sorted(found) == [f"attention.bf16.{tokens}" for tokens in sorted(TOKENS, key=str)]
    assert min(TOKENS) == _FEWEST_FOR_PRODUCTS
    assert all(entry["ratio"]["torch"] < 1 for entry in found.values())


def test_plan_and_growth_have_their_fixed_names(results: dict[str, dict[str, Any]]) -> None:
    for name in PLANNED:
        assert 0.9 <= results[f"plan.error.{name}"]["ratio"]["measured"] <= 1.1
    for name, card in CARDS.items():
        entry = results[f"plan.13b.{name}"]
        assert (entry["unit"], entry["baseline"]["budget"]) == ("GiB", card.device_gib)
    assert set(results["items.10000"]["ratio"]) == {"items.10"}
    assert results["startup.10000"]["unit"] == "s"


def test_picking_has_its_fixed_names_and_keeps_to_its_aims(
    results: dict[str, dict[str, Any]],
) -> None:
    picks, stops = results["picking.regret"], results["picking.steps_saved"]
    for entry in (picks, stops):
        assert set(entry["setup"]["families"]) == set(FAMILIES)
        assert entry["setup"]["runs_of_each_family"] >= 200
    assert picks["ratio"]["guide"] <= 1 / 3
    assert stops["value"] >= 0.3
    assert stops["setup"]["all"]["verdict"]["cost"] < 0.01


def test_crops_have_their_fixed_names_and_keep_to_their_aims(
    results: dict[str, dict[str, Any]],
) -> None:
    made = results["crops.seconds_per_picture"]
    assert (made["unit"], set(made["ratio"])) == ("s", set(RIVALS_IN_CROPPING))
    assert made["setup"]["turns"] >= 10
    assert made["setup"]["megapixels"] == 24
    assert made["ratio"]["pillow_one_thread"] <= 0.5
    assert results["crops.ssim"]["value"] >= 0.99
    assert results["crops.scan_seconds_per_picture"]["ratio"]["pillow_one_thread"] < 1
    assert results["crops.thumbnail_seconds"]["ratio"]["pillow_one_thread"] < 0.5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_quote_the_results(page: Path, results: dict[str, dict[str, Any]]) -> None:
    text = page.read_text(encoding="utf-8")
    assert write_tables(results, text) == text, "run 'python -m bench.tables'"
