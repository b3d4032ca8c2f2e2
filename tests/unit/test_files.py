"""Files are written whole or not at all."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from trainer.files import (
    append_json_line,
    copy_file,
    digest_bytes,
    digest_file,
    save_tensors,
    when_free,
    write_bytes,
    write_text,
)


def test_write_bytes_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.bin"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["b.bin"]


@pytest.mark.parametrize("letter", ["x", "é", "写", "🖼"])
def test_write_bytes_to_the_longest_name_that_there_is(tmp_path: Path, letter: str) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    write_bytes(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_write_bytes_that_fails_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.txt"
    write_text(path, "old")

    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.txt"]


def test_written_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    write_text(tmp_path / "ours.txt", "a")
    (tmp_path / "theirs.txt").write_text("a", encoding="utf-8")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours.txt", "theirs.txt")}
    assert len(modes) == 1


def test_save_tensors_keeps_views_and_metadata(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    path = tmp_path / "views.safetensors"
    save_tensors(path, {"column": whole[:, 1], "turned": whole.t()}, {"note": "a"})
    loaded = load_file(path)
    assert torch.equal(loaded["column"], whole[:, 1])
    assert torch.equal(loaded["turned"], whole.t())


def test_append_json_line_refuses_nan_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_json_line(path, {"loss": 1.0})
    with pytest.raises(ValueError, match="not JSON compliant"):
        append_json_line(path, {"loss": float("nan")})
    assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == [{"loss": 1.0}]


def test_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "data").write_bytes(data)
    assert digest_file(tmp_path / "data") == digest_bytes(data)
    assert digest_bytes(data) != digest_bytes(data[:-1])


def test_copy_file_replaces_the_target_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "new" / "b"
    source.write_bytes(b"x" * 3_000_000)
    copy_file(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert [entry.name for entry in target.parent.iterdir()] == ["b"]


def test_copy_file_that_is_missing_leaves_the_target(tmp_path: Path) -> None:
    write_text(tmp_path / "b", "old")
    with pytest.raises(FileNotFoundError):
        copy_file(tmp_path / "a", tmp_path / "b")
    assert [entry.name for entry in tmp_path.iterdir()] == ["b"]
    assert (tmp_path / "b").read_text() == "old"


@pytest.mark.parametrize("refusals", [0, 1, 9])
def test_when_free_tries_again_while_a_file_is_open(refusals: int) -> None:
    answers = [PermissionError(13, "in use")] * refusals + [None]

    def change() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    when_free(change)
    assert answers == []


def test_when_free_gives_up_in_the_end() -> None:
    tries = []

    def change() -> None:
        tries.append(1)
        raise PermissionError(13, "in use")

    with pytest.raises(PermissionError, match="in use"):
        when_free(change)
    assert len(tries) == 10
