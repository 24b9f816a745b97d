# SPDX-License-Identifier: LGPL-3.0-or-later
import doctest
import io
from datetime import date
from decimal import Decimal

import openpyxl
from pypdf import PdfReader

from odoo.tests import BaseCase, tagged
from odoo.tools import file_path

from ..reports.receivables.report_mixin import FONTS
from ..tools import pdf_sheet, sheet
from ..tools.pdf_sheet import Notation, write_pdf
from ..tools.sheet import Column, Line, write_sheet

COLUMNS = [Column("Kunde", width=30), Column("Saldo", "money"), Column("Eldste forfall", "date"),
           Column("Poster", "integer"), Column("Andel", "percent")]
NORWEGIAN = Notation(",", "\N{NO-BREAK SPACE}", "%d.%m.%Y")


def row(number):
    return (f"Kunde {number}", Decimal("1234567.50") * number, date(2026, 11, 23), number, 0.125)


def workbook(rows, **extra):
    stream = io.BytesIO()
    write_sheet(stream, title="Aldersfordeling", heading=[("Selskap", "Fjordlys AS"), ("Per", date(2026, 11, 23))],
                columns=COLUMNS, rows=rows, page_label="Side", **extra)
    stream.seek(0)
    return openpyxl.load_workbook(stream)


def pdf(rows, columns=COLUMNS, **extra):
    stream = io.BytesIO()
    write_pdf(stream, title="Aldersfordeling", heading=[("Selskap", "Fjordlys AS")], columns=columns, rows=rows,
              page_label="Side", notation=NORWEGIAN, fonts=tuple(map(file_path, FONTS)), **extra)
    return [page.extract_text().replace("\xa0", " ") for page in PdfReader(stream).pages]


@tagged("post_install", "-at_install")
class TestSheet(BaseCase):

    def test_doctests(self):
        for module in (sheet, pdf_sheet):
            self.assertEqual(doctest.testmod(module).failed, 0)

    def test_workbook_holds_the_values(self):
        page = workbook([row(1), row(2)], totals=[Line(("Sum", Decimal("3703702.50")), "total")]).active
        values = [[cell.value for cell in line] for line in page.iter_rows()]
        self.assertEqual(values[0][0], "Aldersfordeling")
        self.assertEqual(values[1][:2], ["Selskap", "Fjordlys AS"])
        self.assertEqual(values[2][1].date(), date(2026, 11, 23))
        self.assertEqual(values[4], [column.label for column in COLUMNS])
        self.assertEqual(values[5][:2], ["Kunde 1", 1234567.5])
        self.assertEqual((values[5][2].date(), *values[5][3:]), (date(2026, 11, 23), 1, 0.125))
        self.assertEqual(values[7][:2], ["Sum", 3703702.5])

    def test_workbook_repeats_and_freezes_its_headings(self):
        page = workbook([row(1)]).active
        self.assertEqual(page.freeze_panes, "A6")
        self.assertEqual(page.print_title_rows, "$5:$5")
        self.assertEqual(page["B6"].number_format, "#,##0.00")
        self.assertEqual(page["C6"].number_format, "dd.mm.yyyy")
        self.assertTrue(page["A5"].font.b)

    def test_a_text_is_never_a_formula(self):
        for text in ('=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "https://example.com", "{=1}"):
            cell = workbook([(text,)]).active["A6"]
            self.assertEqual((cell.value, cell.data_type), (text, "s"), text)
            self.assertEqual(bool(cell.quotePrefix), text[0] in "=+-@\t", text)

    def test_a_full_sheet_goes_on_in_the_next(self):
        book = workbook(map(row, range(1, 21)), last_row=11)
        self.assertEqual(len(book.worksheets), 3)
        found = [cell for page in book for (cell,) in page.iter_rows(max_col=1, values_only=True)
                 if str(cell).startswith("Kunde ")]
        self.assertEqual(found, [f"Kunde {number}" for number in range(1, 21)])
        self.assertTrue(all(page["A1"].value == "Kunde" for page in book.worksheets[1:]))

    def test_paper_repeats_headings_and_numbers_its_pages(self):
        pages = pdf(map(row, range(1, 151)), totals=[Line(("Sum", Decimal("1")), "total")])
        self.assertGreater(len(pages), 2)
        for number, text in enumerate(pages, 1):
            self.assertIn("Eldste", text)
            self.assertIn(f"Side {number} /", text)
        self.assertIn("Fjordlys AS", pages[0])
        self.assertIn("1 234 567,50", pages[0])
        self.assertIn("23.11.2026", pages[0])
        self.assertIn("12,5 %", pages[0])
        self.assertIn("Sum", pages[-1])
        for number in range(1, 151):
            self.assertEqual(sum(f"Kunde {number}\n" in text for text in pages), 1)

    def test_paper_writes_the_letters_of_customers_names(self):
        self.assertIn("Máhtte Čállinlágádus đŋŧž Łódź ÆØÅ", pdf([("Máhtte Čállinlágádus đŋŧž Łódź ÆØÅ",)])[0])

    def test_paper_writes_noughts_that_mean_something(self):
        columns = [Column("Kunde"), Column("Debet", "money"), Column("Saldo", "money", noughts=True)]
        for line, expected in ((("A", 0, 0), 1), (("A", Decimal(0), Decimal(0)), 1), (("A", None, None), 0),
                               (Line(("Sum", 0, 0), "total"), 2), (Line(("Differanse", None, 0), "heading"), 1)):
            self.assertEqual(pdf([line], columns=columns)[0].count("0,00"), expected, line)

    def test_paper_cuts_what_does_not_fit(self):
        self.assertIn("…", pdf([("M" * 300, 1)])[0])

    def test_paper_wraps_long_names(self):
        name = "Nordnorsk Entreprenør og Anleggsvirksomhet for Tromsø og Omegn AS"
        [page] = pdf([(name, 1.5), ("Kunde 2", 2.5)], columns=[
            Column("Kunde", width=16), *(Column(letter, "money", 14) for letter in "ABCDEF")])
        self.assertIn(name, " ".join(page.split()))
        self.assertIn("1,50", page)
        pages = pdf([(f"{number} {name}", number) for number in range(1, 61)], columns=[
            Column("Kunde", width=16), *(Column(letter, "money", 14) for letter in "ABCDEF")])
        self.assertEqual(sum(" ".join(page.split()).count(name) for page in pages), 60)

    def test_a_heading_stays_with_its_block(self):
        lines = [item for number in range(40) for item in (Line((f"Blokk {number}",), "heading"), row(number))]
        for text in pdf(lines):
            block = [line for line in text.splitlines() if line.startswith(("Blokk", "Kunde "))]
            self.assertTrue(block[-1].startswith("Kunde"), block[-1])
