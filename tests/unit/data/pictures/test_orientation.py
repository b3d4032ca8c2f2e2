"""Sizes of pictures as they are shown, and that a PNG is not decoded for them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from trainer.data.pictures.orientation import upright_size
from trainer.errors import DatasetError


def sideways() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6
    return exif


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_picture_held_sideways_is_turned(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.new("RGB", (40, 20)).save(path)
    assert upright_size(path) == (40, 20)
    Image.new("RGB", (40, 20)).save(path, exif=sideways())
    assert upright_size(path) == (20, 40)


def test_png_that_tells_behind_its_pixels_is_turned(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 20)).save(path)
    body = b"eXIf" + sideways().tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = path.read_bytes()
    path.write_bytes(data[:-12] + chunk + data[-12:])
    assert upright_size(path) == (20, 40)


def test_ordinary_png_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    Image.effect_noise((700, 500), 90).save(path)
    assert path.read_bytes().count(b"IDAT") > 1

    def load(self: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    assert upright_size(path) == (700, 500)


def test_cut_png_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 20)).save(path)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DatasetError, match=r"a\.png' cannot be read as a picture"):
        upright_size(path)
