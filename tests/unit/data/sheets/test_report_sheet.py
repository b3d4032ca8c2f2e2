"""Pages of a dataset report: everything is on them, and nothing runs out of its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.spoiled_dataset import caption_spoiled, write_spoiled_pictures
from tests.unit.data.report.made_up_crops import made_up
from trainer.data.captions.captioning import Captioned
from trainer.data.report.epoch import plan_epoch
from trainer.data.report.findings import Finding
from trainer.data.report.judging import judge
from trainer.data.report.length import RunWish, run_length
from trainer.data.report.looking import CropLook
from trainer.data.report.reporting import DatasetReport, make_report
from trainer.data.report.traits import count_traits
from trainer.data.sheets.drawing import FAULT, PANEL, WARNING, mark_colour, text_width
from trainer.data.sheets.report_sheet import MOST_PAGES, TILES_A_PAGE, draw_report
from trainer.data.sheets.report_tables import draw_findings, draw_traits
from trainer.data.sheets.report_tiles import TILE_WIDTH, caption_lines, draw_tile

LONG = "Anime style, alva, a woman with teal hair and a very long story to tell. " * 9
CHINESE, ARABIC = "一个蓝色头发的女人站在白色背景前", "امرأة ذات شعر أزرق تقف أمام خلفية بيضاء"


def count(page: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(page) == colour).all(axis=2).sum())


def made_up_report(entries: list[Captioned], **changes: object) -> DatasetReport:
    """A report on crops without pictures; each thumbnail has a colour of its own."""
    states = [
        judge(
            entry.crop,
            CropLook(0.5, 1.0, 0.0, None, False, 0,
                     Image.new("RGB", (120, 160), (255, number % 250, number // 250))),
        )
        for number, entry in enumerate(entries)
    ]  # fmt: skip
    epoch = plan_epoch(entries)
    traits = tuple(count_traits(entries, epoch.repeats))
    length = run_length(epoch, RunWish())
    report = DatasetReport(tuple(entries), tuple(states), (), epoch, length, traits, ())
    return replace(report, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> DatasetReport:
    folder = tmp_path_factory.mktemp("spoiled")
    write_spoiled_pictures(folder)
    return make_report(caption_spoiled(folder))


def test_spoiled_crops_are_marked_and_good_ones_are_not(spoiled: DatasetReport) -> None:
    (page,) = draw_report(spoiled)
    assert (page.mode, page.width) == ("RGB", 1600)
    for number, state in enumerate(spoiled.states):
        tile = draw_tile(spoiled, number, (0, 255, 0))
        marked = count(tile, FAULT) + count(tile, WARNING) > 300
        is_repeat = number in spoiled.repeated_by()
        assert marked is (bool(state.marks()) or is_repeat)


def test_every_tile_is_whole_and_in_order() -> None:
    report = made_up_report(made_up(*["768x1024"] * 20, *["1024x768"] * 7))
    page = np.asarray(draw_report(report)[0])
    corners = []
    for number in range(27):
        places = np.argwhere((page == (255, number, 0)).all(axis=-1))
        top, left = places.min(axis=0)
        bottom, right = places.max(axis=0)
        # The number lies over the upper left corner, the rest is free.
        assert (bottom - top + 1, right - left + 1) == (160, 120)
        corners.append((int(top), int(left)))
    assert corners == sorted(corners)


@pytest.mark.parametrize("crops", [1, TILES_A_PAGE, TILES_A_PAGE + 1, 3 * TILES_A_PAGE + 5])
def test_many_crops_take_more_pages_of_one_size(crops: int) -> None:
    pages = draw_report(made_up_report(made_up(*["768x1024"] * crops)))
    assert len(pages) == -(-crops // TILES_A_PAGE)
    assert len({page.size for page in pages}) == 1
    for place, page in enumerate(pages):
        pixels = np.asarray(page)[..., :3].astype(np.int32)
        seen = set(np.unique(pixels @ (65536, 256, 1)).tolist())
        for n in range(crops):
            is_here = n // TILES_A_PAGE == place
            assert (255 * 65536 + n % 250 * 256 + n // 250 in seen) is is_here


def test_no_more_pages_than_can_be_shown() -> None:
    crops = MOST_PAGES * TILES_A_PAGE + 30
    assert len(draw_report(made_up_report(made_up(*["64x64"] * crops)))) == MOST_PAGES


@pytest.mark.parametrize("caption", ["", "a", LONG, CHINESE, ARABIC, "x" * 400, "a\n\tb \x00 😀"])
def test_captions_stay_in_their_tile(caption: str) -> None:
    lines = caption_lines(caption, TILE_WIDTH - 14)
    assert 1 <= len(lines) <= 4
    assert max(text_width(line, 13) for line in lines) <= TILE_WIDTH - 14
    report = made_up_report(made_up("1024x1024", caption=caption))
    tile = np.asarray(draw_tile(report, 0, mark_colour(0)))
    for edge in (tile[:, :3], tile[:, -3:], tile[-3:], tile[:3]):
        assert (edge == PANEL).all()


def test_a_long_caption_keeps_its_beginning_and_its_end() -> None:
    caption = "alva, a woman with teal hair and a purple dress, standing. " * 4 + "Her whole head."
    lines = caption_lines(caption, 169)
    assert lines[0].startswith("alva, a woman")
    assert lines[0].endswith(" ...")
    assert " ".join(lines).endswith("Her whole head.")


def test_letters_that_cannot_be_drawn_are_told_and_not_a_row_of_question_marks() -> None:
    assert "?" not in "".join(caption_lines(CHINESE, 169))
    assert "see the text" in " ".join(caption_lines(ARABIC, 169))
    assert caption_lines("why? who? no?", 169) == ["why? who? no?"]
    assert caption_lines("  ", 169) == ["(no caption)"]


def test_names_and_traits_of_any_length_stay_in_their_panel() -> None:
    entries = made_up("768x1024", "768x1024", caption=f"{'w' * 90}, {CHINESE}, tree")
    report = made_up_report(entries)
    part = np.asarray(draw_traits(report.traits, 850))
    findings = [Finding("blurred", 2.0, f"{'name' * 60} {LONG} {ARABIC}", (0,))] * 2
    listed = np.asarray(draw_findings(findings, 900))
    for panel in (part, listed):
        for edge in (panel[:, :12], panel[:, -12:], panel[-8:]):
            assert (edge == PANEL).all()


def test_of_many_findings_the_rest_is_counted() -> None:
    findings = [Finding("blurred", 2.0, "a short one")] * 14
    shown = draw_findings(findings, 900)
    assert draw_findings([*findings, findings[0]], 900).height - shown.height == 32
    assert draw_findings([*findings, *findings], 900).height - shown.height == 32
    assert draw_findings([], 900).height < shown.height


def test_severity_is_seen_by_the_colour() -> None:
    for severity, colour in ((3.0, FAULT), (1.0, WARNING)):
        part = draw_findings([Finding("blurred", severity, "one")], 400)
        assert count(part, colour) > 30
    assert count(draw_findings([Finding("harmless", 0.1, "one")], 400), WARNING) == 0


def test_shares_of_buckets_are_drawn_to_scale() -> None:
    report = made_up_report(made_up(*["768x1024"] * 3, "1024x1024"))
    rows = tuple(replace(row, samples=samples) for row, samples in
                 zip(report.epoch.rows, (300, 100), strict=True))  # fmt: skip
    report = replace(report, epoch=replace(report.epoch, rows=rows))
    page = np.asarray(draw_report(report)[0])[:400]
    widths = []
    for number in range(2):
        is_colour = (page == mark_colour(number)).all(axis=-1)
        # The longest run of the colour in a line is the bar, not the mark beside the name.
        widths.append(int(is_colour.sum(axis=1).max()) - 15)
    assert widths[0] / widths[1] == pytest.approx(3, abs=0.1)


def test_drawing_does_not_change_the_report(spoiled: DatasetReport) -> None:
    first, second = draw_report(spoiled)[0], draw_report(spoiled)[0]
    assert first.tobytes() == second.tobytes()
