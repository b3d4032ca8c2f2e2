"""Compression: quality from tables and seams, and the damage left, against the truth."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.data.report.measures.measured_pictures import (
    PHOTOGRAPHS,
    UNTOUCHED,
    Grey,
    compressed,
    grey,
    picture,
)
from trainer.data.report.measures.compression import (
    DAMAGED_LEVELS,
    SEAM_LEVELS,
    lasting_damage,
    quality_of,
    read_tables,
    seam_step,
    tables_like,
)

# Already JPEGs or made from them, so that a JPEG of high quality changes nothing in them.
_ONCE_JPEG = ("rocket.jpg", "hubble_deep_field.jpg", "coins.png", "ihc.png", "horse.png")
CLEAN = tuple(name for name in UNTOUCHED if name not in _ONCE_JPEG)


def true_damage(original: Image.Image, harmed: Image.Image, size: tuple[int, int]) -> float:
    """What compression really did, over the worst quarter of 16-pixel tiles, after resizing."""
    change = grey(harmed) - grey(original)
    resized: Grey = np.asarray(Image.fromarray(change).resize(size, Image.Resampling.LANCZOS))
    tiles = [
        float((resized[top : top + 16, left : left + 16] ** 2).mean())
        for top in range(0, resized.shape[0] - 15, 16)
        for left in range(0, resized.shape[1] - 15, 16)
    ]
    worst = sorted(tiles)[-math.ceil(len(tiles) / 4) :]
    return math.sqrt(sum(worst) / len(worst))


@pytest.mark.parametrize("quality", [1, 5, 10, 25, 49, 50, 51, 75, 90, 95, 100])
def test_quality_is_the_one_the_file_was_saved_with(quality: int, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    picture("coffee.png").save(path, quality=quality)
    tables = read_tables(path)
    assert tables is not None
    assert abs(quality_of(tables) - quality) <= (1 if quality > 1 else 4)


def test_other_files_have_no_tables(tmp_path: Path) -> None:
    picture("coffee.png").save(tmp_path / "a.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    assert read_tables(tmp_path / "a.png") is None
    assert read_tables(tmp_path / "broken.jpg") is None
    assert read_tables(tmp_path / "missing.jpg") is None


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("quality", [10, 30, 60, 85])
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_damage_is_estimated_without_the_original(name: str, quality: int, scale: float) -> None:
    image = picture(name)
    harmed = compressed(image, quality)
    size = (round(image.width * scale), round(image.height * scale))
    tables = list(harmed.quantization[0])
    truth = true_damage(image, harmed, size)
    found = lasting_damage(harmed.convert("L"), tables, size)
    # Within a third where it matters; below a grey level nothing hangs on it.
    assert found == pytest.approx(truth, rel=0.35, abs=1.0)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_less_survives_the_smaller_the_crop_is_made(name: str) -> None:
    harmed = compressed(picture(name), 20)
    tables = list(harmed.quantization[0])
    damages = [
        lasting_damage(
            harmed.convert("L"), tables, (round(harmed.width * s), round(harmed.height * s))
        )
        for s in (1.0, 0.7, 0.5, 0.33)
    ]
    assert all(high > low for high, low in itertools.pairwise(damages))
    assert damages[-1] < 0.5 * damages[0]


@pytest.mark.parametrize("name", CLEAN)
def test_strong_compression_counts_as_damage_and_a_cameras_does_not(name: str) -> None:
    limits: dict[int, float] = {}
    strong = 10 if name in PHOTOGRAPHS else 5
    for quality in (strong, 95):
        harmed = compressed(picture(name), quality)
        tables = list(harmed.quantization[0])
        limits[quality] = lasting_damage(harmed.convert("L"), tables, harmed.size)
    assert limits[95] < 2.2 < DAMAGED_LEVELS
    assert limits[strong] > DAMAGED_LEVELS


@pytest.mark.parametrize("name", UNTOUCHED)
def test_pictures_without_blocks_have_no_seams(name: str) -> None:
    assert seam_step(grey(picture(name))) < 0.8 < SEAM_LEVELS


@pytest.mark.parametrize("name", UNTOUCHED)
@pytest.mark.parametrize("quality", [80, 90])
def test_good_jpegs_have_no_seams(name: str, quality: int) -> None:
    assert seam_step(grey(compressed(picture(name), quality))) < SEAM_LEVELS


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("shift", [(0, 0), (3, 5)])
def test_seams_show_wherever_the_grid_lies(name: str, shift: tuple[int, int]) -> None:
    harmed = grey(compressed(picture(name), 10))[shift[1] :, shift[0] :]
    if name == "figure":
        # A drawing of rectangles has hardly a pixel that compression could harm.
        assert seam_step(harmed) >= 0
    else:
        assert seam_step(harmed) > SEAM_LEVELS


@pytest.mark.parametrize("name", [name for name in PHOTOGRAPHS if name in CLEAN])
@pytest.mark.parametrize("quality", [10, 30, 50])
def test_seams_tell_about_which_quality_it_was(name: str, quality: int) -> None:
    harmed = grey(compressed(picture(name), quality))
    step = seam_step(harmed)
    if step < SEAM_LEVELS:
        # Fine structure everywhere hides the seams: then it is not noticed at all.
        assert name in ("brick.png", "grass.png", "gravel.png")
        return
    assert 0.5 * quality <= quality_of(tables_like(harmed, step)) <= 2 * quality


def test_small_parts_are_not_judged() -> None:
    tables = list(compressed(picture("coffee.png"), 10).quantization[0])
    assert lasting_damage(Image.new("L", (31, 400)), tables, (100, 100)) == 0.0
    assert seam_step(np.zeros((9, 9), np.float32)) == 0.0
    assert seam_step(np.random.default_rng(0).random((40, 8), np.float32)) == 0.0
