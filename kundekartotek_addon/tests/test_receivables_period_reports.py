# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from collections import defaultdict
from datetime import date, timedelta

import openpyxl

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools.pdf import PdfFileReader

from .customer_ledger import TODAY
from .period_readings import PeriodReadings
from .test_receivables_ledger import LedgerReportCase

SEED = 20261125


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestPeriodReports(PeriodReadings, LedgerReportCase):
    """Balance list, customer specification, ledger and general ledger say the same, for any period."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rng = random.Random(SEED)
        cls.spoil_ledger()
        cls.customers[1].ref, cls.customers[2].ref = "10002", "10001"

    @classmethod
    def spoil_ledger(cls):
        """What else may happen: instalments, over-payment, back-dated payment, matches undone and redone, items
        without partner, an invoice reversed at a later date."""
        term = cls.env["account.payment.term"].create({"name": "Halvt nå", "line_ids": [
            Command.create({"value": "percent", "value_amount": 50, "nb_days": days}) for days in (0, 60)]})
        parts = cls.invoice(cls.customers[1], 1234.56, TODAY - timedelta(70), invoice_payment_term_id=term.id)
        cls.pay(parts, 700.0, TODAY - timedelta(65))
        over = cls.invoice(cls.customers[2], 300.0, TODAY - timedelta(50))
        cls.pay(over, 350.5, TODAY - timedelta(45))
        late = cls.invoice(cls.customers[3], 99.99, TODAY - timedelta(20))
        cls.pay(late, 99.99, TODAY - timedelta(80))  # booked today, dated long before
        items = late.line_ids.filtered(lambda item: item.account_type == "asset_receivable")
        matched = items.matched_credit_ids.credit_move_id
        items.remove_move_reconcile()
        (items + matched).reconcile()
        cls.adjust(cls.env["res.partner"], 750.25, TODAY - timedelta(33))
        currency = cls.invoice(cls.customers[1], 200.0, date(2026, 5, 20), currency_id=cls.euro.id)
        cls._register_payment(currency, payment_date=date(2026, 7, 1), journal_id=cls.bank_journal.id)
        cls._reverse_invoice(cls.invoice(cls.customers[2], 42.0, TODAY - timedelta(100)), post=True, date=TODAY)

    def periods(self, count=6):
        """Random periods, and those whose ends are the awkward ones."""
        first = TODAY - timedelta(220)
        for _number in range(count):
            start = first + timedelta(self.rng.randrange(220))
            yield start, start + timedelta(self.rng.randrange(90))
        yield date(2026, 1, 1), TODAY
        yield date(2025, 1, 1), date(2025, 12, 31)
        yield TODAY, TODAY

    def test_all_say_the_same(self):
        self.assertTrue(self.expected(date(2026, 1, 1), TODAY))
        for date_from, date_to in self.periods():
            with self.subTest(seed=SEED, date_from=date_from, date_to=date_to):
                self.assertAgree(date_from, date_to)

    def test_sums_below_the_list(self):
        """Of all lines, by currency, as the client asks for them."""
        lines = self.env["kundekartotek.balance.list"].with_user(self.reader).with_context(ledger_period="this_year")
        names = ("opening", "debit", "credit", "closing")
        groups = lines.formatted_read_group([], ["company_currency_id"], [f"{name}:sum" for name in names])
        found = {group["company_currency_id"][0]: [round(group[f"{name}:sum"], 2) for name in names]
                 for group in groups}
        expected = defaultdict(lambda: [0] * 4)
        for (company_id, _customer), amounts in self.expected(date(2026, 1, 1), date(2026, 12, 31)).items():
            sums = expected[self.env["res.company"].browse(company_id).currency_id.id]
            sums[:] = [round(total + amount, 2) for total, amount in zip(sums, amounts)]
        self.assertEqual(found, expected)

    def test_customers_in_the_order_of_their_codes(self):
        _columns, rows, _totals = self.rows(
            "kundekartotek.customer.specification", self.options(date(2026, 1, 1), TODAY))
        headings = [row[0] for row in rows if len(row) == 1 and row[0].startswith("1000")]
        self.assertEqual(headings[:2], ["10001 Kunde 2 AS", "10002 Kunde 1 AS"])

    def test_one_customer(self):
        for model in ("kundekartotek.balance.list", "kundekartotek.customer.specification"):
            _columns, rows, totals = self.rows(
                model, self.options(date(2026, 1, 1), TODAY, partner_ids=self.contacts[2].ids))
            text = str(rows)
            self.assertIn("Kunde 2 AS", text)
            self.assertNotIn("Kunde 1 AS", text)
            self.assertFalse([values for values in totals if "general ledger" in values[0]])
            _columns, rows, _totals = self.rows(
                model, self.options(date(2026, 1, 1), TODAY, partner_ids=[2_000_000_000]))
            self.assertFalse(rows)

    def test_workbook_and_paper(self):
        for model, title in (("kundekartotek.balance.list", "Balance List"),
                             ("kundekartotek.customer.specification", "Customer Specification")):
            report = self.env[model].with_user(self.reader)
            name, stream = report._report_file("xlsx", self.options(date(2026, 1, 1), TODAY))
            self.assertEqual(name, f"{title}.xlsx")
            cells = [[cell.value for cell in row] for row in openpyxl.load_workbook(stream).active.iter_rows()]
            flat = [value for row in cells for value in row]
            for wanted in ("10001", "10002 Kunde 1 AS") if "Spec" in title else ("10001", "Kunde 1 AS"):
                self.assertTrue(any(wanted in str(value) for value in flat), wanted)
            self.assertIn("Prepared", flat)
            self.assertIn("Difference", flat)
            name, stream = report._report_file("pdf", self.options(date(2026, 1, 1), TODAY))
            text = "".join(page.extract_text() for page in PdfFileReader(stream).pages)
            for wanted in (title, "Kunde 1 AS", "Difference", "23.11.2026", self.reader.name):
                self.assertIn(wanted, text)

    def test_named_periods(self):
        List = self.env["kundekartotek.balance.list"].with_user(self.reader)
        for name, dates in (
            ("this_year", (date(2026, 1, 1), date(2026, 12, 31))),
            ("last_year", (date(2025, 1, 1), date(2025, 12, 31))),
            ("this_month", (date(2026, 11, 1), date(2026, 11, 30))),
            ("last_month", (date(2026, 10, 1), date(2026, 10, 31))),
            (None, (date(2026, 1, 1), TODAY)),
        ):
            self.assertEqual(List._period(period=name), dates)
        with freeze_time("2028-03-31"):
            self.assertEqual(List._period(period="last_month"), (date(2028, 2, 1), date(2028, 2, 29)))
        for wrong in (("2026-12-01", "2026-11-01"), ("garbage", None), ("2026-02-30", None), (5, None),
                      (None, None, 5), (None, None, "yesterday")):
            with self.assertRaises(UserError):
                List._period(*wrong)

    def test_wizard(self):
        Wizard = self.env["kundekartotek.ledger.report"].with_user(self.reader)
        with Form(Wizard) as form:
            form.date_from, form.date_to = TODAY - timedelta(60), TODAY - timedelta(30)
        wizard = form.record
        expected = self.expected(wizard.date_from, wizard.date_to)
        for line in wizard.tie_out_ids:
            closing = sum(amounts[3] for (company_id, _partner), amounts in expected.items()
                          if company_id == line.company_id.id)
            self.assertAlmostEqual(line.closing, closing, 2)
            self.assertEqual((line.ledger, line.difference), (line.closing, 0))
        action = wizard.action_show()
        self.assertRegex(action["display_name"], r"^Balance List \S+2026 – \S+2026$")  # what the client shows
        List = self.env["kundekartotek.balance.list"].with_user(self.reader)
        rows = List.with_context(**action["context"]).search([])
        self.assertEqual(len(rows), len(expected))
        entries = rows[0].action_open_entries()
        Entry = self.env["kundekartotek.ledger.entry"].with_user(self.reader)
        self.assertEqual(Entry.search_count(entries["domain"]), rows[0].entry_count)
        self.assertIn("balance-list.xlsx", wizard.action_xlsx()["url"])
        wizard.report = "kundekartotek.customer.specification"
        self.assertIn("customer-specification.pdf", wizard.action_pdf()["url"])
        self.assertEqual(wizard.action_show()["res_model"], "kundekartotek.ledger.entry")

    def test_reads_only(self):
        """A replica, which cannot be written to, is enough."""
        self.env.flush_all()
        self.env.cr.execute("SAVEPOINT before_reading; SET TRANSACTION READ ONLY")
        try:
            for name, fields in (("balance.list", {"closing": {}}), ("communication", {"subject": {}}),
                                 ("ledger.entry", {"running_balance": {}, "has_document": {}}),
                                 ("aging.snapshot", {"total": {}}), ("aging.trend", {"amount": {}})):
                model = self.env[f"kundekartotek.{name}"].with_user(self.reader)
                model.web_search_read([], fields, limit=80)
                model.formatted_read_group([], ["partner_id"], ["__count"])
            for name in ("balance.list", "customer.specification"):
                report = self.env[f"kundekartotek.{name}"].with_user(self.reader)
                self.patch(type(report), "_note_export", lambda *args: None)  # written beside, by its own cursor
                for kind in ("xlsx", "pdf"):
                    report._report_file(kind, self.options(date(2026, 1, 1), TODAY))[1].close()
        finally:
            self.env.cr.execute("ROLLBACK TO SAVEPOINT before_reading")

    def test_roles_and_companies(self):
        for user in (self.salesperson, self.portal):
            for model in ("kundekartotek.balance.list", "kundekartotek.customer.specification"):
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user)._report_file("xlsx", {})
            with self.assertRaises(AccessError):
                self.env["kundekartotek.balance.list"].with_user(user).search([])
            with self.assertRaises(AccessError):
                self.env["kundekartotek.ledger.report"].with_user(user).create({})
        report = self.env["kundekartotek.balance.list"].with_user(self.other_reader).with_context(
            allowed_company_ids=self.other_company.ids)
        self.assertEqual(report.search([]).company_id, self.other_company)
        _name, stream = report._report_file("xlsx", {})
        text = str([[cell.value for cell in row] for row in openpyxl.load_workbook(stream).active.iter_rows()])
        self.assertIn(self.other_company.name, text)
        self.assertNotIn(f"ledger of {self.company.name}", text)
