"""A table of pictures with labels for its columns and rows; several tables are stacked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from .drawing import FAINT, INK, PANEL, PAPER, Colour, font, shortened, text_width, wrapped

_SMALLEST_TEXT, _LARGEST_TEXT = 13, 34
_TITLE_LINES = 3
_COLUMN_LINES = 4


@dataclass(frozen=True, slots=True)
class GridTable:
    """Labels of one table. An empty title takes no room."""

    title: str
    columns: Sequence[str]
    rows: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where a table lies: the upper left corner of each cell, [rows][columns]."""

    cells: tuple[tuple[tuple[int, int], ...], ...]


class LabelledGrid:
    """Tables of cells of one size. The labels are drawn once, so that every frame is quick."""

    def __init__(
        self, tables: Sequence[GridTable], cell_size: tuple[int, int], heading: str = ""
    ) -> None:
        """Lay everything out.

        Args:
            tables: At least one; all have the same columns and rows.
            cell_size: Width and height of a picture in pixels.
            heading: Small lines above all, one a line of the text; may be empty.
        """
        self.cell_size = cell_size
        width, height = cell_size
        side = math.sqrt(width * height)
        self._text = max(_SMALLEST_TEXT, min(_LARGEST_TEXT, round(side / 16)))
        self._line = round(self._text * 1.35)
        self._gap = max(6, round(self._text * 0.5))
        self._margin = 2 * self._gap
        self._label_width = self._measure_labels(tables)
        self._left = self._margin + (self._label_width + self._margin if self._label_width else 0)
        columns = len(tables[0].columns)
        total = self._left + columns * (width + self._gap) - self._gap + self._margin
        self._heading = [line for text in heading.splitlines()
                         for line in self._wrapped(text, total - 2 * self._margin, 3)]  # fmt: skip
        self._background, self._placed = self._draw_background(tables, total)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole picture in pixels."""
        return self._background.size

    def draw(self, pictures: Sequence[Sequence[Sequence[Image.Image]]]) -> Image.Image:
        """Fill the cells.

        Args:
            pictures: [tables][rows][columns], each of the cell's size or scaled to it.

        Returns:
            RGB.
        """
        sheet = self._background.copy()
        for table, placed in zip(pictures, self._placed, strict=True):
            for row, corners in zip(table, placed.cells, strict=True):
                for picture, corner in zip(row, corners, strict=True):
                    sheet.paste(self._fitted(picture), corner)
        return sheet

    def _fitted(self, picture: Image.Image) -> Image.Image:
        if picture.size == self.cell_size:
            return picture
        return picture.resize(self.cell_size, Image.Resampling.LANCZOS)

    def _measure_labels(self, tables: Sequence[GridTable]) -> int:
        """Width of the column of row labels: as narrow as its longest line may be."""
        labels = [label for table in tables for label in table.rows]
        if not any(labels):
            return 0
        widest = max(self._text * 8, min(self._text * 18, round(self.cell_size[0] * 0.9)))
        lines = [line for label in labels for line in wrapped(label, widest, self._text)]
        return round(max((text_width(line, self._text) for line in lines), default=0)) + 1

    def _draw_background(
        self, tables: Sequence[GridTable], width: int
    ) -> tuple[Image.Image, list[_Placed]]:
        tops, height = [], self._margin + len(self._heading) * self._line
        height += self._margin if self._heading else 0
        for table in tables:
            tops.append(height)
            height += self._table_height(table, width) + self._margin
        sheet = Image.new("RGB", (width, height), PAPER)
        draw = ImageDraw.Draw(sheet)
        self._write(draw, self._heading, (self._margin, self._margin), FAINT)
        placed = [
            self._draw_table(draw, table, top) for table, top in zip(tables, tops, strict=True)
        ]
        return sheet, placed

    def _table_height(self, table: GridTable, width: int) -> int:
        rows = len(table.rows) * (self.cell_size[1] + self._gap) - self._gap
        return self._title_height(table, width) + self._columns_height(table) + rows

    def _title_height(self, table: GridTable, width: int) -> int:
        lines = self._title_lines(table, width)
        return len(lines) * self._line + 2 * self._gap if lines else 0

    def _title_lines(self, table: GridTable, width: int) -> list[str]:
        return self._wrapped(table.title, width - 4 * self._margin, _TITLE_LINES)

    def _columns_height(self, table: GridTable) -> int:
        lines = max((len(self._column_lines(label)) for label in table.columns), default=0)
        return lines * self._line + self._gap if lines else 0

    def _column_lines(self, label: str) -> list[str]:
        return self._wrapped(label, self.cell_size[0], _COLUMN_LINES)

    def _draw_table(self, draw: ImageDraw.ImageDraw, table: GridTable, top: int) -> _Placed:
        sheet_width = self._sheet_width(table)
        title = self._title_lines(table, sheet_width)
        if title:
            bottom = top + len(title) * self._line + self._gap
            box = (self._margin, top, sheet_width - self._margin - 1, bottom)
            draw.rounded_rectangle(box, self._gap, fill=PANEL)
            self._write(draw, title, (2 * self._margin, top + self._gap // 2), INK)
        top += self._title_height(table, sheet_width)
        head = self._columns_height(table)
        lefts = [
            self._left + n * (self.cell_size[0] + self._gap) for n in range(len(table.columns))
        ]
        for left, label in zip(lefts, table.columns, strict=True):
            lines = self._column_lines(label)
            first = top + head - self._gap // 2 - len(lines) * self._line
            self._write(draw, lines, (left + self.cell_size[0] / 2, first), INK, "ma")
        tops = [top + head + n * (self.cell_size[1] + self._gap) for n in range(len(table.rows))]
        for row_top, label in zip(tops, table.rows, strict=True):
            self._draw_row_label(draw, label, row_top)
        return _Placed(tuple(tuple((left, row_top) for left in lefts) for row_top in tops))

    def _sheet_width(self, table: GridTable) -> int:
        columns = len(table.columns)
        return self._left + columns * (self.cell_size[0] + self._gap) - self._gap + self._margin

    def _draw_row_label(self, draw: ImageDraw.ImageDraw, label: str, top: int) -> None:
        most = max(1, self.cell_size[1] // self._line)
        lines = self._wrapped(label, self._label_width, most)
        first = top + (self.cell_size[1] - len(lines) * self._line) / 2
        self._write(draw, lines, (self._margin + self._label_width, first), INK, "ra")

    def _write(
        self,
        draw: ImageDraw.ImageDraw,
        lines: Sequence[str],
        corner: tuple[float, float],
        colour: Colour,
        anchor: str = "la",
    ) -> None:
        for number, line in enumerate(lines):
            place = (corner[0], corner[1] + number * self._line)
            draw.text(place, line, colour, font(self._text), anchor=anchor)

    def _wrapped(self, text: str, width_px: float, most: int) -> list[str]:
        lines = wrapped(text, width_px, self._text)
        if len(lines) <= most:
            return lines
        # All that is left goes into the last line, whose middle is then cut out of.
        return [*lines[: most - 1], shortened(" ".join(lines[most - 1 :]), width_px, self._text)]


def fitting_cell(
    tables: Sequence[GridTable], cell_size: tuple[int, int], most_pixels: int, largest_side: int
) -> tuple[int, int]:
    """The cell's size, or a smaller one with which the whole picture keeps to a limit.

    Args:
        tables: What is shown.
        cell_size: Width and height of a picture in pixels.
        most_pixels: Of the whole picture.
        largest_side: Of the whole picture, in pixels.
    """
    width, height = cell_size
    columns = len(tables[0].columns)
    rows = sum(len(table.rows) for table in tables)
    # Labels take room too: a few steps down reach the size that fits with them.
    scale = min(1.0, largest_side / (columns * width), largest_side / (rows * height),
                math.sqrt(most_pixels / (columns * width * rows * height)))  # fmt: skip
    for _ in range(40):
        cell = (max(1, int(width * scale)), max(1, int(height * scale)))
        size = LabelledGrid(tables, cell).size
        if (max(size) <= largest_side and size[0] * size[1] <= most_pixels) or min(cell) < 16:
            break
        scale *= 0.96
    return cell
