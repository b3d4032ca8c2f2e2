"""Thumbnails: right part, right size, made once, and never of another picture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from trainer.data.pictures.files.thumbnails import make_thumbnail
from trainer.data.pictures.media import MediaItem, scan_folder
from trainer.errors import DatasetError


def waves(width: int, height: int) -> Image.Image:
    """Smooth colours that differ everywhere, so that a wrong part or turn shows."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    parts = [x, y, 0.5 + 0.4 * np.sin(9 * x) * np.cos(7 * y)]
    return Image.fromarray(np.round(np.stack(parts, axis=2) * 255).astype(np.uint8))


def scanned(folder: Path, name: str) -> MediaItem:
    media = scan_folder(folder, min_side_px=16)
    return next(item for item in media.items if item.path.name == name)


def difference(path: Path, wanted: Image.Image) -> float:
    with Image.open(path) as image:
        assert image.size == wanted.size
        shown = np.asarray(image.convert("RGB"), dtype=np.float64)
    return float(np.abs(shown - np.asarray(wanted.convert("RGB"), dtype=np.float64)).mean())


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("side", [64, 256, 700])
def test_thumbnail_is_the_whole_picture_reduced(tmp_path: Path, name: str, side: int) -> None:
    picture = waves(1600, 1000)
    picture.save(tmp_path / name, quality=95)
    path = make_thumbnail(scanned(tmp_path, name), side, tmp_path / "cache")
    assert path.suffix == ".jpg"
    with Image.open(path) as image:
        assert image.size == (side, round(side * 1000 / 1600))
        wanted = picture.resize(image.size, Image.Resampling.LANCZOS)
    assert difference(path, wanted) < 2.5, "JPEG alone costs about 1.7"


def test_thumbnail_of_a_box_shows_that_part_and_nothing_else(tmp_path: Path) -> None:
    picture = waves(1601, 1003)
    picture.save(tmp_path / "a.jpg", quality=95)
    item = scanned(tmp_path, "a.jpg")
    path = make_thumbnail(item, 100, tmp_path / "cache", (0.5, 0.25, 0.25, 0.5))
    part = picture.crop((800, 251, 1201, 752)).resize((80, 100), Image.Resampling.LANCZOS)
    assert difference(path, part) < 2.5
    assert path != make_thumbnail(item, 100, tmp_path / "cache")
    assert path != make_thumbnail(item, 100, tmp_path / "cache", (0.5, 0.25, 0.25, 0.51))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnail_stands_upright_as_the_camera_was_held(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    waves(1200, 801).save(tmp_path / "a.jpg", quality=95, exif=exif)
    item = scanned(tmp_path, "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        upright = ImageOps.exif_transpose(image)
    path = make_thumbnail(item, 120, tmp_path / "cache")
    with Image.open(path) as small:
        size = small.size
    assert max(size) == 120
    assert (size[0] > size[1]) == (upright.width > upright.height)
    assert difference(path, upright.resize(size, Image.Resampling.LANCZOS)) < 2.5


def test_small_picture_is_never_enlarged(tmp_path: Path) -> None:
    waves(40, 30).save(tmp_path / "a.png")
    item = scanned(tmp_path, "a.png")
    for box, size in ((None, (40, 30)), ((0.0, 0.0, 0.5, 0.5), (20, 15))):
        with Image.open(make_thumbnail(item, 256, tmp_path / "cache", box)) as image:
            assert image.size == size


def test_see_through_picture_stays_see_through(tmp_path: Path) -> None:
    picture = waves(400, 400).convert("RGBA")
    alpha = Image.linear_gradient("L").resize((400, 400))
    picture.putalpha(alpha)
    picture.save(tmp_path / "a.png")
    path = make_thumbnail(scanned(tmp_path, "a.png"), 100, tmp_path / "cache")
    assert path.suffix == ".webp"
    with Image.open(path) as image:
        shown = np.asarray(image.convert("RGBA"))[:, :, 3].astype(float)
    assert np.abs(shown - np.asarray(alpha.resize((100, 100)))).max() < 3


def test_thumbnail_is_made_once_and_outlives_its_picture(tmp_path: Path) -> None:
    waves(300, 200).save(tmp_path / "a.jpg")
    item = scanned(tmp_path, "a.jpg")
    first = make_thumbnail(item, 50, tmp_path / "cache")
    before = first.stat().st_mtime_ns
    item.path.unlink()
    again = make_thumbnail(item, 50, tmp_path / "cache")
    assert again == first
    assert again.stat().st_mtime_ns == before
    with pytest.raises(DatasetError, match=r"a\.jpg .*is not there"):
        make_thumbnail(item, 51, tmp_path / "cache")


def test_changed_picture_gives_an_error_and_no_file(tmp_path: Path) -> None:
    waves(300, 200).save(tmp_path / "a.png")
    item = scanned(tmp_path, "a.png")
    waves(301, 200).save(tmp_path / "a.png")
    with pytest.raises(DatasetError, match=r"a\.png has changed since the folder was scanned"):
        make_thumbnail(item, 50, tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


def test_file_with_other_bytes_but_the_same_pixels_is_the_same_picture(tmp_path: Path) -> None:
    waves(300, 200).save(tmp_path / "a.png", compress_level=1)
    item = scanned(tmp_path, "a.png")
    bytes_before = item.path.read_bytes()
    waves(300, 200).save(tmp_path / "a.png", compress_level=9, optimize=True)
    assert item.path.read_bytes() != bytes_before
    assert make_thumbnail(item, 50, tmp_path / "cache").is_file()


def test_picture_whose_file_digest_is_not_known_is_compared_by_pixels(tmp_path: Path) -> None:
    waves(1600, 200).save(tmp_path / "a.jpg")
    item = scanned(tmp_path, "a.jpg")
    assert item.file_digest
    old = MediaItem(item.path, item.width_px, item.height_px, item.digest, has_alpha=False)
    assert (
        make_thumbnail(old, 50, tmp_path / "one").name
        == make_thumbnail(item, 50, tmp_path / "two").name
    )
    waves(1600, 201).save(tmp_path / "a.jpg")
    with pytest.raises(DatasetError, match="has changed"):
        make_thumbnail(old, 60, tmp_path / "one")


def test_folder_that_cannot_be_made_gives_a_sentence(tmp_path: Path) -> None:
    waves(300, 200).save(tmp_path / "a.png")
    item = scanned(tmp_path, "a.png")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatasetError, match=r"Cannot write a small copy of a\.png"):
        make_thumbnail(item, 50, tmp_path / "file")


def test_names_in_any_language_make_plain_cache_names(tmp_path: Path) -> None:
    waves(64, 48).save(tmp_path / "写真 صورة 🖼.png")
    item = scanned(tmp_path, "写真 صورة 🖼.png")
    path = make_thumbnail(item, 32, tmp_path / "缓存")
    assert os.fsencode(path.name).isascii()
    assert path.name.startswith(item.digest)
