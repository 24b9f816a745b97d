# SPDX-License-Identifier: LGPL-3.0-or-later
"""Any three years of a ledger, made through the ORM from what hypothesis draws: every measure against a calculation
of its own, and what the queue leaves, classes included, against measuring everything anew."""
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from .customer_ledger import TODAY
from .insight_ledger import InsightLedgerCase

EVENTS = (
    "invoice", "invoice", "credit_note", "instalments", "payment", "payment", "paid_by_another", "prepayment",
    "write_off", "settlement", "bank_loss", "later", "entry", "reversal", "unmatch", "draft", "foreign",
    "foreign_payment", "order", "abroad", "branch", "move_in", "archive")  # fmt: skip
EVENT = st.tuples(
    st.sampled_from(EVENTS), st.integers(0, 3), st.integers(0, 1100), st.integers(1000, 900_000), st.integers(-20, 90))
CLASSES = ("abc_class", "payment_class", "rfm_segment", "rfm_recency", "rfm_frequency", "rfm_monetary",
           "payment_rule_id", "payment_facts", "rfm_facts")  # fmt: skip


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightAnyLedger(InsightLedgerCase):

    @classmethod
    def fill_ledger(cls, seed, documents):
        """Nothing: every example makes its own."""

    fill_years = fill_ledger

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.term = cls.env["account.payment.term"].create({"name": "Rater", "line_ids": [
            Command.create({"value": "percent", "value_amount": 50, "nb_days": days}) for days in (10, 40)]})

    @settings(max_examples=10, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
              suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(EVENT, min_size=3, max_size=6), min_size=2, max_size=4))
    def test_queue_leaves_what_measuring_everything_would(self, days):
        with self.env.cr.savepoint() as savepoint:
            self.documents = self.env["account.move"].with_context(allowed_company_ids=[
                self.company.id, self.other_company.id, self.branch.id])
            self.forget_queue()
            for company in (self.company, self.other_company):
                self.measure_all(company)
            for events in days:
                for kind, customer, age, amount, due in events:
                    day = TODAY - timedelta(age)
                    getattr(self, f"_{kind}")(self.customers[customer], amount / 100, day, day + timedelta(max(due, 0)))
                self.work_off()
                for company in (self.company, self.other_company):
                    self.assert_same(company)
            savepoint.rollback()
            self.env.invalidate_all()

    def measure_all(self, company):
        self.env.flush_all()
        self.Metrics._refresh(company)
        self.Metrics._classify(company)

    def forget_queue(self):
        self.env.cr.precommit.run()
        self.env["kundekartotek.metrics.dirty"].sudo().search([]).unlink()

    def work_off(self):
        """What the job in the background does, without committing."""
        self.env.cr.precommit.run()
        self.Metrics._refresh_noted(self.env["kundekartotek.metrics.dirty"].sudo()._take(1000))

    def classes(self, company):
        return self.env.execute_query(SQL(
            "SELECT partner_id, %s FROM kundekartotek_customer_metrics WHERE company_id = %s ORDER BY partner_id",
            SQL(", ").join(map(SQL.identifier, CLASSES)), company.id))

    def assert_same(self, company):
        found, classes = self.stored(company), self.classes(company)
        self.measure_all(company)
        self.assert_stored(found, self.stored(company))
        self.assertEqual(classes, self.classes(company))
        self.assert_metrics(company)

    # ---- what may happen ---------------------------------------------------------------------------------

    def _sold(self, partner, amount, day, due, **vals):
        self.documents += self.sell(partner, amount, day, 1, due, **vals)

    def _invoice(self, partner, amount, day, due):
        contact = partner.child_ids[:1] if int(amount) % 3 == 0 else partner
        self._sold(contact or partner, amount, day, due)

    def _credit_note(self, partner, amount, day, due):
        self._sold(partner, amount, day, due, move_type="out_refund")

    def _instalments(self, partner, amount, day, due):
        self._sold(partner, amount, day, due, invoice_payment_term_id=self.term.id, invoice_date_due=False)

    def _foreign(self, partner, amount, day, due):
        self._sold(partner, amount, day, due, currency_id=self.euro.id)

    def _abroad(self, partner, amount, day, due):
        self._sold(partner, amount, day, due, company=self.other_company)

    def _branch(self, partner, amount, day, due):
        self.invoice(partner, amount, day, due, company=self.branch)

    def _unpaid(self, partner, foreign=False):
        return self.documents.filtered(lambda move: (
            move.commercial_partner_id == partner.commercial_partner_id and move.state == "posted"
            and move.company_id == self.company and move.move_type == "out_invoice" and move.amount_residual
            and (move.currency_id != self.company.currency_id) == foreign))[:1]

    def _receivable(self, moves):
        return moves.line_ids.filtered(lambda line: line.account_type == "asset_receivable" and not line.reconciled)

    def _payment(self, partner, amount, day, due):
        if invoice := self._unpaid(partner):
            part = round(invoice.amount_residual * (1 if int(amount) % 2 else 0.4), 2)
            self.pay(invoice, part or 1, min(TODAY, max(due, invoice.invoice_date)))

    def _foreign_payment(self, partner, amount, day, due):
        """In the invoice's currency at another rate: an exchange difference is posted."""
        if invoice := self._unpaid(partner, foreign=True):
            self._register_payment(
                invoice, payment_date=min(TODAY, max(due, invoice.invoice_date)), journal_id=self.bank_journal.id,
                amount=invoice.amount_residual, currency_id=invoice.currency_id.id)

    def _paid_by_another(self, partner, amount, day, due):
        """By a customer that has nothing to do with it; perhaps before the invoice was made."""
        if invoice := self._unpaid(partner):
            payer = self.customers[1] if partner == self.customers[0] else self.customers[0]
            payment = self.prepay(payer, invoice.amount_residual, day)
            self._receivable(payment.move_id + invoice).reconcile()

    def _prepayment(self, partner, amount, day, due):
        self.prepay(partner, amount, day)

    def _write_off(self, partner, amount, day, due):
        if invoice := self._unpaid(partner):
            self.write_off(invoice, min(TODAY, max(due, invoice.invoice_date)))

    def _settlement(self, partner, amount, day, due):
        """A part is paid, the rest written off with it."""
        if invoice := self._unpaid(partner):
            self._register_payment(
                invoice, payment_date=min(TODAY, max(due, invoice.invoice_date)), journal_id=self.bank_journal.id,
                amount=round(invoice.amount_residual * 0.3, 2) or 1, payment_difference_handling="reconcile",
                writeoff_account_id=self.loss_account.id)

    def _bank_loss(self, partner, amount, day, due):
        """The same in the entry of the bank transaction."""
        if (invoice := self._unpaid(partner)) and len(self._receivable(invoice)) == 1:
            self.match_with_bank(invoice, round(invoice.amount_residual * 0.3, 2) or 1,
                                 min(TODAY, max(due, invoice.invoice_date)))

    def _later(self, partner, amount, day, due):
        self._sold(partner, amount, TODAY + timedelta(10), TODAY + timedelta(20))

    def _entry(self, partner, amount, day, due):
        self.adjust(partner, amount if int(amount) % 2 else -amount, day)

    def _reversal(self, partner, amount, day, due):
        if invoice := self._unpaid(partner):
            self._reverse_invoice(invoice, post=True, date=min(TODAY, max(day, invoice.invoice_date)))

    def _unmatch(self, partner, amount, day, due):
        self.documents.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and line.matching_number)[:1].remove_move_reconcile()

    def _draft(self, partner, amount, day, due):
        self.documents.filtered(lambda move: move.state == "posted" and move.partner_id == partner)[:1].button_draft()

    def _order(self, partner, amount, day, due):
        self.env["sale.order"].sudo().create({
            "partner_id": partner.id, "date_order": day, "order_line": [Command.create({
                "product_id": self.product.id, "product_uom_qty": 1})]}).action_confirm()

    def _move_in(self, partner, amount, day, due):
        """A customer becomes part of the next one, or of none any more."""
        other = self.customers[(self.customers.ids.index(partner.id) + 1) % 4]
        if partner.parent_id:
            partner.write({"parent_id": False, "is_company": True})
        elif not other.parent_id and not partner.child_ids.filtered("is_company"):
            partner.write({"parent_id": other.id, "is_company": False})

    def _archive(self, partner, amount, day, due):
        partner.child_ids.action_archive()
