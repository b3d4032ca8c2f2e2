"""Examining: the same results however many threads, and files that are known stay closed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.data.pictures.files import examining, in_parallel
from trainer.data.pictures.files.examining import PictureFacts, examine_pictures
from trainer.data.pictures.pixels import PictureError
from trainer.files import digest_bytes

LONG_AGO = 1_600_000_000


def write_picture(path: Path, seed: int, size: tuple[int, int] = (40, 30)) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was decoded; the real work is done as always. Files count as settled at once."""
    seen: list[bytes] = []
    decode = examining.decode_picture

    def watched(data: bytes) -> Image.Image:
        seen.append(data)
        return decode(data)

    monkeypatch.setattr(examining, "decode_picture", watched)
    monkeypatch.setattr(examining, "SETTLED_NS", 0)
    monkeypatch.setattr(examining, "_MEMORY", examining._Memory())
    return seen


def test_results_are_those_of_one_thread_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(24)]
    for number, path in enumerate(paths):
        write_picture(path, number, (200 if number % 5 == 0 else 20, 20 + number))
    paths[7].write_bytes(b"rubbish")

    def outcomes(cores: int) -> list[object]:
        monkeypatch.setattr(in_parallel, "usable_cores", lambda: cores)
        monkeypatch.setattr(examining, "_MEMORY", examining._Memory())
        return [
            str(one) if isinstance(one, PictureError) else one for one in examine_pictures(paths)
        ]

    alone = outcomes(1)
    assert outcomes(2) == alone
    assert outcomes(8) == alone
    assert [one.height_px for one in alone if isinstance(one, PictureFacts)] == [
        20 + number for number in range(24) if number != 7
    ]


def test_facts_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_picture(path, 1, (40, 30))
    (facts,) = examine_pictures([path])
    assert isinstance(facts, PictureFacts)
    assert (facts.width_px, facts.height_px, facts.has_alpha) == (40, 30, False)
    assert facts.file_digest == digest_bytes(path.read_bytes())


def test_unchanged_file_is_decoded_once(tmp_path: Path, decoded: list[bytes]) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for number, path in enumerate(paths):
        write_picture(path, number)
    paths[2].write_bytes(b"rubbish")
    first = list(examine_pictures(paths))
    assert len(decoded) == 5
    again = list(examine_pictures(paths))
    assert len(decoded) == 5
    assert [str(one) for one in again] == [str(one) for one in first]


def test_changed_file_is_decoded_again_even_with_its_old_date_and_size(
    tmp_path: Path, decoded: list[bytes]
) -> None:
    path = tmp_path / "a.bmp"
    write_picture(path, 1)
    os.utime(path, (LONG_AGO, LONG_AGO))
    (before,) = examine_pictures([path])
    size = path.stat().st_size
    write_picture(path, 2)
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert path.stat().st_size == size
    (after,) = examine_pictures([path])
    assert isinstance(before, PictureFacts)
    assert isinstance(after, PictureFacts)
    assert before.digest != after.digest
    assert len(decoded) == 2


def test_file_changed_a_moment_ago_is_not_remembered(
    tmp_path: Path, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "SETTLED_NS", 2_000_000_000)
    path = tmp_path / "a.png"
    write_picture(path, 1)
    list(examine_pictures([path]))
    list(examine_pictures([path]))
    assert len(decoded) == 2


def test_file_that_could_not_be_opened_is_tried_again(tmp_path: Path, decoded: list[bytes]) -> None:
    target, link = tmp_path / "drive" / "a.png", tmp_path / "a.png"
    link.symlink_to(target)
    (missing,) = examine_pictures([link])
    assert isinstance(missing, PictureError)
    assert "link" in str(missing)
    target.parent.mkdir()
    write_picture(target, 1)
    (found,) = examine_pictures([link])
    assert isinstance(found, PictureFacts)


def test_pipe_and_folder_and_missing_file_are_told_and_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    paths = [tmp_path / name for name in ("pipe.png", "folder.png", "missing.png")]
    outcomes: list[object] = []
    thread = threading.Thread(target=lambda: outcomes.extend(examine_pictures(paths)), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it waits for somebody to write into the pipe"
    assert [str(one).split(".")[0] for one in outcomes] == [
        "is no file but a device or pipe",
        "is a folder",
        "is not there",
    ]


def test_memory_forgets_the_oldest(
    tmp_path: Path, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "_MOST_REMEMBERED", 2)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        write_picture(path, number)
        list(examine_pictures([path]))
    list(examine_pictures(paths[1:]))
    assert len(decoded) == 3
    list(examine_pictures(paths[:1]))
    assert len(decoded) == 4


def test_two_thousand_known_pictures_take_a_moment(tmp_path: Path, decoded: list[bytes]) -> None:
    write_picture(tmp_path / "0.png", 0)
    paths = [tmp_path / f"{number}.png" for number in range(2000)]
    for path in paths[1:]:
        os.link(paths[0], path)
    first = list(examine_pictures(paths))
    assert len(decoded) == 2000
    started = time.process_time()
    assert list(examine_pictures(paths)) == first
    assert len(decoded) == 2000
    assert time.process_time() - started < 2.0
