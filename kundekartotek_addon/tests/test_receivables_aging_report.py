# SPDX-License-Identifier: LGPL-3.0-or-later
import io
import json
from datetime import date
from urllib.parse import parse_qs, urlparse

import openpyxl
from pypdf import PdfReader

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from .customer_ledger import TODAY, CustomerLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestAgingReport(CustomerLedgerCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = new_test_user(
            cls.env, "leser_rapport", "kundekartotek_addon.group_reader", name="Lene Leser", company_id=cls.company.id,
            company_ids=[Command.set((cls.company + cls.other_company).ids)])
        cls.customers[1].ref = "10001"
        cls.adjust(cls.env["res.partner"], 99.5, date(2026, 9, 1))
        cls.invoice(cls.customers[1], 250, company=cls.other_company)

    def report(self, companies=None):
        return self.env["kundekartotek.report.aging"].with_user(self.reader).with_context(
            allowed_company_ids=(companies or self.company).ids)

    def table(self, companies=None, **options):
        """:return: (what stands above, {customer's name: {heading: value}}, what stands below)"""
        _name, stream = self.report(companies)._report_file("xlsx", options)
        with stream:
            rows = list(openpyxl.load_workbook(io.BytesIO(stream.read())).active.iter_rows(values_only=True))
        top = next(number for number, row in enumerate(rows) if row[0] == "Number")
        end = next(number for number, row in enumerate(rows) if row[0] == "Tie-out with the ledger")
        lines = [dict(zip(rows[top], row)) for row in rows[top + 1:end]]
        return dict(row[:2] for row in rows[1:top]), lines, rows[end:]

    def test_a_choice_through_a_relation(self):
        """Comes along in the address as it was asked for."""
        aging = self.env["kundekartotek.aging"].with_user(self.reader)
        for code in (self.company_data["default_account_receivable"].code, "none"):
            domain = [("account_id", "any", [("code", "=", code)])]
            action = aging.action_take_away("xlsx", domain)
            options = json.loads(parse_qs(urlparse(action["url"]).query)["options"][0])
            _heading, rows, _below = self.table(**options)
            self.assertEqual(len(rows), len(lines := aging.search(domain)) + bool(lines))

    def test_same_figures_as_the_screen(self):
        for day, basis in ((TODAY, "due"), (date(2026, 9, 30), "invoice")):
            lines = self.env["kundekartotek.aging"].with_user(self.reader).with_context(
                aging_date=str(day), aging_basis=basis).search([], order="partner_id")
            heading, rows, _below = self.table(date=str(day), basis=basis)
            self.assertEqual(heading["At the end of"].date(), day)
            self.assertEqual(heading["Aged"], {"due": "By due date", "invoice": "By invoice date"}[basis])
            self.assertEqual((heading["Prepared by"], heading["Company"]), ("Lene Leser", self.company.name))
            *rows, total = rows
            self.assertEqual([row["Customer"] for row in rows], lines.mapped("customer_name"))
            for row, line in zip(rows, lines):
                self.assertEqual(row["Number"] or False, line.customer_ref)
                for label, name in (("Not Due", "not_due"), ("1–30", "bucket_1"), ("31–60", "bucket_2"),
                                    ("91–", "bucket_4"), ("Unallocated Credits", "unallocated"), ("Total", "total"),
                                    ("Overdue", "overdue"), ("Share", "share"), ("Open items", "open_item_count")):
                    self.assertAlmostEqual(row[label], line[name], 2, f"{line.customer_name} {label}")
            self.assertAlmostEqual(total["Total"], sum(lines.mapped("total")), 2)

    def test_the_tie_out_is_printed(self):
        _heading, _rows, below = self.table()
        (row,) = self.env["kundekartotek.aging"].with_user(self.reader).tie_out()
        found = {line[1]: next(value for value in reversed(line) if value is not None) for line in below[1:]}
        self.assertEqual(found, {
            "Receivables in all": row["total"], "Balance of the receivable accounts": row["ledger"], "Difference": 0})

    def test_several_companies_are_not_mixed(self):
        both = self.company + self.other_company
        _heading, rows, below = self.table(both)
        totals = [row for row in rows if row["Customer"] == "Total"]
        self.assertEqual([row["Company"] for row in totals], both.mapped("name"))
        for company, total in zip(both, totals):
            self.assertAlmostEqual(total["Total"], sum(
                row["Total"] for row in rows if row["Company"] == company.name and row is not total), 2)
        self.assertEqual(len(below), 1 + 3 * 2)

    def test_a_choice_of_lines(self):
        heading, rows, _below = self.table(
            domain=[("partner_id", "=", self.customers[1].id)], filters="Kunde: Kunde 1 AS")
        self.assertEqual([row["Customer"] for row in rows], [self.customers[1].name, "Total"])
        self.assertEqual(rows[0]["Number"], "10001")
        self.assertEqual(heading["Only"], "Kunde: Kunde 1 AS")

    def test_paper(self):
        _name, stream = self.report()._report_file("pdf", {"date": "2026-10-31"})
        with stream:
            text = PdfReader(io.BytesIO(stream.read())).pages[0].extract_text()
        for words in ("Lene Leser", "By due date", "Without customer", "Difference", "31–60"):
            self.assertIn(words, text)

    def test_the_button_asks_for_what_is_shown(self):
        aging = self.env["kundekartotek.aging"].with_user(self.reader).with_context(
            aging_date="2026-10-31", aging_basis="invoice", allowed_company_ids=self.other_company.ids)
        action = aging.action_take_away("xlsx", [("overdue", ">", 0)], "Bare forfalt")
        url = urlparse(action["url"])
        query = parse_qs(url.query)
        self.assertEqual(url.path, "/kundekartotek/report/aging.xlsx")
        self.assertEqual(query["companies"], [str(self.other_company.id)])
        self.assertEqual(json.loads(query["options"][0]), {
            "date": "2026-10-31", "basis": "invoice", "domain": [["overdue", ">", 0]], "filters": "Bare forfalt"})

    def test_only_with_a_role(self):
        seller = new_test_user(self.env, "selger_rapport", "sales_team.group_sale_salesman")
        for call in (lambda: self.report().with_user(seller)._report_file("xlsx", {}),
                     lambda: self.env["kundekartotek.aging"].with_user(seller).action_take_away("xlsx")):
            with self.assertRaises(AccessError):
                call()

    def test_reads_only(self):
        """Everything also runs on a cursor that cannot write."""
        self.env.flush_all()
        self.env.cr.execute("SAVEPOINT before_reading; SET TRANSACTION READ ONLY")
        try:
            aging = self.env["kundekartotek.aging"].with_user(self.reader).with_context(aging_date="2026-10-31")
            aging.web_search_read([], {"customer_name": {}, "total": {}}, limit=80)
            aging.web_read_group([], ["currency_id"], ["total:sum"])
            aging.tie_out([("overdue", ">", 0)])
            aging.search([], limit=1).action_open_items("overdue")
            report = self.report()
            self.patch(type(report), "_note_export", lambda *args: None)  # written beside, by its own cursor
            for kind in ("xlsx", "pdf"):
                report._report_file(kind, {})[1].close()
        finally:
            self.env.cr.execute("ROLLBACK TO SAVEPOINT before_reading")
