"""Folders of files that can be made again: the oldest go first, and only files."""

from __future__ import annotations

import os
from pathlib import Path

from trainer.data.pictures.files.pruning import prune_folder


def _files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number}.jpg" for number in range(count)]
    for age, path in enumerate(paths):
        path.write_bytes(b"x" * 100)
        os.utime(path, (1000 + age, 1000 + age))
    return paths


def test_oldest_files_go_until_the_rest_fits(tmp_path: Path) -> None:
    paths = _files(tmp_path, 5)
    assert prune_folder(tmp_path, 250) == 3
    assert [path.exists() for path in paths] == [False, False, False, True, True]


def test_small_folder_is_left_alone(tmp_path: Path) -> None:
    _files(tmp_path, 3)
    assert prune_folder(tmp_path, 300) == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_links_folders_and_a_missing_folder_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"x" * 1000)
    folder = tmp_path / "thumbnails"
    assert prune_folder(folder, 0) == 0
    (folder / "inner").mkdir(parents=True)
    (folder / "link.jpg").symlink_to(outside)
    assert prune_folder(folder, 0) == 0
    assert outside.exists()
