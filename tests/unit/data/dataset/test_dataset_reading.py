"""Reading datasets: plain folders, manifests, missing captions and pixels."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.data.dataset.reading import DatasetItem, load_dataset, load_pixels
from trainer.data.pictures.buckets import Bucket
from trainer.errors import DatasetError


def draw(path: Path, seed: int, size: tuple[int, int] = (128, 224)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_load_plain_folder_gives_each_picture_the_nearest_bucket(tmp_path: Path) -> None:
    for name, size in (("a.png", (200, 400)), ("b.JPG", (400, 200)), ("c.webp", (100, 100))):
        draw(tmp_path / name, 3, size).with_suffix(".txt").write_text(" x \n", encoding="utf-8")
    (tmp_path / "._a.png").write_bytes(b"macOS")
    dataset = load_dataset(tmp_path, resolution=(256, 256))
    chosen = {item.image_path.name: item.bucket for item in dataset.items}
    # By hand: widths 160, 176, 192 go with heights 400, 368, 336 (65536 pixels at most).
    assert chosen == {
        "a.png": Bucket(176, 368),
        "b.JPG": Bucket(368, 176),
        "c.webp": Bucket(256, 256),
    }
    assert [item.caption for item in dataset.items] == ["x"] * 3
    assert dataset.manifest_path is None


def test_load_sideways_photo_is_turned_upright_before_its_bucket(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (400, 200)).save(tmp_path / "a.jpg", exif=exif)
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    (item,) = load_dataset(tmp_path, resolution=(256, 256)).items
    assert item.bucket.width_px < item.bucket.height_px
    assert load_pixels(item).shape == (1, item.bucket.height_px, item.bucket.width_px, 3)


def test_load_manifest_with_buckets_off_rounds_to_a_legal_size(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1).with_suffix(".txt").write_text("x", encoding="utf-8")
    path = tmp_path / "my.toml"
    text = "[[datasets]]\nimage_directory='in'\nresolution=[768,1366]\nnum_repeats=4\n"
    path.write_text(text, encoding="utf-8")
    (item,) = load_dataset(path).items
    assert (item.bucket, item.repeats) == (Bucket(768, 1360), 4)


def test_load_manifest_with_buckets_on_takes_resolution_as_area(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1, (640, 480)).with_suffix(".txt").touch()
    path = tmp_path / "my.toml"
    text = "[[datasets]]\nimage_directory='in'\nresolution=[768,1366]\nenable_bucket=true\n"
    path.write_text(text, encoding="utf-8")
    # What musubi-tuner 0.3.4 chooses for a 640x480 picture at this resolution.
    assert load_dataset(path).items[0].bucket == Bucket(1184, 880)


def test_load_missing_captions_lists_the_first_few(tmp_path: Path) -> None:
    for number in range(7):
        draw(tmp_path / f"{number}.png", number, (64, 64))
    (tmp_path / "0.txt").write_text("x", encoding="utf-8")
    with pytest.raises(
        DatasetError,
        match=r"6 of 7 pictures have no caption: 1\.png, 2\.png, .*5\.png and 1 more",
    ):
        load_dataset(tmp_path)


def test_load_nothing_usable_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="No pictures in"):
        load_dataset(tmp_path)
    with pytest.raises(DatasetError, match="does not exist"):
        load_dataset(tmp_path / "none")
    (tmp_path / "a.zip").touch()
    with pytest.raises(DatasetError, match="is no dataset"):
        load_dataset(tmp_path / "a.zip")
    (tmp_path / "a.png").write_bytes(b"no picture")
    (tmp_path / "a.txt").touch()
    with pytest.raises(DatasetError, match=r"a\.png' cannot be read as a picture"):
        load_dataset(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DatasetError, match=r"a\.txt' is not UTF-8"):
        load_dataset(tmp_path)


def test_load_digest_follows_the_file(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.png", 1)
    path.with_suffix(".txt").touch()
    first = load_dataset(tmp_path).items[0].digest
    assert load_dataset(tmp_path).items[0].digest == first
    draw(path, 2)
    os.utime(path, ns=(1, 1))
    assert load_dataset(tmp_path).items[0].digest != first


def test_load_pixels_covers_the_bucket_and_cuts_the_centre(tmp_path: Path) -> None:
    pixels = np.zeros((64, 192, 3), dtype=np.uint8)
    pixels[:, 64:128] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    item = DatasetItem(tmp_path / "a.png", "", Bucket(64, 64), 1, "")
    found = load_pixels(item)
    assert found.dtype == np.uint8
    assert np.array_equal(found, np.full((1, 64, 64, 3), 255, dtype=np.uint8))


def test_load_pixels_see_through_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(tmp_path / "a.png")
    found = load_pixels(DatasetItem(tmp_path / "a.png", "", Bucket(64, 64), 1, ""))
    assert (found == 255).all()
