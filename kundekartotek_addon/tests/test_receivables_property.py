# SPDX-License-Identifier: LGPL-3.0-or-later
"""Any ledger, at any date: made through the ORM from what hypothesis draws, and compared with a plain walk through
its items and with the balance of its accounts; and what the reports on a period say of it."""
from collections import defaultdict
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.tests import freeze_time, tagged

from .aging_oracle import aging_of, ledger_of, open_items
from .customer_ledger import TODAY
from .period_readings import PeriodReadings
from .test_receivables_ledger import LedgerReportCase

EVENTS = ("invoice", "credit_note", "instalments", "payment", "overpayment", "prepayment", "write_off", "bank",
          "entry", "nobody", "reversal", "unmatch", "match", "foreign", "foreign_payment", "elsewhere",
          "across", "across", "across")  # the rarest in life, and what sums of a company's own ledger do not show
AGE = st.integers(0, 200)
EVENT = st.tuples(st.sampled_from(EVENTS), st.integers(0, 2), AGE, st.integers(100, 900_000), st.integers(0, 90))
DAYS = st.lists(st.integers(-60, 220), min_size=2, max_size=3, unique=True)


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestAnyLedger(PeriodReadings, LedgerReportCase):

    @classmethod
    def fill_ledger(cls, seed, documents):
        """Nothing: every example makes its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dollar = cls.setup_other_currency("USD", rates=[("2020-01-01", 0.1), ("2026-08-01", 0.11)])
        cls.term = cls.env["account.payment.term"].create({"name": "Rater", "line_ids": [
            Command.create({"value": "percent", "value_amount": share, "nb_days": days})
            for share, days in ((30, 0), (30, 30), (40, 60))]})
        cls.expense = cls.company_data["default_account_expense"]

    @settings(max_examples=12, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
              suppress_health_check=list(HealthCheck))
    @given(st.lists(EVENT, min_size=6, max_size=12), DAYS, st.sampled_from(("due", "invoice")))
    def test_adds_up_to_the_ledger(self, events, ages, basis):
        with self.env.cr.savepoint() as savepoint:
            self.documents = self.env["account.move"]
            for kind, customer, age, amount, due in sorted(events, key=lambda event: -event[2]):
                day = TODAY - timedelta(age)
                getattr(self, f"_{kind}")(self.customers[customer], amount / 100, day, day + timedelta(due))
            for age in ages:
                self.assertTiesOut(TODAY - timedelta(age), basis)
            last, first, *_rest = sorted(ages)
            self.assertAgree(TODAY - timedelta(first), TODAY - timedelta(last))
            savepoint.rollback()
            self.env.invalidate_all()

    def assertTiesOut(self, day, basis):
        self.env.invalidate_all()
        aging = self.env["kundekartotek.aging"].sudo().with_context(aging_date=str(day), aging_basis=basis)
        expected = aging_of(aging.env, day, basis)
        lines = {(line.company_id.id, line.partner_id.id): line for line in aging.search([])}
        self.assertEqual(set(lines), set(expected))
        for key, line in lines.items():
            for name, value in expected[key].items():
                found = round(line[name], 2) if isinstance(value, float) else line[name]
                self.assertEqual(found, value, f"{day} {basis} {key} {name}")
            parts = line.not_due + line.unallocated + sum(line[f"bucket_{number}"] for number in range(1, 7))
            self.assertEqual(round(parts, 2), round(line.total, 2))
        ledger = ledger_of(aging.env, day)
        totals = {key: line.total for key, line in lines.items()}
        self.assertEqual(self.by_tree(totals), self.by_tree(ledger))
        self.assertAmountsInCurrency(aging, day)
        for row in aging.tie_out():
            found, booked = (round(sum(amount for key, amount in amounts.items() if key[0] == row["company_id"]), 2)
                             for amounts in (totals, ledger))
            self.assertEqual(
                (row["total"], row["ledger"], row["difference"]), (found, booked, round(found - booked, 2)))
            # What was matched across a company's border is all that may differ, and is said.
            self.assertEqual(len(row["explanation"]), bool(row["difference"]))
            self.assertTrue(all("another company or branch" in text for text in row["explanation"]))
        items = self.env["kundekartotek.aging.item"].sudo().with_context(**aging.env.context).search([])
        self.assertEqual(round(sum(items.mapped("residual")), 2), round(sum(ledger.values()), 2))

    def by_tree(self, amounts):
        """{(company, customer): amount} with branches taken together with their company, within which is matched."""
        found = defaultdict(float)
        for (company_id, customer_id), amount in amounts.items():
            found[self.env["res.company"].browse(company_id).root_id, customer_id] += amount
        return {key: round(amount, 2) for key, amount in found.items() if round(amount, 2)}

    def assertAmountsInCurrency(self, aging, day):
        """A line per currency, in company currency and in its own, and the items behind it."""
        expected = defaultdict(lambda: [0.0, 0.0])
        for item, *rests in open_items(aging.env, day):
            key = item.company_id.id, item.partner_id.commercial_partner_id.id, item.currency_id.id
            expected[key] = [round(amount + rest, 2) for amount, rest in zip(expected[key], rests, strict=True)]
        lines = aging.with_context(aging_grain=1).search([])
        self.assertEqual(expected, {
            (line.company_id.id, line.partner_id.id, line.currency_id.id): [
                round(line.total, 2), round(line.total_currency, 2)] for line in lines})

    # ---- what may happen ---------------------------------------------------------------------------------

    def _invoice(self, partner, amount, day, due, **vals):
        self.documents += self.invoice(partner, amount, day, due, **vals)

    def _elsewhere(self, partner, amount, day, due):
        self._invoice(partner, amount, day, due, company=(self.branch, self.other_company)[int(amount) % 2])

    def _across(self, partner, amount, day, due):
        """An invoice of the branch, paid to the company."""
        invoice = self.invoice(partner, amount, day, due, company=self.branch)
        payment = self.prepay(partner, round(amount * 0.75, 2), day + (due - day) / 2)
        (invoice + payment.move_id).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable").reconcile()

    def _foreign(self, partner, amount, day, due):
        self._invoice(partner, amount, day, due, currency_id=(self.euro, self.dollar)[int(amount) % 2].id)

    def _instalments(self, partner, amount, day, due):
        self._invoice(partner, amount, day, due, invoice_payment_term_id=self.term.id, invoice_date_due=False)

    def _credit_note(self, partner, amount, day, due):
        self._invoice(partner, amount, day, due, move_type="out_refund")

    def _unpaid(self, partner, foreign=False):
        return self.documents.filtered(lambda move: (
            move.partner_id == partner and move.move_type == "out_invoice" and move.amount_residual
            and move.company_id == self.company
            and (move.currency_id != self.company.currency_id) == foreign))[:1]

    def _payment(self, partner, amount, day, due, share=0.5):
        if invoice := self._unpaid(partner):
            self.pay(invoice, round(invoice.amount_residual * share, 2) or 1, max(day, invoice.invoice_date))

    def _overpayment(self, partner, amount, day, due):
        """Paid too much, some of it before the invoice was made."""
        if invoice := self._unpaid(partner):
            payment = self.prepay(partner, round(invoice.amount_residual + amount, 2), day - (due - day))
            self._receivable(payment.move_id + invoice).reconcile()

    def _foreign_payment(self, partner, amount, day, due):
        """In the invoice's currency at another rate: an exchange difference is posted."""
        if invoice := self._unpaid(partner, foreign=True):
            share = 1 if int(amount) % 2 else 0.4
            self._register_payment(
                invoice, payment_date=max(day, invoice.invoice_date), journal_id=self.bank_journal.id,
                amount=round(invoice.amount_residual * share, 2) or 1, currency_id=invoice.currency_id.id)

    def _write_off(self, partner, amount, day, due):
        if invoice := self._unpaid(partner):
            rest = invoice.amount_residual
            self._register_payment(
                invoice, payment_date=max(day, invoice.invoice_date), journal_id=self.bank_journal.id,
                amount=round(rest * 0.9, 2) or rest, payment_difference_handling="reconcile",
                writeoff_account_id=self.expense.id)

    def _prepayment(self, partner, amount, day, due):
        self.prepay(partner, amount, day)

    def _bank(self, partner, amount, day, due):
        self.from_bank(partner.child_ids[:1] or partner, amount, day)

    def _entry(self, partner, amount, day, due):
        self.adjust(partner, amount if int(amount) % 2 else -amount, day)

    def _nobody(self, partner, amount, day, due):
        self.adjust(self.env["res.partner"], amount, day)

    def _reversal(self, partner, amount, day, due):
        if invoice := self._unpaid(partner):
            self._reverse_invoice(invoice, post=True, date=max(day, invoice.invoice_date))

    def _receivable(self, moves):
        return moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable" and not line.reconciled)

    def _unmatch(self, partner, amount, day, due):
        matched = self.documents.filtered(lambda move: move.partner_id == partner).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and line.matching_number)
        matched[:1].remove_move_reconcile()

    def _match(self, partner, amount, day, due):
        """What is open of the customer on one account is matched, whatever its dates."""
        items = self.env["account.move.line"].search([
            ("partner_id", "=", partner.id), ("account_type", "=", "asset_receivable"), ("parent_state", "=", "posted"),
            ("reconciled", "=", False), ("company_id", "=", self.company.id)])
        if len(items.account_id) == 1 and min(items.mapped("balance"), default=0) < 0:
            items.reconcile()
