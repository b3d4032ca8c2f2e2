"""The tables about proposed crops, made from bench/results.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Results = Mapping[str, Mapping[str, Any]]
Rows = list[list[str]]
_NAMES = {"ours": "proposed", "centre": "centre crop"}


def shots_by(what: str, results: Results) -> tuple[list[str], Rows]:
    """Right, wrong and missing crops of the drawn pictures.

    Args:
        what: "kinds" (what the pictures show) or "backgrounds".
        results: Of bench/results.json.
    """
    head = _head({"kinds": "the picture shows", "backgrounds": "background"}[what])
    entry = results.get("shots.within_tolerance")
    if entry is None:
        return head, []
    rows = [[name, *_cells(found, "")] for name, found in entry["setup"][what].items()]
    return head, [*rows, ["**all**", *_cells(entry["setup"]["all"], "**")]]


def photographs(results: Results) -> tuple[list[str], Rows]:
    """The same for the photographs; those that should give nothing are one row."""
    head = _head("photograph")
    entry = results.get("shots.photographs")
    if entry is None:
        return head, []
    rows, nothing = [], []
    for name, found in entry["setup"]["pictures"].items():
        if found["ours"]["wanted"]:
            rows.append([name, *_cells(found, "")])
        else:
            nothing.append(found)
    joined = {
        who: {key: sum(found[who][key] for found in nothing) for key in nothing[0][who]}
        for who in _NAMES
    }
    rows.append([f"{len(nothing)} without a subject", *_cells(joined, "")])
    return head, rows


def _head(first: str) -> list[str]:
    columns = ("right", "wrong", "missing")
    return [first, *(f"{name}: {column}" for name in _NAMES.values() for column in columns)]


def _cells(found: Mapping[str, Mapping[str, int]], mark: str) -> list[str]:
    cells = []
    for name in _NAMES:
        one = found[name]
        proposed = one["right"] + one["wrong"]
        cells += [
            _share(one["right"], proposed),
            str(one["wrong"]),
            _share(one["missing"], one["wanted"]),
        ]
    return [f"{mark}{cell}{mark}" for cell in cells]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"
