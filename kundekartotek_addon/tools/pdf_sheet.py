# SPDX-License-Identifier: LGPL-3.0-or-later
"""A report for paper, drawn line by line: thousands of pages in the time and memory of their text.

A browser engine lays a table out as a whole and takes a gigabyte for what an accountant prints at
year-end; here a line is drawn and forgotten.
"""
from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from .sheet import Column, Line, Value, as_line

MARGIN, GAP = 34, 6
SIZE, LEADING, NARROW = 7.5, 11.5, 9  # points; the last from line to line within a cell
MOST_LINES = 3  # of a text in a cell
GREY = 0.55
ELLIPSIS = "…"


@dataclass(frozen=True)
class Notation:
    """How a language writes numbers and days.

    >>> norwegian = Notation(",", "\\N{NO-BREAK SPACE}", "%d.%m.%Y")
    >>> norwegian.number(-1234567.5, 2)
    '-1\\xa0234\\xa0567,50'
    >>> norwegian.write(datetime.date(2026, 2, 3), Column("", "date")), norwegian.write(0.125, Column("", "percent"))
    ('03.02.2026', '12,5 %')
    """

    decimal_point: str = "."
    thousands: str = ","
    date: str = "%Y-%m-%d"

    def number(self, value: float | Decimal, digits: int) -> str:
        text = f"{value:,.{digits}f}"
        if float(text.replace(",", "")) == 0:
            text = text.lstrip("-")
        return text.translate({ord(","): self.thousands, ord("."): self.decimal_point})

    def write(self, value: Value, column: Column) -> str:
        if value is None or value is False:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, datetime.date):
            return value.strftime(self.date)
        if column.kind == "percent":
            return self.number(100 * value, 1) + " %"
        if column.kind == "integer":
            return self.number(value, 0)
        return self.number(value, column.digits)


def write_pdf(
    stream: BinaryIO,
    *,
    title: str,
    heading: Sequence[tuple[str, Value]],
    columns: Sequence[Column],
    rows: Iterable[Line | Sequence[Value]],
    totals: Iterable[Line | Sequence[Value]] = (),
    page_label: str = "",
    notation: Notation | None = None,
    fonts: tuple[str, str] | None = None,
) -> int:
    """Write a PDF: title and heading on the first page, column headings and page numbers on each. The
    parameters are those of ``write_sheet``, and:

    :param fonts: paths of a TrueType font and its bold one; Helvetica without
    :return: number of rows, totals not counted
    """
    canvas = Canvas(stream, pagesize=landscape(A4) if len(columns) > 5 else A4, pageCompression=1)
    canvas.setTitle(title)
    pages = _Pages(canvas, title, columns, page_label, notation or Notation(), _register(fonts))
    pages.open_first(heading)
    written = 0
    for written, row in enumerate(rows, 1):  # noqa: B007 - the last number is the count
        pages.draw(as_line(row))
    for row in totals:
        pages.draw(as_line(row))
    pages.close()
    return written


def _register(fonts):
    """:return: names of the normal and the bold font"""
    if not fonts:
        return "Helvetica", "Helvetica-Bold"
    names = tuple(path.rpartition("/")[2].removesuffix(".ttf") for path in fonts)
    for name, path in zip(names, fonts):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, path))
    return names


class _Pages:
    """The pages as they grow: where the next line goes, and where each column begins and ends."""

    def __init__(self, canvas, title, columns, page_label, notation, fonts):
        self.canvas, self.title, self.columns, self.page_label = canvas, title, columns, page_label
        self.notation, (self.font, self.bold) = notation, fonts
        self.width, self.height = canvas._pagesize
        self.edges = self._spread()
        self.measures = {font: _Measure(font) for font in fonts}
        self.number, self.y = 0, 0

    def _spread(self):
        """(left, right) of each column, the page shared out by their widths."""
        room = self.width - 2 * MARGIN
        unit = room / sum(column.characters for column in self.columns)
        edges, left = [], MARGIN
        for column in self.columns:
            right = left + unit * column.characters
            edges.append((left, right - GAP))
            left = right
        return edges

    def open_first(self, heading):
        self._open()
        self.canvas.setFont(self.bold, 13)
        self.canvas.drawString(MARGIN, self.y, self.title)
        self.y -= 20
        for label, value in heading:
            self._text(MARGIN, label, self.bold)
            self._text(MARGIN + 110, self.notation.write(value, Column("", "money")), self.font)
            self.y -= LEADING
        self.y -= 6
        self._draw_heads()

    def _open(self):
        self.number += 1
        self.y = self.height - MARGIN - 8

    def _draw_heads(self):
        canvas = self.canvas
        lines = [self._wrap(column.label, right - left, self.bold)
                 for column, (left, right) in zip(self.columns, self.edges)]
        deep = max(map(len, lines))
        canvas.setFillGray(0.92)
        bottom, width = self.y - (deep - 1) * NARROW - 4, self.width - 2 * MARGIN
        canvas.rect(MARGIN - 3, bottom, width + 6, deep * NARROW + 4, stroke=0, fill=1)
        canvas.setFillGray(0)
        for column, words, (left, right) in zip(self.columns, lines, self.edges):
            for number, text in enumerate(words):
                self._cell(text, left, right, column.is_number, self.bold, self.y - number * NARROW)
        self.y -= deep * NARROW + 5

    def _wrap(self, text, room, font, most=None):
        """A text in as many lines as it takes, but for ``most``, of which the last holds what is left."""
        measure, lines = self.measures[font], [""]
        if measure.width(text) <= room:
            return [text]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and len(lines) != most and measure.width(longer) > room:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def draw(self, line):
        """Draw a line; a block's heading stays with the line that follows it."""
        font = self.font if line.style == "plain" else self.bold
        cells = list(self._cells(line, font))
        deep = max((len(lines) for lines, *_place in cells), default=1)
        if self.y < MARGIN + (3 if line.style == "heading" else 1) * LEADING + (deep - 1) * NARROW:
            self._turn()
        if line.style == "total":
            self.canvas.setLineWidth(0.4)
            self.canvas.line(MARGIN, self.y + LEADING - 3, self.width - MARGIN, self.y + LEADING - 3)
        for lines, left, right, is_number in cells:
            for number, text in enumerate(lines):
                self._cell(text, left, right, is_number, font, self.y - number * NARROW)
        self.y -= LEADING + (deep - 1) * NARROW

    def _cells(self, line, font):
        """Yield (lines of text, left, right, whether it is a number) of what is written of a line. A text takes as many
        lines as it needs; that of a heading or a total may run on to the next value."""
        filled = [
            number for number, (value, column) in enumerate(zip(line.values, self.columns))
            if value or (value == 0 and value is not False and (column.noughts or line.style != "plain"))]
        for place, number in enumerate(filled):
            column, (left, right) = self.columns[number], self.edges[number]
            value = line.values[number]
            if line.style != "plain" and isinstance(value, str):
                right = self.edges[filled[place + 1]][0] - GAP if place + 1 < len(filled) else self.width - MARGIN
            is_number = column.is_number and not isinstance(value, str)
            text = self.notation.write(value, column)
            yield [text] if is_number else self._wrap(text, right - left, font, MOST_LINES), left, right, is_number

    def _turn(self):
        self._foot()
        self.canvas.showPage()
        self._open()
        self._draw_heads()

    def _cell(self, text, left, right, to_the_right, font, y):
        if not text:
            return
        measure = self.measures[font]
        text = measure.fit(text, right - left)
        self._text(right - measure.width(text) if to_the_right else left, text, font, y)

    def _text(self, x, text, font, y=None):
        self.canvas.setFont(font, SIZE)
        self.canvas.drawString(x, self.y if y is None else y, text)

    def _foot(self):
        self.canvas.setFillGray(GREY)
        self._text(MARGIN, self.title, self.font, MARGIN / 2)
        self._text(self.width - MARGIN - 60, f"{self.page_label} {self.number} / ", self.font, MARGIN / 2)
        measure = self.measures[self.font]
        self.canvas.saveState()
        self.canvas.translate(
            self.width - MARGIN - 60 + measure.width(f"{self.page_label} {self.number} / "), MARGIN / 2)
        self.canvas.doForm("last_page")
        self.canvas.restoreState()
        self.canvas.setFillGray(0)

    def close(self):
        """Only now is the number of the last page known: what every page refers to is drawn."""
        self._foot()
        self.canvas.showPage()
        self.canvas.beginForm("last_page", 0, -4, 60, 12)
        self.canvas.setFillGray(GREY)
        self.canvas.setFont(self.font, SIZE)
        self.canvas.drawString(0, 0, str(self.number))
        self.canvas.endForm()
        self.canvas.save()


class _Measure:
    """Widths of texts in one font, each character measured once."""

    def __init__(self, font: str):
        self._font = font
        self._known: dict[str, float] = {}
        self._one: Callable[[str], float] = lambda letter: pdfmetrics.stringWidth(letter, font, SIZE)

    def width(self, text: str) -> float:
        known = self._known
        for letter in text:
            if letter not in known:
                known[letter] = self._one(letter)
        return sum(map(known.__getitem__, text))

    def fit(self, text: str, room: float) -> str:
        """The text, cut off where it does not fit."""
        text = text.replace("\n", " ")
        if self.width(text) <= room:
            return text
        room -= self.width(ELLIPSIS)
        used = 0.0
        for number, letter in enumerate(text):
            used += self._known[letter]
            if used > room:
                return text[:number].rstrip() + ELLIPSIS
        return text
