"""The figures in docs/report.md, worked out again."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.spoiled_dataset import BOXES
from tests.unit.data.report.measures.measured_pictures import (
    DRAWN,
    PHOTOGRAPHS,
    UNTOUCHED,
    blurred,
    compressed,
    enlarged,
    grey,
    picture,
)
from trainer.data.pictures.buckets import parse_buckets
from trainer.data.pictures.duplicates import hamming_distance, perceptual_hash
from trainer.data.report.measures.compression import DAMAGED_LEVELS, lasting_damage, seam_step
from trainer.data.report.measures.detail import hidden_enlargement
from trainer.data.report.measures.sharpness import edge_blur
from trainer.data.report.repeating import NEAR_CROP_DISTANCE

PAGE = Path(__file__).resolve().parents[5] / "docs" / "report.md"
LANCZOS = Image.Resampling.LANCZOS
FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, LANCZOS)
SIGMAS_PX = (0, 1, 1.5, 2, 3, 4)
TIMES = (1, 1.25, 1.5, 2, 3)


def fields(row: str) -> list[str]:
    """Fields of the table row that begins so, without its first."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"| {row} |")]
    return [field.strip() for field in line.strip("|").split("|")][1:]


def check(row: str, columns: Iterable[Sequence[float | None]]) -> None:
    for field, values in zip(fields(row), columns, strict=True):
        known = [value for value in values if value is not None]
        assert len(known) == len(values)
        found = (min(known), statistics.median_high(known), max(known))
        assert found == pytest.approx([float(part) for part in field.split(",")], abs=0.03)


def test_edge_widths_of_blurred_pictures() -> None:
    check(
        "edge width, blurred",
        ([edge_blur(blurred(picture(n), sigma)) for n in UNTOUCHED] for sigma in SIGMAS_PX),
    )  # fmt: skip


def test_detail_of_enlarged_pictures() -> None:
    check(
        "found (three filters)",
        ([hidden_enlargement(grey(enlarged(picture(n), times, one)))
          for n in UNTOUCHED for one in FILTERS] for times in TIMES),
    )  # fmt: skip


def test_edge_widths_of_enlarged_pictures() -> None:
    check(
        "edge width, enlarged (Lanczos)",
        ([edge_blur(grey(enlarged(picture(n), times, LANCZOS))) for n in UNTOUCHED]
         for times in TIMES),
    )  # fmt: skip


@pytest.mark.parametrize(("row", "names"), [("photographs", PHOTOGRAPHS), ("drawings", DRAWN)])
def test_qualities_that_count_as_damaged(row: str, names: Sequence[str]) -> None:
    for field, scale in zip(fields(row), (1.0, 0.7, 0.5), strict=True):
        best = [_best_damaged_quality(name, scale) for name in names]
        if "less" in field:
            assert max(best) == int(field.split()[0])
            continue
        low, high = (int(part) for part in field.split(",")[0].split(" to "))
        median = int(field.rsplit(" ", 1)[1])
        assert (min(best), max(best)) == (low, high)
        assert statistics.median(best) == pytest.approx(median, abs=0.5)


def _best_damaged_quality(name: str, scale: float) -> int:
    """Highest quality, in steps of 5, whose damage counts; 0 when none does."""
    damages = {quality: _damage(name, quality, scale) for quality in range(5, 96, 5)}
    return max((one for one, damage in damages.items() if damage >= DAMAGED_LEVELS), default=0)


def _damage(name: str, quality: int, scale: float) -> float:
    harmed = compressed(picture(name), quality)
    size = (round(harmed.width * scale), round(harmed.height * scale))
    return lasting_damage(harmed.convert("L"), list(harmed.quantization[0]), size)


def test_pictures_that_are_not_in_order_are_told() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert "`cell.png` is called blurred (2.7)" in text
    assert edge_blur(grey(picture("cell.png"))) == pytest.approx(2.7, abs=0.05)
    assert "`retina.jpg` soft (detail at 1/1.95)" in text
    assert hidden_enlargement(grey(picture("retina.jpg"))) == pytest.approx(1.95, abs=0.01)
    assert "`moon.png` shows its blocks (4.7)" in text
    assert seam_step(grey(picture("moon.png"))) == pytest.approx(4.7, abs=0.05)
    assert "measures 0.74" in text
    assert edge_blur(grey(picture("clock_motion.png"))) == pytest.approx(0.74, abs=0.01)


def test_bits_by_which_crops_differ() -> None:
    pictures = {name: picture(name) for name in ("alva_front", "alva_behind", *PHOTOGRAPHS[:6])}
    looks = {name: crop_looks(image) for name, image in pictures.items()}
    same: list[int] = []
    for name, image in pictures.items():
        smaller = image.resize((image.width * 2 // 3, image.height * 2 // 3))
        harmed = crop_looks(compressed(smaller, 60).convert("RGB"))
        same += map(hamming_distance, looks[name], harmed)
    assert fields("the same, from a file a third smaller and of JPEG quality 60") == [
        f"0 to 2 in {sum(bits <= 2 for bits in same)} of {len(same)}, at most {max(same)}"
    ]
    figure = list(map(hamming_distance, looks.pop("alva_front"), looks["alva_behind"]))
    assert fields("the character from the front and from behind (views tell them apart)") == [
        f"{min(figure)} to {max(figure)}"
    ]
    others = [
        hamming_distance(one, other)
        for first, second in itertools.combinations(looks.values(), 2)
        for one, other in zip(first, second, strict=True)
    ]
    assert fields("all other pairs of one shot") == [f"{min(others)} and more"]
    assert min(others) > NEAR_CROP_DISTANCE


def crop_looks(image: Image.Image) -> list[int]:
    """Perceptual hashes of the same five parts of any picture."""
    found = []
    for _, size, (left, top, width, height) in BOXES:
        (bucket,) = parse_buckets(size)
        sides = image.width, image.height, image.width, image.height
        shares = left, top, left + width, top + height
        part = image.crop(tuple(round(a * b) for a, b in zip(shares, sides, strict=True)))
        made = part.resize((bucket.width_px, bucket.height_px), LANCZOS)
        found.append(perceptual_hash(made))
    return found
