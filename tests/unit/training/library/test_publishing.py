"""Checkpoints are copied to the LoRA folder and overwrite nothing there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.run_folders import made_run, usual_events
from trainer.errors import ConflictError, NotFoundError
from trainer.training.library.publishing import (
    default_lora_name,
    find_checkpoint,
    publish_beside_others,
    publish_lora,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with a checkpoint of step 2."""
    return made_run(tmp_path, "a", usual_events())


def test_find_checkpoint_gives_the_file_of_the_step(folder: Path) -> None:
    assert find_checkpoint(folder, 2) == folder / "checkpoints" / "two.safetensors"


def test_find_checkpoint_names_the_steps_there_are(folder: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no checkpoint of step 3\. .* of the steps 2\."):
        find_checkpoint(folder, 3)


def test_find_checkpoint_refuses_a_file_outside(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.safetensors").write_bytes(b"x")
    inside = folder / "checkpoints" / "two.safetensors"
    inside.unlink()
    os.symlink(tmp_path / "outside.safetensors", inside)
    with pytest.raises(NotFoundError, match="It has none"):
        find_checkpoint(folder, 2)


def test_publish_copies_the_file_under_the_name(folder: Path, tmp_path: Path) -> None:
    source = find_checkpoint(folder, 2)
    copy = publish_lora(source, tmp_path / "loras", default_lora_name("a", 2))
    assert copy == tmp_path / "loras" / "a-step000002.safetensors"
    assert copy.read_bytes() == source.read_bytes()
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_default_name_of_a_long_run_name_is_short_enough() -> None:
    assert len(default_lora_name("x" * 79 + " " + "y" * 20, 123456)) <= 100


def test_publish_of_the_same_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    source = find_checkpoint(folder, 2)
    copy = publish_lora(source, tmp_path, "x.safetensors")
    stamp = copy.stat().st_mtime_ns
    assert publish_lora(source, tmp_path, "x").stat().st_mtime_ns == stamp


def test_publish_never_overwrites_another_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"another")
    with pytest.raises(ConflictError, match=r"x\.safetensors' exists already and is another LoRA"):
        publish_lora(find_checkpoint(folder, 2), tmp_path, "x")
    assert (tmp_path / "x.safetensors").read_bytes() == b"another"


def test_publish_that_cannot_write_says_why(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "loras").write_text("a file where the folder should be")
    with pytest.raises(ConflictError, match="cannot be copied"):
        publish_lora(find_checkpoint(folder, 2), tmp_path / "loras", "x")


def test_publishing_beside_others_loses_none_of_them(tmp_path: Path) -> None:
    loras = tmp_path / "loras"
    loras.mkdir()
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.safetensors")
        files[-1].write_bytes(b"LoRA %d" % number)
    names = [publish_beside_others(file, loras, "x.safetensors").name for file in files]
    assert names == ["x.safetensors", "x (2).safetensors", "x (3).safetensors"]
    # Once more finds each where it is.
    assert [publish_beside_others(file, loras, "x").name for file in files] == names
    assert [(loras / name).read_bytes() for name in names] == [f.read_bytes() for f in files]
