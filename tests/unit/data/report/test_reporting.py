"""The whole report on a dataset of which it is known what is wrong with it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.pictures import write_demo_pictures
from tests.spoiled_dataset import caption_spoiled, write_spoiled_pictures
from trainer.data.captions.captioning import Captioned, CaptionFields, caption_crops
from trainer.data.crops.planning import Crop, CropSettings, plan_crops
from trainer.data.dataset.building import build_dataset
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket, parse_buckets
from trainer.data.pictures.media import scan_folder
from trainer.data.report.findings import number_words
from trainer.data.report.length import PlannedStep, RunWish
from trainer.data.report.reporting import (
    DatasetReport,
    ReportWish,
    choose_for_full_size,
    make_report,
)
from trainer.data.report.wording import brief_lines, report_lines
from trainer.errors import DatasetError

# What was done to each picture; what is said of its crops.
DONE = {
    "alva_front.png": set(),
    "alva_behind.png": set(),
    "blurred_front.png": {"blurred"},
    "small_behind.png": {"enlarged"},
    "grown_behind.png": {"soft"},
    "compressed_front.jpg": {"compressed"},
    "was_compressed_behind.png": {"compressed"},
}


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> DatasetReport:
    """The report on the spoiled pictures; the files stay."""
    folder = tmp_path_factory.mktemp("spoiled")
    write_spoiled_pictures(folder)
    return make_report(caption_spoiled(folder))


def said_of(report: DatasetReport, name: str, kinds: set[str]) -> set[str]:
    return {
        one.kind
        for one in report.findings
        if one.kind in kinds
        and any(report.captioned[number].crop.item.path.name == name for number in one.crops)
    }


@pytest.mark.parametrize("name", DONE)
def test_exactly_what_was_done_to_a_picture_is_found(spoiled: DatasetReport, name: str) -> None:
    kinds = {"blurred", "enlarged", "soft", "compressed", "harmless"}
    assert said_of(spoiled, name, kinds) - {"harmless"} == DONE[name]


def test_copies_are_found_and_views_are_kept_apart(spoiled: DatasetReport) -> None:
    pairs = set()
    for repeat in spoiled.repeats:
        names = [spoiled.captioned[at].crop.item.path.stem for at in (repeat.earlier, repeat.later)]
        assert names[0].rpartition("_")[2] == names[1].rpartition("_")[2]
        pairs.add(tuple(sorted(names)))
    for copy in ("blurred_front", "compressed_front"):
        assert ("alva_front", copy) in pairs
    assert any("small_behind" in pair for pair in pairs)


def test_findings_say_what_where_why_and_what_to_do(spoiled: DatasetReport) -> None:
    severities = [one.severity for one in spoiled.findings]
    assert severities == sorted(severities, reverse=True)
    by_kind = {one.kind: one for one in spoiled.findings}
    blurred = by_kind["blurred"].text
    for words in ("blurred_front.png, 5 crops (#11-#15), worst #", "pixels wide", "Use a sharper"):
        assert words in blurred
    quality = [one.text for one in spoiled.findings if "a JPEG of quality 10" in one.text]
    assert len(quality) == 1
    assert "Use the original file" in quality[0]
    assert "'lantern shines' is in 2 of 42 samples of an epoch (5%)" in by_kind["trait"].text


def test_demo_pictures_give_no_alarm_but_for_what_is_enlarged(tmp_path: Path) -> None:
    write_demo_pictures(tmp_path)
    plan = plan_crops(scan_folder(tmp_path / "character"), CropSettings(max_enlargement=1.25))
    report = make_report([Captioned(crop, "alva", "template") for crop in plan.crops])
    assert report.findings == ()
    assert brief_lines(report)[2] == "No findings: nothing stands out"
    photographs = tmp_path / "photographs"
    settings = CropSettings(parse_buckets("256x256, 256x320, 320x256"), shots=("picture",))
    plan = plan_crops(scan_folder(photographs), settings)
    report = make_report([Captioned(crop, "a", "template") for crop in plan.crops])
    assert {crop.item.path.name for crop in plan.crops} >= {"astronaut.png", "cat.png"}
    assert [one.text for one in report.findings] == []


def test_a_built_dataset_agrees_with_the_report(spoiled: DatasetReport, tmp_path: Path) -> None:
    captioned = spoiled.captioned[:6]
    dataset = build_dataset(captioned, tmp_path)
    alone, built = make_report(captioned), make_report(captioned, dataset)
    assert alone.epoch == built.epoch
    assert alone.epoch.samples == dataset.samples_per_epoch
    rest = make_report(spoiled.captioned[:7], dataset)
    assert "1 of the 7 crops are not in the dataset" in rest.findings[0].text


def test_text_has_every_crop_with_its_whole_caption(spoiled: DatasetReport) -> None:
    text = "\n".join(report_lines(spoiled))
    for number, entry in enumerate(spoiled.captioned, start=1):
        assert f"  #{number} {entry.crop.item.path.name}, " in text
        assert entry.caption in text
    for one in spoiled.findings:
        assert one.text in text
    assert "connect Plan Training for the time" in text


def test_time_comes_from_the_plan(spoiled: DatasetReport) -> None:
    wish = ReportWish(RunWish(100, "epochs"), PlannedStep(2.0, 1))
    report = make_report(spoiled.captioned, wish=wish)
    assert (
        "4,200 steps in 100 epochs, at most about 2 h 20 min by the plan"
        in (report_lines(report)[1])
    )
    wish = ReportWish(RunWish(1, "steps"), PlannedStep(0.0, 1))
    assert (
        "1 step in 0.024 epochs; the plan is for a CPU"
        in (report_lines(make_report(spoiled.captioned, wish=wish))[1])
    )


@pytest.mark.parametrize("count", [0, 1, 5, 20, 35, 99])
def test_full_size_takes_the_worst_then_some_of_each_bucket(
    spoiled: DatasetReport, count: int
) -> None:
    chosen = choose_for_full_size(spoiled, count)
    assert len(chosen) == len(set(chosen)) == min(count, len(spoiled.captioned))
    badness = [spoiled.states[number].badness for number in chosen]
    assert badness == sorted(badness, reverse=True)
    good = [number for number in chosen if spoiled.states[number].badness == 0]
    if len(good) >= 3:
        assert len({spoiled.captioned[number].crop.bucket for number in good[:3]}) == 3


def test_nothing_to_report_on_is_said() -> None:
    with pytest.raises(DatasetError, match="no crops to report on"):
        make_report([])


def test_the_strangest_crop_does_not_stop_it(tmp_path: Path) -> None:
    Image.new("RGB", (16, 16), "white").save(tmp_path / "爱 صورة.png")
    plan = plan_crops(
        scan_folder(tmp_path, min_side_px=1),
        CropSettings(parse_buckets("64x64"), shots=("picture",), max_enlargement=4.0),
    )
    captioned = caption_crops(plan.crops, CaptionFields())
    report = make_report([replace(entry, caption="") for entry in captioned])
    assert report.traits == ()
    assert [one.kind for one in report.findings] == ["enlarged"]
    assert "(no caption)" in "\n".join(report_lines(report))


def test_hundred_crops_of_a_megapixel_take_seconds(tmp_path: Path) -> None:
    ground = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    large = Image.fromarray(ground).resize((1536, 2048), Image.Resampling.BICUBIC)
    large.save(tmp_path / "one.jpg", quality=70)
    (item,) = scan_folder(tmp_path).items
    crops = [
        Crop(item, Box(20 * n, 30 * n, 1200, 1200), "picture", "", Bucket(1024, 1024))
        for n in range(10)
    ]
    started = time.process_time()
    make_report([Captioned(crop, "a", "template") for crop in crops])
    # 0.06 s where this was written; a machine five times slower still takes it.
    assert (time.process_time() - started) / len(crops) < 0.3


def test_numbers_in_a_row_are_a_range() -> None:
    assert number_words([0]) == "#1"
    assert number_words([4, 2, 3, 9]) == "#3-#5, #10"
    assert number_words(range(0, 20, 2)) == "#1, #3, #5, #7, #9, #11, ..."
