"""Only files that really lie where they should are found in a run folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.run_folders import made_run, usual_events
from trainer.errors import NotFoundError
from trainer.training.library.contents import find_picture, folder_bytes, own_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with a neighbour and a picture beside samples/."""
    folder = made_run(tmp_path, "a", usual_events())
    picture = folder / "samples" / "step 2.png"
    neighbour = made_run(tmp_path, "b", usual_events())
    for place in (folder / "beside.png", neighbour / "samples" / "b.png"):
        place.write_bytes(picture.read_bytes())
    (folder / "samples" / "text.txt").write_text("x")
    (folder / "samples" / "page.html").write_text("<script></script>")
    (folder / "samples" / "folder.png").mkdir()
    (folder / "samples" / "deeper").mkdir()
    (folder / "samples" / "deeper" / "ünï.WEBP").write_bytes(b"x")
    return folder


@pytest.mark.parametrize("path", ["samples/step 2.png", "samples/deeper/ünï.WEBP"])
def test_find_picture_finds_pictures_below_samples(folder: Path, path: str) -> None:
    assert find_picture(folder, path) == folder / path


@pytest.mark.parametrize(
    "path",
    [
        "", "samples", "samples/", "samples/gone.png", "samples/text.txt", "samples/page.html",
        "samples/folder.png", "beside.png", "config.toml", "../b/samples/b.png",
        "samples/../beside.png", "samples/../../b/samples/b.png", "samples//step 2.png",
        "samples/./step 2.png", "./samples/step 2.png", "/samples/step 2.png",
        "samples\\step 2.png", "samples/..\\beside.png", "samples/step 2.png\0",
        "samples/step 2.png::$DATA", "C:/x.png", "samples/con.png", "samples/" + "a/" * 600,
        "Samples/step 2.png", "\ud800/x.png", "samples/\ud800.png",
        None, 7, ["samples/step 2.png"],
    ],
)  # fmt: skip
def test_find_picture_refuses_all_else(folder: Path, path: object) -> None:
    with pytest.raises(NotFoundError, match="is no picture of the run 'a'"):
        find_picture(folder, path)


def test_find_picture_refuses_absolute_paths(folder: Path) -> None:
    for path in (folder / "samples" / "step 2.png", folder / "beside.png"):
        with pytest.raises(NotFoundError):
            find_picture(folder, path.as_posix())


def test_find_picture_refuses_links_out_of_samples(folder: Path) -> None:
    samples = folder / "samples"
    os.symlink(folder / "beside.png", samples / "linked.png")
    os.symlink(folder.parent / "b" / "samples", samples / "linked", target_is_directory=True)
    for path in ("samples/linked.png", "samples/linked/b.png"):
        with pytest.raises(NotFoundError):
            find_picture(folder, path)


def test_find_picture_refuses_samples_that_are_a_link(folder: Path) -> None:
    (folder / "samples").rename(folder / "moved")
    os.symlink(folder.parent / "b" / "samples", folder / "samples", target_is_directory=True)
    with pytest.raises(NotFoundError):
        find_picture(folder, "samples/b.png")


def test_own_file_refuses_links_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    os.symlink(tmp_path / "secret.json", folder / "graph.json")
    assert own_file(folder, "graph.json") is None
    assert own_file(folder, "config.toml") == folder / "config.toml"


def test_folder_bytes_does_not_follow_links(folder: Path, tmp_path: Path) -> None:
    before = folder_bytes(folder)
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "file").write_bytes(b"x" * 100_000)
    os.symlink(tmp_path / "large", folder / "link", target_is_directory=True)
    os.symlink(tmp_path / "large" / "file", folder / "link2")
    assert folder_bytes(folder) < before + 1000
