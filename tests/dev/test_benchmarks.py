"""`tasks.py bench` runs what has a main(), joins results, refuses a wrong form, writes the page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from dev.doing import benchmarks
from dev.errors import TaskError
from dev.layout import Host

GOOD = {"value": 1, "unit": "s", "baseline": {}, "ratio": {}, "setup": {}}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two benchmarks, a helper without main(), and a page writer."""
    folder = tmp_path / "bench"
    folder.mkdir()
    files = {
        "__init__.py": "",
        "first.py": f"def main(): return {{'first.a': {GOOD}}}\n",
        "second.py": f"def main(): return {{'second.a': {GOOD}}}\n",
        "helper.py": "def run(): pass\n",
        "tables.py": "import shutil\n"
        "if __name__ == '__main__': shutil.copy('bench/results.json', 'page')\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(benchmarks, "ROOT", tmp_path)
    monkeypatch.setattr(benchmarks, "RESULTS", folder / "results.json")
    return tmp_path


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """This Python."""
    return Host(folder=tmp_path, python=Path(sys.executable), is_own=False)


def test_all_benchmarks_run_and_the_page_follows(root: Path, host: Host) -> None:
    found = benchmarks.run_benchmarks(host, [])

    assert found == {"first.a": GOOD, "second.a": GOOD}
    assert json.loads((root / "bench" / "results.json").read_text()) == found
    assert (root / "page").read_text() == (root / "bench" / "results.json").read_text()


def test_one_benchmark_leaves_the_results_of_others(root: Path, host: Host) -> None:
    benchmarks.run_benchmarks(host, ["first"])
    assert set(benchmarks.run_benchmarks(host, ["second"])) == {"first.a", "second.a"}


@pytest.mark.parametrize("name", ["helper", "nothing"])
def test_unknown_benchmark_is_an_error(root: Path, host: Host, name: str) -> None:
    with pytest.raises(TaskError, match=f"{name}; known: first, second"):
        benchmarks.run_benchmarks(host, [name])


def test_result_without_the_agreed_fields_is_an_error(root: Path, host: Host) -> None:
    (root / "bench" / "first.py").write_text("def main(): return {'first.a': {'value': 1}}\n")
    with pytest.raises(TaskError, match=r"'first\.a' without just these fields"):
        benchmarks.run_benchmarks(host, ["first"])
    assert not (root / "bench" / "results.json").exists()


def test_failing_page_writer_is_an_error_but_keeps_the_results(root: Path, host: Host) -> None:
    (root / "bench" / "tables.py").write_text("raise SystemExit(3)\n")
    with pytest.raises(TaskError, match="could not be brought up to date"):
        benchmarks.run_benchmarks(host, ["first"])
    assert (root / "bench" / "results.json").exists()
