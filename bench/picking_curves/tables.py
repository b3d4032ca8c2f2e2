"""The tables about picking a checkpoint and stopping a run, made from bench/results.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Results = Mapping[str, Mapping[str, Any]]
Rows = list[list[str]]
_RULES = {
    "verdict": "verdict",
    "probe": "verdict, probe only",
    "lowest": "lowest held-out loss",
    "guide": "guide's rule",
}
_STOPS = {"verdict": "verdict", "probe": "probe only", "guide": "guide"}


def picks(results: Results) -> tuple[list[str], Rows]:
    """Regret of each rule in each family, and the mean."""
    head = ["mean regret", *_RULES.values(), "verdict / guide"]
    entry = results.get("picking.regret")
    if entry is None:
        return head, []
    rows = []
    for family, found in entry["setup"]["families"].items():
        ratio = found["verdict"] / max(found["guide"], 1e-9)
        rows.append([_title(family), *(f"{found[name]:.3f}" for name in _RULES), f"{ratio:.2f}"])
    means = {"verdict": entry["value"], **entry["baseline"]}
    ratio = entry["ratio"]["guide"]
    rows.append(["**all**", *(f"**{means[name]:.3f}**" for name in _RULES), f"**{ratio:.2f}**"])
    return head, rows


def stops(results: Results) -> tuple[list[str], Rows]:
    """What stopping saved and cost in each family, and in all runs together."""
    head = ["steps saved / higher loss"]
    for title in _STOPS.values():
        head += [f"{title}: saved", "loss", "of the gain", "over 1%"]
    entry = results.get("picking.steps_saved")
    if entry is None:
        return head, []
    families = entry["setup"]["families"]
    rows = [[_title(family), *_cells(found, "")] for family, found in families.items()]
    rows.append(["**all**", *_cells(entry["setup"]["all"], "**")])
    return head, rows


def _cells(found: Mapping[str, Mapping[str, float]], mark: str) -> list[str]:
    cells = []
    for name in _STOPS:
        one = found[name]
        cells += [
            f"{100 * one['saved']:.0f}%",
            f"{100 * one['cost']:.2f}%",
            f"{100 * one['cost_of_gain']:.1f}%",
            f"{100 * one['over_1_percent']:.0f}%",
        ]
    return [f"{mark}{cell}{mark}" for cell in cells]


def _title(family: str) -> str:
    return family.replace("_", " ")
