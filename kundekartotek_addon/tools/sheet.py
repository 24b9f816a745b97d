# SPDX-License-Identifier: LGPL-3.0-or-later
"""A report as a table: its columns and lines, and writing it as a workbook line by line.

What comes in as an iterator of lines goes out to disk as it comes: memory does not grow with the report.
``pdf_sheet`` writes the same for paper.
"""
from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO, Literal, NamedTuple

import xlsxwriter

Kind = Literal["text", "money", "date", "integer", "percent"]
Style = Literal["plain", "heading", "total"]
Value = str | float | Decimal | datetime.date | bool | None

WIDTHS = {"text": 24, "money": 15, "date": 11, "integer": 9, "percent": 9}
NUMBER_FORMATS = {"money": "#,##0.00", "date": "dd.mm.yyyy", "integer": "#,##0", "percent": "0.0%", "text": "@"}
# Excel shows numbers by these with the separators of the reader's own country.
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LAST_ROW = 1_048_575


@dataclass(frozen=True)
class Column:
    """A column: its heading, what its values are, and its width in characters (0: by kind).

    Money are amounts of any currency, with ``digits`` decimals; percent are shares, 1 being all of it. On paper a
    nought is left out of plain lines, unless ``noughts`` says that it means something.
    """

    label: str
    kind: Kind = "text"
    width: float = 0
    digits: int = 2
    noughts: bool = False

    @property
    def characters(self) -> float:
        return self.width or WIDTHS[self.kind]

    @property
    def is_number(self) -> bool:
        return self.kind in ("money", "integer", "percent")


class Line(NamedTuple):
    """Values in the order of the columns, shorter if nothing follows. A *heading* opens a block, a *total*
    closes one; their texts may run over the columns to the right."""

    values: Sequence[Value]
    style: Style = "plain"


def as_line(row: Line | Sequence[Value]) -> Line:
    """A row of a report is a ``Line`` or just its values.

    >>> as_line(("Fjordlys AS", 12.5))
    Line(values=('Fjordlys AS', 12.5), style='plain')
    """
    return row if isinstance(row, Line) else Line(row)


def write_sheet(
    stream: BinaryIO,
    *,
    title: str,
    heading: Sequence[tuple[str, Value]],
    columns: Sequence[Column],
    rows: Iterable[Line | Sequence[Value]],
    totals: Iterable[Line | Sequence[Value]] = (),
    page_label: str = "",
    last_row: int = LAST_ROW,
) -> int:
    """Write a workbook. What does not fit into one sheet goes on in the next, under the same headings.

    :param heading: (label, value) above the table: company, period, who made it …
    :param totals: lines after the last one; asked for once all rows are written
    :param page_label: the word "page" in the footer
    :return: number of rows, totals not counted
    """
    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as workbook:
        workbook.set_properties({"title": title})
        writer = _Sheets(workbook, title, columns, page_label, last_row)
        writer.open_first(heading)
        return writer.write(rows, totals)


class _Sheets:
    """Writes lines one below the other, opening another worksheet where one is full."""

    def __init__(self, workbook, title, columns, page_label, last_row):
        self.workbook, self.title, self.columns = workbook, title, columns
        self.page_label, self.last_row = page_label, last_row
        self.formats = {
            (style, number, bar): self._make_format(style, number, bar)
            for style in ("plain", "heading", "total")
            for number in range(len(columns))
            for bar in (False, True)
        }
        self.bold = workbook.add_format({"bold": True})
        self.large = workbook.add_format({"bold": True, "font_size": 14})
        self.heads = [workbook.add_format({
            "bold": True, "bottom": 1, "bg_color": "#E9ECEF", "text_wrap": True, "valign": "top",
            "align": "right" if column.is_number else "left"}) for column in columns]
        self.fact_formats = {
            kind: workbook.add_format({"num_format": NUMBER_FORMATS[kind], "align": "left"}) for kind in NUMBER_FORMATS}
        self.sheet, self.row, self.opened = None, 0, 0

    def _make_format(self, style, number, quote_prefix):
        column = self.columns[number]
        pattern = NUMBER_FORMATS[column.kind]
        if column.kind == "money" and column.digits != 2:
            pattern = "#,##0" + ("." + "0" * column.digits if column.digits else "")
        options = {"num_format": pattern, "bold": style != "plain", "align": "right" if column.is_number else "left"}
        if style == "total":
            options["top"] = 1
        return self.workbook.add_format(options | ({"quote_prefix": True} if quote_prefix else {}))

    def open_first(self, heading):
        self._open()
        self.sheet.write_string(0, 0, self.title, self.large)
        for number, (label, value) in enumerate(heading, 1):
            self.sheet.write_string(number, 0, label, self.bold)
            kind = {datetime.date: "date", float: "money", Decimal: "money"}.get(type(value), "text")
            self._write_value(number, 1, value, self.fact_formats[kind])
        self._write_heads(len(heading) + 2)

    def _open(self):
        self.opened += 1
        name = "".join(letter for letter in self.title if letter not in "[]:*?/\\'")[:25]
        self.sheet = self.workbook.add_worksheet(name + (f" ({self.opened})" if self.opened > 1 else ""))
        self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer(f"&L{self.title.replace('&', '&&')}&R{self.page_label} &P / &N")
        for number, column in enumerate(self.columns):
            self.sheet.set_column(number, number, column.characters)

    def _write_heads(self, row):
        self.sheet.freeze_panes(row + 1, 0)
        self.sheet.repeat_rows(row)
        for number, (column, style) in enumerate(zip(self.columns, self.heads)):
            self.sheet.write_string(row, number, column.label, style)
        self.row = row + 1

    def write(self, rows, totals):
        written = 0
        for written, row in enumerate(rows, 1):  # noqa: B007 - the last number is the count
            self._write_line(as_line(row))
        for row in totals:
            self._write_line(as_line(row))
        return written

    def _write_line(self, line):
        if self.row > self.last_row:
            self._open()
            self._write_heads(0)
        for number, value in enumerate(line.values):
            if value is not None and value is not False:
                risky = isinstance(value, str) and value.startswith(STARTS_FORMULA)
                self._write_value(self.row, number, value, self.formats[line.style, number, risky])
        self.row += 1

    def _write_value(self, row, number, value, style):
        """A text is written as text, whatever it looks like: never as a formula or a link."""
        if isinstance(value, str):
            self.sheet.write_string(row, number, value[:32_767], style)
        elif isinstance(value, datetime.date):
            with suppress(TypeError, ValueError):  # a day before 1900
                self.sheet.write_datetime(row, number, value, style)
        else:
            self.sheet.write_number(row, number, float(value), style)
