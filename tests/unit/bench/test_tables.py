"""The tables of docs/benchmarks.md, made from results written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bench.step import entry
from bench.tables import PAGES, write_tables
from bench.training_step.parts import PARTS

SETUP = {
    "turns": 11, "threads": 2, "machine": "x86_64", "torch": "2.0",
    "gflop": dict.fromkeys(PARTS[:5], 20.0),
}  # fmt: skip


def _results() -> dict[str, dict[str, Any]]:
    rivals = {"plain": 2.5, "checkpointed": 4.0, "core": 5.0, "flops": 2.0}
    memory = {"plain": 500.0, "checkpointed": 100.0, "core": 90.0}
    results = {
        "step.fp32.64x64": entry(2.5, "s", rivals, SETUP),
        "step.checkpointed.fp32.64x64": entry(3.0, "s", rivals, SETUP),
        "memory.fp32.64x64": entry(230.0, "MB", memory, SETUP),
        "memory.checkpointed.fp32.64x64": entry(95.0, "MB", memory, SETUP),
        "something.else": entry(1, "x", {}, {}),
    }
    for part in PARTS:
        limit = {"flops": 0.25} if part == "lora" else {}
        results[f"parts.fp32.64x64.{part}"] = entry(0.5, "s", limit, SETUP)
    return results


def _table(name: str, results: dict[str, dict[str, Any]]) -> list[str]:
    page = write_tables(results, f"before\n<!-- table {name} -->\nold\n<!-- end -->\nafter\n")
    lines = page.splitlines()
    assert (lines[0], lines[1]) == ("before", f"<!-- table {name} -->")
    assert lines[-2:] == ["<!-- end -->", "after"]
    assert "old" not in lines
    return [line for line in lines[2:-2] if line]


def test_seconds_beside_those_of_others() -> None:
    assert _table("seconds", _results())[2:] == [
        "| 64x64 fp32, ours | 2.5 | 2.5 (1.00) | 4 (0.62) | 5 (0.50) | 2 (1.25) |",
        "| 64x64 fp32, ours, every block checkpointed | 3 | 2.5 (1.20) | 4 (0.75) "
        "| 5 (0.60) | 2 (1.50) |",
    ]


def test_targets_say_what_is_met_and_what_is_not() -> None:
    """The budget is 100 + 0.4 x (500 - 100) = 260 MB."""
    (row,) = _table("targets", _results())[2:]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "64x64 fp32", "0.62 ≤ 0.75", "0.88 ≤ 1", "1.00 ≤ 1.05", "0.46 ≤ 0.5", "1.25 ≤ 1.3",
        "0.50 ≤ 0.7", "2.56 **>** 2.5",
    ]  # fmt: skip


def test_work_and_the_rate_it_could_run_at() -> None:
    (row,) = _table("work", _results())[2:]
    assert row.endswith("| 100 | 2 | 50 |")


def test_parts_have_their_share_and_their_limit() -> None:
    rows = _table("parts", _results())
    assert len(rows) == 2 + len(PARTS)
    assert "| LoRA, forward and backward | 0.5 | 11% | 2.00 |" in rows
    assert "| copies | 0.5 | 11% |  |" in rows


def test_next_is_the_part_furthest_above_its_limit() -> None:
    results = _results()
    results["parts.fp32.64x64.linear_forward"] = entry(2.0, "s", {"flops": 1.9}, SETUP)
    results["parts.fp32.64x64.copies"] = entry(0.6, "s", {}, SETUP)
    (line,) = _table("next", results)
    assert line.startswith(
        "At 64x64 in fp32 the most to be won is in **copies**: 0.6 s of 6.1 s are no counted work."
    )


@pytest.mark.parametrize("name", ["seconds", "memory", "targets", "work", "parts", "next", "setup"])
def test_without_results_a_table_says_so(name: str) -> None:
    lines = _table(name, {"something.else": entry(1, "x", {}, {})})
    assert lines == ["(not measured yet)"]


def test_unknown_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="'nothing'"):
        write_tables({}, "<!-- table nothing -->\n<!-- end -->\n")


def test_page_has_every_table() -> None:
    page = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in ("setup", "targets", "seconds", "memory", "work", "parts", "next"):
        assert f"<!-- table {name} -->" in page
