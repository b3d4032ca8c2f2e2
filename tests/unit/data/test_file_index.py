"""The index of files: what it remembers, when it forgets, and that it may be damaged or missing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from trainer.data import file_index
from trainer.data.file_index import FileIndex


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the file a.txt, old enough to be noted."""
    monkeypatch.setattr(file_index, "SETTLED_NS", 0)
    (tmp_path / "a.txt").write_text("first", encoding="utf-8")
    return tmp_path


def remember(place: Path, name: str = "a.txt") -> None:
    index = FileIndex(place / "index.jsonl", place)
    index.note(name, (place / name).stat(), ["digest", [3, 4]])
    index.save()


def recall(place: Path, name: str = "a.txt") -> list[object] | None:
    return FileIndex(place / "index.jsonl", place).facts(name, (place / name).stat())


def test_unchanged_file_is_remembered(place: Path) -> None:
    remember(place)
    assert recall(place) == ["digest", [3, 4]]


def test_change_of_equal_size_that_sets_its_time_back_is_noticed(place: Path) -> None:
    path = place / "a.txt"
    remember(place)
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:
        time.sleep(0.01)
        path.write_text("other", encoding="utf-8")
        if os.name != "nt":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        else:
            break
    assert path.stat().st_size == before.st_size
    assert recall(place) is None


def test_file_changed_just_now_is_not_noted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_index, "SETTLED_NS", 60_000_000_000)
    remember(place)
    assert recall(place) is None
    assert not (place / "index.jsonl").exists()


@pytest.mark.parametrize("damage", ["delete", "cut", "digit", "bytes", "other"])
def test_damaged_index_knows_nothing_and_is_replaced(place: Path, damage: str) -> None:
    remember(place)
    path = place / "index.jsonl"
    data = path.read_bytes()
    if damage == "delete":
        path.unlink()
    else:
        path.write_bytes({
            "cut": data[:-9],
            "digit": data.replace(b"[3,4]", b"[3,5]"),
            "bytes": b"\xff\xfe" * 40,
            "other": b'{"format": 1}\n[]\n',
        }[damage])  # fmt: skip
    assert recall(place) is None
    remember(place)
    assert recall(place) == ["digest", [3, 4]]


def test_files_that_are_gone_are_dropped(place: Path) -> None:
    (place / "b.txt").write_text("b", encoding="utf-8")
    remember(place)
    remember(place, "b.txt")
    assert recall(place) is not None
    (place / "a.txt").unlink()
    remember(place, "b.txt")
    assert "a.txt" not in (place / "index.jsonl").read_text("utf-8")
    assert recall(place, "b.txt") is not None


def test_place_that_cannot_be_written_is_no_error(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = FileIndex(place / "none" / "index.jsonl", place)
    index.note("a.txt", (place / "a.txt").stat(), [])
    index.save()
    assert not (place / "none").exists()

    def refuse(path: Path, text: str) -> None:
        raise PermissionError(13, "read-only", str(path))

    monkeypatch.setattr(file_index, "write_text", refuse)
    remember(place)
    assert not (place / "index.jsonl").exists()
