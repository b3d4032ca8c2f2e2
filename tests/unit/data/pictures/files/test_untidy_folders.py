"""Folders as people have them: names in any language, odd entries, and never written to."""

from __future__ import annotations

import hashlib
import os
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainer.data.captions.captioning import CaptionFields, caption_crops
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.planning import CropPlan, plan_crops
from trainer.data.dataset.building import build_dataset
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.files.thumbnails import make_thumbnail
from trainer.data.pictures.media import caption_path, scan_folder
from trainer.data.sheets.contact_sheet import draw_contact_sheet, draw_thumbnails
from trainer.errors import DatasetError

SETTINGS = CropSettings(buckets=(Bucket(64, 64),))
NAMES = (
    "写真 一.png",
    "صورة أمامية.png",
    "תמונה.png",
    "фото вид спереди.png",
    "👩‍🎤 alva 🖼️.png",
    "with  many   spaces .png",
    "dots.in.the.name.v2.png",
    "-dash first & (brackets) [x] #1 100%.png",
    "quote ' and ; and $HOME.png",
    unicodedata.normalize("NFD", "é́té ñandú Å") + ".png",
    unicodedata.normalize("NFC", "é́té ñandú Å 2") + ".png",
)

_watched: list[str] = []
_written: list[str] = []
_CHANGES = {
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.utime", "os.chown",
}  # fmt: skip


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Notes what is changed or opened for writing below the watched folder."""
    if not _watched:
        return
    if event == "open":
        path, _, flags = arguments
        changes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))
    else:
        path, changes = (arguments or ("",))[0], event in _CHANGES
    if changes and isinstance(path, str | bytes | os.PathLike):
        name = os.path.abspath(os.fsdecode(path))
        if name.startswith(_watched[0]):
            _written.append(f"{event} {name}")


sys.addaudithook(_audit)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Path]:
    """A folder of pictures; at the end nothing below it was written, even for a moment."""
    folder = tmp_path / "источник 写真 🖼"
    folder.mkdir()
    yield folder
    _watched.clear()


def begin_watching(folder: Path) -> dict[str, tuple[str, int, int]]:
    _written.clear()
    _watched[:] = [str(folder) + os.sep]
    return inventory(folder)


def inventory(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Content, time of change and mode of everything below the folder, and its own time."""
    found = {".": ("", folder.stat().st_mtime_ns, folder.stat().st_mode)}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (content, status.st_mtime_ns, status.st_mode)
    return found


def draw(path: Path, seed: int, size: tuple[int, int] = (80, 64)) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path)


def run_all(folder: Path, target: Path) -> CropPlan:
    """Everything between the folder and the finished dataset."""
    media = scan_folder(folder, min_side_px=32)
    plan = plan_crops(media, SETTINGS)
    draw_thumbnails(media)
    draw_contact_sheet(plan)
    for item in media.items:
        make_thumbnail(item, 32, target / "thumbnails", (0.0, 0.0, 0.5, 0.5))
    captioned = caption_crops(plan.crops, CaptionFields(trigger="alva"))
    build_dataset(captioned, target / "数据 set")
    return plan


def test_names_of_any_kind_go_from_the_folder_to_the_dataset_and_nothing_is_written_beside_them(
    source: Path, tmp_path: Path
) -> None:
    for number, name in enumerate(NAMES):
        draw(source / name, number)
        (source / name).with_suffix(".txt").write_text(f"caption {number}", encoding="utf-8")
    before = begin_watching(source)
    plan = run_all(source, tmp_path / "out")
    assert inventory(source) == before
    assert _written == []
    assert len(plan.crops) == len(NAMES)
    made = sorted((tmp_path / "out" / "数据 set" / "64x64").glob("*.png"))
    assert len(made) == len(NAMES)
    texts = {path.with_suffix(".txt").read_text("utf-8").strip() for path in made}
    assert texts == {f"caption {number}" for number in range(len(NAMES))}


def test_watch_notices_a_write_and_so_can_fail(source: Path) -> None:
    begin_watching(source)
    (source / "x.txt").write_text("x")
    (source / "x.txt").unlink()
    assert len(_written) == 2


def test_longest_names_that_there_are(source: Path, tmp_path: Path) -> None:
    for number, letter in enumerate("x写🖼"):
        stem = letter * (251 // len(letter.encode()))
        draw(source / f"{stem}.png", number)
    plan = run_all(source, tmp_path / "out")
    assert len(plan.crops) == 3
    assert len(list((tmp_path / "out").rglob("00*.png"))) == 3


def test_names_that_differ_only_in_case_stay_two_pictures(source: Path, tmp_path: Path) -> None:
    draw(source / "A.PNG", 1)
    draw(source / "a.png", 2)
    is_one_file = len(list(source.iterdir())) == 1  # Windows and macOS
    plan = run_all(source, tmp_path / "out")
    assert len(plan.crops) == (1 if is_one_file else 2)
    made = [path.name.lower() for path in (tmp_path / "out").rglob("00*.png")]
    assert len(set(made)) == len(plan.crops), "a disk that ignores case must hold them too"


def test_two_pictures_may_share_one_caption(source: Path, tmp_path: Path) -> None:
    draw(source / "a.png", 1)
    draw(source / "a.jpg", 2)
    (source / "a.txt").write_text("of both", encoding="utf-8")
    plan = run_all(source, tmp_path / "out")
    assert [crop.item.path.name for crop in plan.crops] == ["a.jpg", "a.png"]
    made = sorted((tmp_path / "out").rglob("00*.txt"))
    assert [path.read_text("utf-8").strip() for path in made] == ["of both"] * 2


@pytest.mark.parametrize(
    ("picture", "text"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC"), ("NFD", "NFD")]
)
def test_caption_is_found_however_its_accents_are_written(
    source: Path, picture: str, text: str
) -> None:
    name = "été ñandú"
    draw(source / f"{unicodedata.normalize(picture, name)}.png", 1)
    caption = source / f"{unicodedata.normalize(text, name)}.txt"
    caption.write_text("found", encoding="utf-8")
    (item,) = scan_folder(source, min_side_px=32).items
    assert caption_path(item).read_text("utf-8") == "found"


def test_caption_of_capital_ending_is_found_and_the_plain_one_comes_first(source: Path) -> None:
    draw(source / "a.png", 1)
    (item,) = scan_folder(source, min_side_px=32).items
    assert caption_path(item) == source / "a.txt"
    (source / "a.TXT").write_text("capital", encoding="utf-8")
    assert caption_path(item).read_text("utf-8") == "capital"
    (source / "a.txt").write_text("plain", encoding="utf-8")
    assert caption_path(item).read_text("utf-8") == "plain"


def test_odd_entries_are_told_and_do_not_stop_the_scan(source: Path) -> None:
    draw(source / "good.png", 1)
    (source / "folder.png").mkdir()
    (source / "empty.png").touch()
    (source / "to nowhere.png").symlink_to(source / "gone" / "x.png")
    (source / "circle.png").symlink_to(source / "circle.png")
    (source / "to good.png").symlink_to(source / "good.png")
    os.mkfifo(source / "pipe.png")
    started = time.monotonic()
    media = scan_folder(source, min_side_px=32)
    assert time.monotonic() - started < 30
    assert [item.path.name for item in media.items] == ["good.png"]
    texts = {problem.path.name: problem.text for problem in media.problems}
    assert sorted(texts) == [
        "circle.png", "empty.png", "pipe.png", "to good.png", "to nowhere.png",
    ]  # fmt: skip
    assert "is a link to a file that is not there" in texts["to nowhere.png"]
    assert "device or pipe" in texts["pipe.png"]
    assert "the same picture as good.png" in texts["to good.png"]
    assert all(text.startswith(name) and text.count("\n") == 0 for name, text in texts.items())


def test_only_odd_entries_are_an_error_that_names_them(source: Path) -> None:
    os.mkfifo(source / "pipe.png")
    with pytest.raises(DatasetError, match=r"None of the 1 .*pipe\.png is no file but a device"):
        scan_folder(source)


def test_picture_that_may_not_be_read_is_told(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(source / "good.png", 1)
    draw(source / "locked.png", 2)
    (source / "locked.png").chmod(0)
    read_bytes = Path.read_bytes

    def as_an_ordinary_user(path: Path) -> bytes:
        # The system lets its administrator read everything; others meet this.
        if path.stat().st_mode & 0o400 == 0:
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", as_an_ordinary_user)
    media = scan_folder(source, min_side_px=32)
    assert [item.path.name for item in media.items] == ["good.png"]
    (problem,) = media.problems
    assert problem.text.startswith("locked.png cannot be opened (Permission denied)")


def test_read_only_folder_is_enough(source: Path, tmp_path: Path) -> None:
    draw(source / "a.png", 1)
    (source / "a.png").chmod(0o444)
    source.chmod(0o555)
    begin_watching(source)
    try:
        assert len(run_all(source, tmp_path / "out").crops) == 1
        assert _written == []
    finally:
        _watched.clear()
        source.chmod(0o755)


def test_two_thousand_pictures_are_scanned_and_known_again(source: Path) -> None:
    random = np.random.default_rng(5)
    for number in range(2000):
        values = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        image = Image.fromarray(values).resize((64, 64), Image.Resampling.NEAREST)
        image.save(source / f"{number}.bmp")
    first = scan_folder(source, min_side_px=32)
    assert [item.path.stem for item in first.items] == [str(number) for number in range(2000)]
    assert first.problems == ()
    time.sleep(max(0.0, 2.1 - (time.time() - (source / "1999.bmp").stat().st_ctime)))
    assert scan_folder(source, min_side_px=32) == first
    started = time.process_time()
    assert scan_folder(source, min_side_px=32) == first
    assert time.process_time() - started < 4.0
