"""The benchmark of growth, on a model of a few thousand weights and twelve pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bench import growth
from bench.growing.project import make_project
from bench.training_step.case import StepCase

TINY = StepCase(
    "tiny", "fp32", (1, 32, 32),
    hidden=128, double_blocks=1, single_blocks=1, text_width=64, text_tokens=9,
)  # fmt: skip


def test_both_results_are_measured_with_real_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "make_project", partial(make_project, case=TINY))

    results = growth.measure(12, turns=2, steps=2, starts=1)

    assert set(results) == {"items.12", "startup.12"}
    items, startup = results["items.12"], results["startup.12"]
    assert (items["unit"], startup["unit"]) == ("s", "s")
    assert set(items["ratio"]) == {"items.10"}
    assert 0 < items["value"] < 10
    assert items["setup"]["files"] == {"picture": 12, "latents": 12, "text": 13}
    assert 0 < startup["setup"]["process_s"]
    assert startup["setup"]["starts"] == 1


def test_start_that_fails_is_an_error(tmp_path: Path) -> None:
    run = tmp_path / "run.toml"
    run.write_text('[output]\nname = "no model and no data"\n', encoding="utf-8")
    with pytest.raises(RuntimeError, match="could not be started"):
        growth.start(run, 0)
