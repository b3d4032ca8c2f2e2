"""How good the picked checkpoint is, and what stopping saves, on made-up runs with known truth.

`python -m bench.picking --quick` takes few runs and prints the results.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from bench.picking_curves.families import FAMILIES
from bench.picking_curves.judging import (
    WINDOW,
    Stop,
    guide_stops,
    regret,
    stop,
    verdict_stops,
    with_probe_only,
)
from bench.picking_curves.making import make_run
from bench.step import entry
from trainer.training.results.picking import pick_checkpoint
from trainer.training.results.verdict import judge

Entry = dict[str, Any]
RUNS = 200
FIRST_SEED = 0
"""Reported seeds are 0 to 199; the rules' numbers were chosen on seeds from 10,000 up."""


def main() -> dict[str, Entry]:
    """Judge all families; results in the form of bench/results.json."""
    return measure(RUNS)


def measure(runs: int) -> dict[str, Entry]:
    """Results over `runs` runs of every family."""
    picks: dict[str, dict[str, float]] = {}
    stops: dict[str, dict[str, Entry]] = {}
    everything: dict[str, list[Stop]] = {}
    for family in FAMILIES:
        print(f"  {family}", flush=True)
        regrets, found = measure_family(family, runs)
        picks[family] = {name: _rounded(np.mean(values)) for name, values in regrets.items()}
        stops[family] = {name: _summary(values) for name, values in found.items()}
        for name, values in found.items():
            everything.setdefault(name, []).extend(values)
    means = {
        name: float(np.mean([picks[family][name] for family in FAMILIES]))
        for name in next(iter(picks.values()))
    }
    setup = {
        "runs_of_each_family": runs,
        "seeds": [FIRST_SEED, FIRST_SEED + runs - 1],
        "window": WINDOW,
    }
    totals = {name: _summary(values) for name, values in everything.items()}
    regret_setup = setup | {
        "families": picks,
        "note": "mean regret over the families, in shares of what training wins; 'verdict' has "
        "held-out items and a probe, 'probe' only the probe, 'lowest' is the lowest measured loss",
    }
    saved_setup = setup | {
        "families": stops,
        "all": totals,
        "note": "share of all steps after the true best that were not run; a run whose stop cost "
        "more than 1% of the best loss counts as nothing saved",
    }
    value = means.pop("verdict")
    saved = {name: found["saved"] for name, found in totals.items()}
    return {
        "picking.regret": entry(value, "share of gain", means, regret_setup),
        "picking.steps_saved": entry(saved.pop("verdict"), "share", saved, saved_setup),
    }


def measure_family(
    family: str, runs: int, first: int = FIRST_SEED
) -> tuple[dict[str, list[float]], dict[str, list[Stop]]]:
    """Regrets and stops of one family, by rule."""
    regrets: dict[str, list[float]] = {}
    stops: dict[str, list[Stop]] = {}
    for seed in range(first, first + runs):
        run = make_run(family, seed)
        history, probed = run.history, with_probe_only(run.history)
        steps = {
            "verdict": judge(history, WINDOW).step,
            "guide": pick_checkpoint(history, "guide", WINDOW).step,
            "lowest": pick_checkpoint(history, "validation").step,
            "probe": judge(probed, WINDOW).step,
        }
        for name, step in steps.items():
            regrets.setdefault(name, []).append(regret(run, step or 0))
        stops.setdefault("verdict", []).append(stop(run, history, verdict_stops))
        stops.setdefault("guide", []).append(stop(run, history, guide_stops))
        stops.setdefault("probe", []).append(stop(run, probed, verdict_stops))
    return regrets, stops


def _summary(stops: list[Stop]) -> Entry:
    after = sum(found.after for found in stops)
    costs = [found.cost for found in stops]
    return {
        "saved": _rounded(sum(found.saved for found in stops) / max(after, 1e-9)),
        "cost": _rounded(np.mean(costs)),
        "cost_of_gain": _rounded(np.mean([found.cost_of_gain for found in stops])),
        "over_1_percent": _rounded(np.mean(np.array(costs) > 0.01)),
    }


def _rounded(value: float | np.floating[Any]) -> float:
    return float(f"{value:.4g}")


if __name__ == "__main__":
    if sys.argv[1:2] != ["--quick"]:
        raise SystemExit("Use 'python tasks.py bench picking', or --quick for a short look.")
    print(json.dumps(measure(10), indent=2))
