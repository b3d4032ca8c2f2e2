"""The benchmark of crops, on small pictures; its measure of likeness against scikit-image's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage.metrics import structural_similarity as reference

from bench import crops
from bench.cropping.contenders import CAPTION, RIVALS, build_ours, build_plainly, plan_folder
from bench.cropping.photographs import fractal_noise, write_photographs
from bench.cropping.similarity import structural_similarity
from bench.cropping.tables import crops as crops_table
from bench.step import entry

SCALE = 0.3


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A figure and a scene of two megapixels."""
    folder = tmp_path_factory.mktemp("photographs")
    write_photographs(folder, SCALE, 1)
    return folder


@pytest.mark.parametrize("change", ["blur", "noise", "shift", "other", "none"])
def test_similarity_is_that_of_another_implementation(change: str) -> None:
    random = np.random.default_rng(3)
    values = np.clip(128 + 40 * fractal_noise(1, (120, 90)), 0, 255).astype(np.uint8)
    first = Image.fromarray(values)
    second = {
        "blur": first.filter(ImageFilter.GaussianBlur(1.5)),
        "noise": Image.fromarray(
            np.clip(values + random.normal(0, 20, values.shape), 0, 255).astype(np.uint8)
        ),
        "shift": Image.fromarray(np.roll(values, 1, axis=1)),
        "other": Image.fromarray(random.integers(0, 256, values.shape, dtype=np.uint8)),
        "none": first,
    }[change]
    wanted = reference(
        np.asarray(first), np.asarray(second),
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
    )  # fmt: skip
    assert structural_similarity(first, second) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_noise_falls_off_with_frequency_as_asked(power: float) -> None:
    waves = np.abs(np.fft.rfft2(fractal_noise(4, (512, 512), power).astype(np.float64)))
    along, across = np.fft.fftfreq(512)[:, None], np.fft.rfftfreq(512)
    frequency = np.hypot(along, across)
    bands = [
        np.log(waves[(frequency > low) & (frequency <= 2 * low)].mean())
        for low in (0.02, 0.04, 0.08, 0.16)
    ]
    slopes = -np.diff(bands) / np.log(2)
    assert slopes == pytest.approx([power] * 3, abs=0.12)


def test_photographs_are_upright_by_the_cameras_note_and_follow_their_seeds(
    photographs: Path, tmp_path: Path
) -> None:
    again = write_photographs(tmp_path, SCALE, 1)
    assert all(path.read_bytes() == (photographs / path.name).read_bytes() for path in again)
    with Image.open(photographs / "figure_1.jpg") as image:
        assert (image.size, image.getexif()[274]) == ((1800, 1200), 6)
    plan = plan_folder(photographs)
    assert {crop.item.path.stem for crop in plan.crops} == {path.stem for path in again}
    assert {"full_body", "waist_up", "headshot", "picture"} <= {crop.shot for crop in plan.crops}


@pytest.mark.parametrize("rival", RIVALS)
def test_contenders_make_the_same_crops(photographs: Path, tmp_path: Path, rival: str) -> None:
    plan = plan_folder(photographs)
    ours = build_ours(plan, tmp_path / "ours")
    plain = build_plainly(plan, tmp_path / "plain", RIVALS[rival])
    assert len(ours) == len(plain) == len(plan.crops) > 8
    for first, second in zip(ours, plain, strict=True):
        with Image.open(first) as one, Image.open(second) as other:
            assert (np.asarray(one) == np.asarray(other)).all()
        assert first.with_suffix(".txt").read_text("utf-8").strip() == CAPTION
    named = [[str(path) for path in paths[:1]] for paths in (ours, plain)]
    assert crops.compare_crops(*named) == [pytest.approx(1.0)]
    with pytest.raises(RuntimeError, match="crops were made, but 1 the plain way"):
        crops.compare_crops([str(path) for path in ours], [str(plain[0])])


def test_all_results_are_measured_with_the_real_contenders() -> None:
    results = crops.measure(1, SCALE, 1)
    assert set(results) == {
        "crops.seconds_per_picture", "crops.ssim", "crops.scan_seconds_per_picture",
        "crops.thumbnail_seconds",
    }  # fmt: skip
    made = results["crops.seconds_per_picture"]
    assert set(made["ratio"]) == set(RIVALS)
    assert made["setup"]["pictures"] == 2
    assert set(made["setup"]["png_mb"]) == {"ours", *RIVALS}
    assert results["crops.ssim"]["value"] == 1.0
    assert 0 < results["crops.thumbnail_seconds"]["setup"]["kept_seconds"] < 0.05


def test_table_shows_both_rivals_and_what_a_second_time_costs() -> None:
    both = {"pillow_one_thread": 2.0, "pillow_one_thread_same_zip": 1.25}
    one = {"pillow_one_thread": 0.4}
    results = {
        "crops.seconds_per_picture": entry(0.5, "s", both, {}),
        "crops.scan_seconds_per_picture": entry(
            0.1, "s", one, {"again_seconds_per_picture": 0.001}
        ),
    }
    head, rows = crops_table(results)
    assert rows == [
        ["making all crops of a picture", "0.5", "2 (0.25)", "1.25 (0.40)", ""],
        ["scanning it", "0.1", "0.4 (0.25)", "", "0.001"],
    ]
    assert all(len(row) == len(head) for row in rows)
