"""Contact sheets: what must be on them is on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.figures import draw_figure
from trainer.data.crops.planning import CropPlan, CropSettings, plan_crops
from trainer.data.pictures.buckets import parse_buckets
from trainer.data.pictures.media import scan_folder
from trainer.data.sheets import contact_sheet
from trainer.data.sheets.contact_sheet import draw_contact_sheet, draw_thumbnails
from trainer.data.sheets.drawing import (
    PAPER,
    legible,
    mark_colour,
    shortened,
    text_width,
    wrapped,
)
from trainer.data.sheets.tiles import draw_boxes

BUCKETS = parse_buckets("144x256, 192x256, 256x256, 256x192")


def count(sheet: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(sheet) == colour).all(axis=2).sum())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheet")
    draw_figure((540, 960), (145, 45, 395, 915)).convert("RGB").save(folder / "hero front.png")
    (folder / "broken 写.png").write_bytes(b"x")
    return folder


def test_contact_sheet_has_every_buckets_colour_and_grows_with_notes(folder: Path) -> None:
    media = scan_folder(folder)
    plan = plan_crops(media, CropSettings(BUCKETS, max_enlargement=2.5))
    sheet = draw_contact_sheet(plan)
    assert (sheet.mode, sheet.width) == ("RGB", 1600)
    for number in range(4):
        # A filled mark in the legend, box lines, and tile frames.
        assert count(sheet, mark_colour(number)) > 1500
    assert count(sheet, mark_colour(5)) == 0


def test_contact_sheet_of_an_empty_plan_is_only_a_heading() -> None:
    sheet = draw_contact_sheet(CropPlan((), ()))
    assert sheet.height < 150
    assert count(sheet, PAPER) > 0.9 * sheet.width * sheet.height


def test_boxes_are_drawn_where_the_crops_are(folder: Path) -> None:
    media = scan_folder(folder)
    plan = plan_crops(media, CropSettings(BUCKETS, max_enlargement=2.5))
    crop = next(one for one in plan.crops if one.shot == "waist_up")
    source = Image.new("RGB", (540, 960), "white")
    shown = draw_boxes(source, [crop], {crop.bucket: (255, 0, 0)}, (270, 480))
    assert shown.size == (270, 480)
    red = (np.asarray(shown) == (255, 0, 0)).all(axis=2)
    columns, rows = np.flatnonzero(red.any(axis=0)), np.flatnonzero(red.any(axis=1))
    drawn = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    for edge, corner in zip(drawn, crop.box.corners, strict=True):
        assert abs(edge - corner / 2) <= 1.5


def test_thumbnails_show_used_and_left_out_files(folder: Path) -> None:
    media = scan_folder(folder)
    sheet = draw_thumbnails(media)
    only_good = draw_thumbnails(type(media)(media.folder, media.items))
    fault = (255, 107, 107)
    assert count(only_good, fault) == 0
    assert count(sheet, fault) > 1000


def test_thumbnails_of_a_large_folder_only_open_what_is_drawn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    read = contact_sheet.read_file

    def watched(path: Path) -> bytes:
        opened.append(path)
        return read(path)

    monkeypatch.setattr(contact_sheet, "read_file", watched)
    media = scan_folder(folder)
    items = [replace(media.items[0], path=folder / f"{number}.png") for number in range(300)]
    draw_thumbnails(replace(media, items=tuple(items)))
    assert sorted(opened) == sorted(item.path for item in items[:120])


def test_thumbnail_of_a_large_jpeg_is_that_of_the_same_picture_as_png(
    folder: Path, tmp_path: Path
) -> None:
    sheets = []
    for name in ("a.png", "a.jpg"):
        source = tmp_path / name[2:]
        source.mkdir()
        with Image.open(folder / "hero front.png") as image:
            image.resize((2160, 3840)).save(source / name, quality=95)
        sheet = draw_thumbnails(scan_folder(source))
        sheets.append(np.asarray(sheet, dtype=np.float64)[80:290, 20:250])
    assert np.abs(sheets[0] - sheets[1]).mean() < 1.0
    assert sheets[0].std() > 20, "there is a picture to compare"


def test_shortened_fits_and_keeps_both_ends() -> None:
    name = "a very long file name of a picture from somewhere.png"
    short = shortened(name, 200, 15)
    assert text_width(short, 15) <= 200
    assert short.startswith("a very")
    assert short.endswith(".png")
    assert shortened("a.png", 200, 15) == "a.png"


def test_wrapped_keeps_every_word_and_the_width() -> None:
    text = "The picture is too narrow: a box of this shape is at most 20 pixels high"
    lines = wrapped(text, 150, 15)
    assert len(lines) > 2
    assert " ".join(lines) == text
    assert max(text_width(line, 15) for line in lines) <= 150
    assert wrapped("", 100, 15) == []


def test_legible_drops_accents_and_marks_other_letters() -> None:
    assert legible("ünïcode é 写.png") == "unicode e ?.png"
