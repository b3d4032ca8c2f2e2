"""The tables about the memory plan and about growth, made from bench/results.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Results = Mapping[str, Mapping[str, Any]]
Rows = list[list[str]]


def cards(results: Results) -> tuple[list[str], Rows]:
    """The released model on graphics cards."""
    head = [
        "picture or clip, card, weights", "card, GiB", "main memory, GiB", "weights brought, GiB",
        "blocks run twice", "TFLOP a step", "worked-out s a step",
    ]  # fmt: skip
    rows = []
    for name, entry in _named(results, "plan.13b."):
        setup = entry["setup"]
        size, card, *_ = name.split(".")
        title = f"{size}, {card.replace('gib', ' GiB')}, {setup['weights']}"
        if not setup["fits"]:
            title += ": does not fit"
        rows.append([
            title,
            f"{entry['value']:.2f} of {entry['baseline']['budget']:g}",
            f"{setup['main_memory_gib']:.1f} of {setup['main_memory_budget_gib']:g}",
            f"{setup['streamed_gib']:.1f}",
            f"{setup['blocks_run_twice']} of 60",
            f"{setup['tflop']:.0f}",
            f"{setup['seconds_worked_out']:.1f}",
        ])  # fmt: skip
    return head, rows


def errors(results: Results) -> tuple[list[str], Rows]:
    """Planned against measured peaks."""
    head = ["step on the CPU", "planned, MB", "measured, MB", "planned / measured"]
    rows = [
        [
            name.replace("_", " "),
            f"{entry['value']:.1f}",
            f"{entry['baseline']['measured']:.1f}",
            f"{entry['ratio']['measured']:.3f}",
        ]
        for name, entry in _named(results, "plan.error.")
    ]
    return head, rows


def growth(results: Results) -> tuple[list[str], Rows]:
    """10,000 pictures against 10, and the start of a run."""
    rows = []
    if "items.10000" in results:
        entry = results["items.10000"]
        rows.append([
            "seconds a step, 10,000 pictures against 10", f"{entry['value']:.4g}",
            f"{entry['baseline']['items.10']:.4g}", f"{entry['ratio']['items.10']:.3f}",
        ])  # fmt: skip
    if "startup.10000" in results:
        value = results["startup.10000"]["value"]
        rows.append(["seconds to the first batch, 10,000 pictures, warm caches",
                     f"{value:.3g}", "", ""])  # fmt: skip
    return ["growth", "10,000", "10", "ratio"], rows


def _named(results: Results, prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in results.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), entry
