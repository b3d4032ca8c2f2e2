"""Runs are found by their names only, and moved to the recycle folder and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.run_folders import made_run, usual_events
from trainer.errors import ConflictError, NotFoundError
from trainer.training.library.run_library import RunLibrary


@pytest.fixture
def library(tmp_path: Path) -> RunLibrary:
    """A library with one run and a run outside of it."""
    made_run(tmp_path, "käse 字", usual_events())
    made_run(tmp_path / "elsewhere", "other", usual_events())
    return RunLibrary(tmp_path / "output" / "hunyuan_lora")


def test_names_of_an_empty_place(tmp_path: Path) -> None:
    library = RunLibrary(tmp_path / "nothing")
    assert (library.names(), library.recycled_names(), library.views()) == ([], [], [])


def test_names_are_those_of_run_folders(library: RunLibrary) -> None:
    (library.runs / "no run").mkdir()
    (library.runs / "a file").write_text("x")
    assert library.names() == ["käse 字"]


def test_names_leave_out_links_to_runs_elsewhere(library: RunLibrary, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "output" / "hunyuan_lora" / "runs" / "other"
    os.symlink(outside, library.runs / "linked", target_is_directory=True)
    assert library.names() == ["käse 字"]
    with pytest.raises(NotFoundError, match="no run 'linked'"):
        library.view("linked")


def test_names_leave_out_what_is_no_text(library: RunLibrary) -> None:
    folder = library.runs / "\udcff"
    folder.mkdir()
    (folder / "events.jsonl").write_text("")
    assert library.names() == ["käse 字"]


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../runs/käse 字", "käse 字/", "käse 字/../käse 字", "/etc", "C:\\", "con",
        "nul", "käse 字\0", "käse 字.", "~", "..\\..", "\ud800", "x" * 5000,
        "../../../elsewhere/output/hunyuan_lora/runs/other",
    ],
)  # fmt: skip
def test_view_of_any_other_name_is_refused(library: RunLibrary, name: str) -> None:
    for work in (library.view, library.view_chart, library.recycle, library.restore):
        with pytest.raises(NotFoundError, match="There is no run"):
            work(name)


def test_recycle_and_restore_keep_every_file(library: RunLibrary) -> None:
    before = sorted(path.relative_to(library.runs) for path in library.runs.rglob("*"))
    moved = library.recycle("käse 字")
    assert moved == library.recycled / "käse 字"
    assert (library.names(), library.recycled_names()) == ([], ["käse 字"])
    assert library.views() == []
    assert library.restore("käse 字") == library.runs / "käse 字"
    assert sorted(path.relative_to(library.runs) for path in library.runs.rglob("*")) == before
    assert library.view("käse 字").overview()["step"] == 3


def test_recycle_of_runs_of_one_name_keeps_both(library: RunLibrary, tmp_path: Path) -> None:
    library.recycle("käse 字")
    made_run(tmp_path, "käse 字", usual_events()[:2])
    assert library.recycle("käse 字").name == "käse 字 (2)"
    assert library.recycled_names() == ["käse 字", "käse 字 (2)"]


def test_view_of_a_run_made_anew_shows_the_new_one(library: RunLibrary, tmp_path: Path) -> None:
    assert library.view("käse 字").overview()["step"] == 3
    library.recycle("käse 字")
    made_run(tmp_path, "käse 字", usual_events()[:2])
    assert library.view("käse 字").overview()["step"] == 1


def test_restore_never_overwrites_a_run(library: RunLibrary, tmp_path: Path) -> None:
    library.recycle("käse 字")
    made_run(tmp_path, "käse 字", usual_events())
    with pytest.raises(ConflictError, match="a run of that name again"):
        library.restore("käse 字")
    assert library.recycled_names() == ["käse 字"]


def test_recycle_that_fails_says_why(library: RunLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_use(*_: object) -> None:
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr("os.rename", in_use)
    with pytest.raises(ConflictError, match=r"cannot access the file\. Close whatever"):
        library.recycle("käse 字")
    assert library.names() == ["käse 字"]


def test_charts_of_many_runs_are_not_all_kept(library: RunLibrary, tmp_path: Path) -> None:
    for number in range(12):
        made_run(tmp_path, f"run {number}", usual_events())
        library.view_chart(f"run {number}").history()
    log = library.view("run 0").log
    before = log.bytes_read
    library.view_chart("run 11").history()
    library.view_chart("run 0").history()
    assert log.bytes_read == before + log.path.stat().st_size
