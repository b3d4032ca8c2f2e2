"""Writes the tables of the pages in docs/ from bench/results.json: `python -m bench.tables`.

Everything between a line `<!-- table NAME -->` and `<!-- end -->` is replaced, so that the pages
and the results cannot differ. Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.charting.tables import frames
from bench.cropping.tables import crops
from bench.picking_curves.tables import picks, stops
from bench.plan_tables import cards, errors, growth
from bench.shot_cases.tables import photographs, shots_by

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results.json"
PAGES = tuple(ROOT / "docs" / f"{name}.md" for name in ("benchmarks", "crops", "memory", "picking"))
Results = Mapping[str, Mapping[str, Any]]
_KINDS = 5
"""How many of the parts are counted work; they come first."""

_TABLE = re.compile(r"(?P<first><!-- table (?P<name>[\w.]+) -->\n).*?(?P<last><!-- end -->)", re.S)
_RIVALS = {
    "plain": "plain autograd",
    "checkpointed": "plain autograd, every block checkpointed",
    "core": "ComfyUI's Train LoRA node",
    "flops": "arithmetic limit",
}
_WAYS = {
    "": "ours",
    "whole.": "ours, all blocks whole",
    "checkpointed.": "ours, every block checkpointed",
    "compiled.": "ours, compiled",
}
_PARTS = {
    "linear_forward": "linear layers, forward",
    "linear_gradient": "linear layers, gradient of the input",
    "lora": "LoRA, forward and backward",
    "attention_forward": "attention, forward",
    "attention_backward": "attention, backward",
    "elementwise": "element-wise work",
    "copies": "copies",
    "optimizer": "optimizer",
    "python": "Python and autograd between operations",
}

_FEWER = "Next: fewer and larger products, such as both streams of a double block in one."
_OPERANDS = "Next: operands that already lie in memory in the order in which the kernel is fast."
_NEXT = {
    "linear_forward": _FEWER,
    "linear_gradient": _FEWER,
    "lora": "Next: the LoRA's narrow products joined with those of the frozen layer beside them.",
    "attention_forward": _OPERANDS,
    "attention_backward": _OPERANDS,
    "elementwise": "Next: norms, turns, gates and GELU in one pass over memory each, forward and "
    "backward, as the compiled step does for some of them.",
    "copies": "Next: attention and the two streams writing their results where they are needed.",
    "optimizer": "Next: one fused update of all parameters.",
    "python": "Next: fewer, larger autograd functions, such as one for a whole block.",
}
"""What would make a part faster."""


def write_tables(results: Results, page: str) -> str:
    """The page with every table made anew.

    Raises:
        ValueError: The page asks for a table that nobody makes.
    """

    def made(found: re.Match[str]) -> str:
        make = _TABLES.get(found["name"])
        if make is None:
            raise ValueError(
                f"A page asks for a table '{found['name']}'. Use one of these: "
                f"{', '.join(_TABLES)}."
            )
        return f"{found['first']}\n{make(results)}\n\n{found['last']}"

    return _TABLE.sub(made, page)


def refresh_pages() -> None:
    """Rewrite the pages from bench/results.json."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    for page in PAGES:
        text = write_tables(results, page.read_text(encoding="utf-8"))
        part = page.with_suffix(".md.part")
        part.write_text(text, encoding="utf-8")
        part.replace(page)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; all columns but the first are numbers."""
    if not rows:
        return "(not measured yet)"
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _places(results: Results, kind: str) -> list[str]:
    """The "<dtype>.<size>" of which there are results `kind.<dtype>.<size>`, fp32 first."""
    found = [
        name.removeprefix(f"{kind}.")
        for name in results
        if re.fullmatch(rf"{kind}\.(fp32|bf16)\.\w+", name)
    ]
    return sorted(found, key=lambda place: (place.split(".")[1], place.startswith("bf16")))


def _comparison(kind: str, rivals: Sequence[str]) -> Callable[[Results], str]:
    def make(results: Results) -> str:
        rows = []
        for place in _places(results, kind):
            dtype, size = place.split(".")
            for way, title in _WAYS.items():
                entry = results.get(f"{kind}.{way}{place}")
                if entry is None:
                    continue
                cells = [_beside(entry, name) for name in rivals]
                rows.append([f"{size} {dtype}, {title}", _number(entry["value"]), *cells])
        unit = {"step": "s", "memory": "MB"}[kind]
        return _table([f"{unit} a step", "", *(_RIVALS[name] for name in rivals)], rows)

    return make


def _beside(entry: Mapping[str, Any], name: str) -> str:
    """What a rival needs, and how much of it we do."""
    if name not in entry["baseline"]:
        return ""
    return f"{_number(entry['baseline'][name])} ({entry['ratio'][name]:.2f})"


def _parts_places(results: Results) -> list[str]:
    """The "<dtype>.<size>" whose parts were measured, fp32 first."""
    names = {tuple(name.split(".")[1:3]) for name in results if name.startswith("parts.")}
    return sorted((".".join(pair) for pair in names), key=lambda place: place.startswith("bf16"))


def _parts(results: Results) -> str:
    places = _parts_places(results)
    rows = []
    for part, title in _PARTS.items():
        cells = []
        for place in places:
            entry = results[f"parts.{place}.{part}"]
            whole = sum(results[f"parts.{place}.{other}"]["value"] for other in _PARTS)
            limit = entry["ratio"].get("flops")
            cells += [_number(entry["value"]), f"{100 * entry['value'] / whole:.0f}%"]
            cells.append("" if limit is None else f"{limit:.2f}")
        rows.append([title, *cells])
    head = ["part of a step"]
    for place in places:
        dtype, size = place.split(".")
        head += [f"{size} {dtype}, s", "share", "times the limit"]
    return _table(head, rows if places else [])


def _work(results: Results) -> str:
    """Counted work and the rates that its kinds reach alone."""
    rows = []
    for place in _places(results, "step"):
        entry = results[f"step.{place}"]
        dtype, size = place.split(".")
        work = entry["setup"]["gflop"]
        limit = entry["baseline"]["flops"]
        total = sum(work.values())
        cells = [f"{work[kind]:.1f}" for kind in list(_PARTS)[:_KINDS]]
        rows.append(
            [f"{size} {dtype}", *cells, f"{total:.0f}", _number(limit), f"{total / limit:.0f}"]
        )
    titles = [_PARTS[kind] for kind in list(_PARTS)[:_KINDS]]
    return _table(["GFLOP a step", *titles, "together", "limit, s", "GFLOP/s"], rows)


def _targets(results: Results) -> str:
    """The aims of the training engine against the results."""
    rows = []
    for place in _places(results, "step"):
        step, memory = results[f"step.{place}"], results[f"memory.{place}"]
        ratio, kept = step["ratio"], memory["ratio"]
        low, high = memory["baseline"]["checkpointed"], memory["baseline"]["plain"]
        budget = low + 0.4 * (high - low)
        dtype, size = place.split(".")
        is_fp32 = dtype == "fp32"
        rows.append([
            f"{size} {dtype}",
            _aim(ratio["checkpointed"], 0.75),
            _aim(memory["value"] / budget, 1.0),
            _aim(ratio["plain"], 1.05),
            _aim(kept["plain"], 0.5),
            _aim(ratio["flops"], 1.3) if is_fp32 else f"{ratio['flops']:.2f}",
            _aim(ratio["core"], 0.7),
            _aim(kept["core"], 2.5),
        ])  # fmt: skip
    head = [
        "ours over theirs", "time / checkpointed", "memory / budget", "time / plain",
        "memory / plain", "time / limit", "time / core", "memory / core",
    ]  # fmt: skip
    return _table(head, rows)


def _aim(value: float, most: float) -> str:
    return f"{value:.2f} {'≤' if value <= most else '**>**'} {most:g}"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _setup(results: Results) -> str:
    """On what it was measured."""
    found = {name: entry for name, entry in results.items() if name.startswith("step.")}
    if not found:
        return "(not measured yet)"
    setups = [entry["setup"] for entry in found.values()]
    turns = min(setup["turns"] for setup in setups)
    first = setups[0]
    return (
        f"Medians of {turns} turns or more, {first['threads']} threads, {first['machine']}, "
        f"torch {first['torch']}."
    )


def _next(results: Results) -> str:
    """The part that is furthest above what it has to cost, and what would help."""
    lines = []
    for place in _parts_places(results):
        above = {}
        for part in _PARTS:
            entry = results[f"parts.{place}.{part}"]
            above[part] = entry["value"] - entry["baseline"].get("flops", 0.0)
        worst = max(above, key=lambda part: above[part])
        whole = sum(results[f"parts.{place}.{part}"]["value"] for part in _PARTS)
        dtype, size = place.split(".")
        lines.append(
            f"At {size} in {dtype} the most to be won is in **{_PARTS[worst]}**: "
            f"{_number(above[worst])} s of {_number(whole)} s are no counted work. {_NEXT[worst]}"
        )
    return "\n\n".join(lines) or "(not measured yet)"


def _attention(results: Results) -> str:
    prefix = "attention.bf16."
    found = {int(n.removeprefix(prefix)): e for n, e in results.items() if n.startswith(prefix)}
    rows = [
        [
            f"{n:,}",
            _number(e["value"]),
            _number(e["baseline"]["torch"]),
            f"{e['ratio']['torch']:.2f}",
        ]
        for n, e in sorted(found.items())
    ]
    return _table(["tokens", "by products, s", "torch's kernel, s", "ratio"], rows)


_TABLES: Mapping[str, Callable[[Results], str]] = {
    "setup": _setup,
    "targets": _targets,
    "seconds": _comparison("step", ("plain", "checkpointed", "core", "flops")),
    "memory": _comparison("memory", ("plain", "checkpointed", "core")),
    "work": _work,
    "parts": _parts,
    "next": _next,
    "cards": lambda results: _table(*cards(results)),
    "errors": lambda results: _table(*errors(results)),
    "growth": lambda results: _table(*growth(results)),
    "attention": _attention,
    "crops": lambda results: _table(*crops(results)),
    "chart": lambda results: _table(*frames(results)),
    "picks": lambda results: _table(*picks(results)),
    "stops": lambda results: _table(*stops(results)),
    "shots": lambda results: _table(*shots_by("kinds", results)),
    "shot_backgrounds": lambda results: _table(*shots_by("backgrounds", results)),
    "photographs": lambda results: _table(*photographs(results)),
}


if __name__ == "__main__":
    refresh_pages()
