"""Runs every benchmark in bench/, joins their results and writes the page about them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ..errors import TaskError
from ..layout import ROOT, Host
from ..terminal import say

RESULTS = ROOT / "bench" / "results.json"
_RUN = (
    "import importlib, json, sys; sys.path.insert(0, sys.argv[1]); "
    "found = importlib.import_module('bench.' + sys.argv[2]).main(); "
    "open(sys.argv[3], 'w', encoding='utf-8').write(json.dumps(found))"
)
_FIELDS = {"value", "unit", "baseline", "ratio", "setup"}


def run_benchmarks(host: Host, only: list[str]) -> dict[str, Any]:
    """Run the benchmarks (all, or those named) and merge them into bench/results.json.

    The tables of docs/benchmarks.md follow.

    Raises:
        TaskError: A benchmark is unknown, failed, or gave something else than results.
    """
    names = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if _has_main(path))
    unknown = [name for name in only if name not in names]
    if unknown or not names:
        known = ", ".join(names) or "none"
        raise TaskError(f"No benchmark called {', '.join(unknown) or 'anything'}; known: {known}.")
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    for name in only or names:
        say(f"Benchmark {name}")
        results.update(_run(host, name))
        part = RESULTS.with_suffix(".json.part")
        text = json.dumps(results, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        part.write_text(text, encoding="utf-8")
        part.replace(RESULTS)
    _refresh_page(host)
    return dict(results)


def _refresh_page(host: Host) -> None:
    """Bring the tables of docs/benchmarks.md up to date."""
    done = subprocess.run([str(host.python), "-m", "bench.tables"], cwd=ROOT, check=False)
    if done.returncode != 0:
        raise TaskError(
            "The results are written, but docs/benchmarks.md could not be brought up to date; see "
            "above. Run 'python -m bench.tables' once that is mended."
        )


def _has_main(path: Path) -> bool:
    """Does this file define main() at its top level?"""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)


def _run(host: Host, name: str) -> dict[str, Any]:
    """One benchmark in its own process, so that none warms another's caches."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "result.json"
        env = os.environ | {"COMFYUI_PATH": str(host.folder), "COMFYUI_PYTHON": str(host.python)}
        done = subprocess.run(
            [str(host.python), "-c", _RUN, str(ROOT), name, str(target)],
            cwd=ROOT,
            env=env,
            check=False,
        )
        if done.returncode != 0 or not target.is_file():
            raise TaskError(f"Benchmark {name} failed (exit code {done.returncode}); see above.")
        found = json.loads(target.read_text(encoding="utf-8"))
    for key, entry in found.items():
        if not isinstance(entry, dict) or set(entry) != _FIELDS:
            raise TaskError(
                f"Benchmark {name} gave '{key}' without just these fields: "
                f"{', '.join(sorted(_FIELDS))}."
            )
    return dict(found)
