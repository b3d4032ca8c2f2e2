"""Tables of pictures: every cell whole and in its place, labels apart from the pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from trainer.data.sheets.drawing import PAPER
from trainer.data.sheets.labelled_grid import GridTable, LabelledGrid, fitting_cell

LONG = "Cartoon style. alva, a woman with teal hair, standing on a hill. " * 6


def _cells(tables: list[GridTable], size: tuple[int, int]) -> list[list[list[Image.Image]]]:
    """Each cell in a colour of its own."""
    colours = iter(range(1, 100))
    return [
        [[Image.new("RGB", size, (255, next(colours), 0)) for _ in table.columns]
         for _ in table.rows]
        for table in tables
    ]  # fmt: skip


def _tables(count: int = 2, **labels: str) -> list[GridTable]:
    column, row, title = (labels.get(name, name) for name in ("column", "row", "title"))
    return [GridTable(title, (column, "b", "c"), (row, "e")) for _ in range(count)]


@pytest.mark.parametrize("size", [(48, 64), (320, 176)])
@pytest.mark.parametrize("label", ["short", LONG, "", "少女 \x00\n ñ \U0001f600", "x" * 500])
def test_every_cell_is_whole_and_in_order(size: tuple[int, int], label: str) -> None:
    tables = _tables(column=label, row=label, title=label)
    sheet = np.asarray(LabelledGrid(tables, size, label).draw(_cells(tables, size)))
    corners = []
    for number in range(1, 13):
        found = np.argwhere((sheet == (255, number, 0)).all(axis=-1))
        top, left = found.min(axis=0)
        bottom, right = found.max(axis=0)
        assert (right - left + 1, bottom - top + 1) == size
        assert len(found) == size[0] * size[1]
        corners.append((int(top), int(left)))
    assert corners == sorted(corners)
    assert len({left for _, left in corners}) == 3
    assert len({top for top, _ in corners}) == 4


def test_labels_are_drawn_beside_the_pictures_only() -> None:
    tables = _tables(1)
    bare = LabelledGrid([GridTable("", ("", "", ""), ("", ""))], (64, 64))
    named = LabelledGrid(tables, (64, 64), "seed 0")
    assert named.size[0] > bare.size[0]
    assert named.size[1] > bare.size[1]
    border = np.asarray(named.draw(_cells(tables, (64, 64))))
    for edge in (border[:6], border[-6:], border[:, :6], border[:, -6:]):
        assert (edge == PAPER).all()


def test_long_labels_take_no_more_room_than_a_few_lines() -> None:
    grid = LabelledGrid(_tables(1, column=LONG, row=LONG, title=LONG), (96, 96), LONG)
    assert grid.size[0] < 600
    assert grid.size[1] < 520


def test_pictures_of_another_size_are_scaled_into_their_cell() -> None:
    tables = [GridTable("", ("a",), ("b",))]
    grid = LabelledGrid(tables, (40, 40))
    sheet = grid.draw([[[Image.new("RGB", (10, 10), (255, 0, 0))]]])
    assert (np.asarray(sheet) == (255, 0, 0)).all(axis=-1).sum() == 1600


def test_drawing_twice_leaves_the_first_sheet_alone() -> None:
    tables = _tables(1)
    grid = LabelledGrid(tables, (32, 32))
    first = grid.draw(_cells(tables, (32, 32)))
    kept = first.copy()
    grid.draw([[[Image.new("RGB", (32, 32))] * 3] * 2])
    assert first.tobytes() == kept.tobytes()


@pytest.mark.parametrize(("most_pixels", "largest_side"), [(10**9, 900), (10**5, 10**5)])
def test_a_large_grid_is_made_smaller_until_it_fits(most_pixels: int, largest_side: int) -> None:
    tables = _tables()
    cell = fitting_cell(tables, (544, 960), most_pixels, largest_side)
    size = LabelledGrid(tables, cell).size
    assert max(size) <= largest_side
    assert size[0] * size[1] <= most_pixels
    assert abs(cell[0] / cell[1] - 544 / 960) < 0.05


def test_a_grid_that_fits_keeps_its_size() -> None:
    assert fitting_cell(_tables(), (64, 48), 10**9, 10**5) == (64, 48)
