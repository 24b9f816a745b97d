# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from datetime import date, timedelta

from odoo import Command
from odoo.tests import freeze_time, tagged

from .customer_ledger import TODAY
from .insight_ledger import InsightLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightMetrics(InsightLedgerCase):
    """Every measure of every customer of two companies, against a calculation of its own."""

    def refresh(self, *companies):
        for company in companies or (self.company, self.other_company):
            self.Metrics._refresh(company)

    def work_off(self):
        """What the job in the background does, without committing."""
        self.env.cr.precommit.run()
        self.Metrics._refresh_noted(self.env["kundekartotek.metrics.dirty"].sudo()._take(1000))

    def row(self, partner, company=None):
        return self.Metrics.search([("partner_id", "=", partner.id), ("company_id", "=", (company or self.company).id)])

    def test_random_ledger(self):
        """Two companies and a branch, two currencies, four years."""
        self.refresh()
        self.assert_metrics(self.company)
        self.assert_metrics(self.other_company)
        # The ledger is one in which every measure has something to measure.
        values = self.stored(self.company).values()
        self.assertTrue(all(any(row[name] for row in values) for name in (
            "margin_prev_12m", "late_count", "share_late_amount", "overdue_amount", "opening_amount", "peak_amount",
            "dso", "cei", "days_late_weighted_lifetime")))

    def test_branch_counts_for_its_company(self):
        customer = self.env["res.partner"].create({"name": "Kunde i avdeling", "is_company": True})
        self.invoice(customer, 700, company=self.branch)
        self.refresh(self.company)
        self.assertEqual(self.row(customer).revenue_12m, 700)
        self.assertFalse(self.row(customer, self.branch))

    def test_open_equals_the_balance_on_the_card(self):
        self.refresh(self.company)
        for customer in self.customers[1:]:
            self.assertAlmostEqual(self.row(customer).open_amount, customer.customer_balance)
            self.assertAlmostEqual(self.row(customer).overdue_amount, customer.customer_overdue)

    def test_no_documents_no_row(self):
        self.refresh()
        self.assertFalse(self.row(self.customers[0]))

    # ---- payments ------------------------------------------------------------------------------------

    def new_customer(self, **vals):
        return self.env["res.partner"].create({"name": "Ny kunde", "is_company": True, **vals})

    def measure(self, customer):
        self.Metrics._refresh(self.company, customer.ids)
        return self.row(customer)

    def assert_measured(self, customer):
        found, expected = self.stored(self.company), self.calculate(self.company)
        self.assert_stored({customer: found[customer]}, {customer: expected[customer]}, 2)

    def settle(self, invoices, amount, day):
        """Pay a part and write the rest off, as the payment wizard does."""
        return self._register_payment(
            invoices, payment_date=day, journal_id=self.bank_journal.id, amount=amount,
            payment_difference_handling="reconcile", writeoff_account_id=self.loss_account.id)

    def test_a_credit_is_not_negatively_overdue(self):
        """Neither another customer's nor one's own: as in the aging."""
        customer, other = self.new_customer(), self.new_customer()
        self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        self.prepay(customer, 400, date(2026, 10, 1))
        self.invoice(other, 10_000, date(2026, 11, 20), date(2026, 12, 20))
        self.prepay(other, 4000, date(2026, 10, 1))
        rows = self.measure(customer) + self.measure(other)
        self.assertEqual(rows.mapped("overdue_amount"), [1000, 0])
        self.assertEqual(rows.mapped("open_amount"), [600, 6000])
        self.assertEqual((rows[1].dso, rows[1].days_delinquent), (rows[1].dso_best, 0))
        for each in (customer, other):
            self.assert_measured(each)

    def test_what_is_dated_later_does_not_exist_yet(self):
        customer = self.new_customer()
        self.invoice(customer, 100, TODAY)
        self.invoice(customer, 1000, TODAY + timedelta(40))
        row = self.measure(customer)
        self.assertEqual((row.open_amount, row.peak_amount, row.dso), (100, 100, 365))
        self.assert_measured(customer)

    def test_due_date_moves_to_the_next_business_day(self):
        """Due on Maundy Thursday, paid on the Tuesday after Easter: in time. On Wednesday: a day late."""
        customer = self.new_customer()
        for paid in (date(2026, 4, 7), date(2026, 4, 8)):
            self.pay(self.invoice(customer, 1000, date(2026, 3, 19), date(2026, 4, 2)), day=paid)
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.late_count, row.share_late), (2, 1, 0.5))
        self.assertEqual((row.days_late, row.days_to_pay), (0.5, 19.5))

    def test_amounts_weigh(self):
        customer = self.new_customer()
        self.pay(self.invoice(customer, 9000, date(2026, 9, 1), date(2026, 9, 15)), day=date(2026, 9, 15))
        self.pay(self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15)), day=date(2026, 10, 5))
        row = self.measure(customer)
        self.assertEqual((row.days_late, row.days_late_weighted), (10, 2))
        self.assertEqual((row.share_late, row.share_late_amount), (0.5, 0.1))

    def test_parts_count_on_the_day_of_each(self):
        customer = self.new_customer()
        invoice = self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        self.pay(invoice, 400, date(2026, 9, 11))
        self.pay(invoice, 600, date(2026, 9, 25))
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.late_count, row.days_to_pay), (1, 1, 18.4))
        self.assertEqual(row.share_late_amount, 0.6)

    def test_credit_notes_and_what_is_set_off_in_time_are_no_payments(self):
        customer = self.new_customer()
        self._reverse_invoice(self.invoice(customer, 1000, date(2026, 1, 5)), post=True, date=date(2026, 6, 1))
        self.write_off(self.invoice(customer, 1000, date(2026, 1, 5), date(2026, 6, 1)), date(2026, 6, 1))
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.open_amount), (0, 0))
        self.assertFalse(row.days_to_pay)
        self.assert_measured(customer)

    def test_a_loss_is_late_until_it_is_written_off(self):
        """To give a claim up makes nobody a good payer."""
        customer = self.new_customer()
        for month in (2, 3, 4):
            self.pay(self.invoice(customer, 1000, date(2026, month, 2)), day=date(2026, month, 10))
        loss = self.invoice(customer, 90_000, date(2026, 1, 5), date(2026, 1, 19))
        before = self.measure(customer)
        self.assertEqual((before.claim_count, before.late_count), (4, 1))
        self.write_off(loss, date(2026, 11, 20))
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.late_count, row.open_amount), (4, 1, 0))
        self.assertAlmostEqual(row.days_late_weighted, (
            90_000 * (date(2026, 11, 20) - date(2026, 1, 19)).days - 1000 * (6 + 6 + 6)) / 93_000, 6)
        self.assert_measured(customer)

    def test_a_difference_is_no_loss(self):
        """Paid in time but for ten kroner, which are written off at the end of the year."""
        customer = self.new_customer()
        invoice = self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        self.pay(invoice, 990, date(2026, 9, 14))
        self.write_off(invoice, date(2026, 11, 20))
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.late_count, row.claim_amount), (1, 0, 990))
        self.assert_measured(customer)

    def test_what_is_written_off_with_a_payment_is_not_paid(self):
        customer = self.new_customer()
        for paid in (date(2026, 9, 14), date(2026, 9, 25)):
            self.settle(self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15)), 1, paid)
        row = self.measure(customer)
        self.assertEqual((row.open_amount, row.claim_count, row.late_count), (0, 2, 1))
        self.assertEqual(row.claim_amount, 1001)
        self.assert_measured(customer)

    def test_what_is_written_off_with_one_payment_of_two_claims(self):
        customer = self.new_customer()
        invoices = self.invoice(customer, 600, date(2026, 9, 1)) + self.invoice(customer, 400, date(2026, 9, 1))
        self.settle(invoices, 500, date(2026, 9, 14))
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.late_count, row.claim_amount), (2, 0, 500))
        self.assert_measured(customer)

    def test_what_is_written_off_in_the_bank_transaction_itself_is_not_paid(self):
        """The bank brought 100 of 1000, and who matched it booked the rest as a loss in the same entry."""
        customer = self.new_customer()
        for day in (date(2026, 9, 14), date(2026, 9, 25)):
            self.match_with_bank(self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15)), 100, day)
        row = self.measure(customer)
        self.assertEqual((row.open_amount, row.claim_count, row.late_count), (0, 2, 1))
        self.assertEqual(row.claim_amount, 1100)
        self.assert_measured(customer)

    def test_a_loss_in_an_entry_made_by_hand_in_the_bank_journal_is_not_paid(self):
        """300 came, 560 of it is lost, and the VAT of that is taken back."""
        customer = self.new_customer()
        invoice = self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        item = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        accounts = (self.bank_journal.default_account_id, self.loss_account,
                    self.company_data["default_account_tax_sale"], item.account_id)
        entry = self.env["account.move"].create({
            "journal_id": self.bank_journal.id, "date": date(2026, 9, 14), "line_ids": [
                Command.create({"account_id": account.id, "partner_id": customer.id, "balance": amount})
                for account, amount in zip(accounts, (300, 560, 140, -1000))]})
        entry.action_post()
        (item + entry.line_ids.filtered(lambda line: line.account_id == item.account_id)).reconcile()
        self.assertEqual(self.measure(customer).claim_amount, 300)
        self.assert_measured(customer)

    def test_a_small_rest_lost_in_the_bank_journal_makes_nobody_late(self):
        """All but 40 øre is paid in time; the rest is written off in the bank journal, where nothing comes in."""
        customer = self.new_customer()
        invoice = self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        self.pay(invoice, 999.60, date(2026, 9, 14))
        item = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        entry = self.env["account.move"].create({
            "journal_id": self.bank_journal.id, "date": date(2026, 9, 30), "line_ids": [
                Command.create({"account_id": account.id, "partner_id": customer.id, "balance": amount})
                for account, amount in ((self.loss_account, 0.4), (item.account_id, -0.4))]})
        entry.action_post()
        (item + entry.line_ids.filtered(lambda line: line.account_id == item.account_id)).reconcile()
        self.assertEqual((self.measure(customer).claim_count, self.measure(customer).late_count), (1, 0))
        self.assert_measured(customer)

    def test_who_pays_on_the_very_day_is_not_late_by_what_floating_point_leaves(self):
        customer = self.new_customer()
        for amount in (333.33, 1234.56, 87.1, 4999.99, 10.01, 777.77):
            invoice = self.invoice(customer, amount, date(2026, 9, 1), date(2026, 9, 15))
            for part in (0.3, 0.45, None):
                self.pay(invoice, round(amount * part, 2) if part else None, date(2026, 9, 15))
        row = self.measure(customer)
        self.assertEqual((row.days_late, row.days_late_weighted, row.days_to_pay), (0, 0, 14))
        self.env.cr.execute("SELECT days_late = 0 FROM kundekartotek_customer_metrics WHERE id = %s", row.ids)
        self.assertEqual(self.env.cr.fetchone(), (True,))

    def test_credits_above_what_is_not_due_leave_no_negative_days(self):
        """1000 overdue and 400 not matched; and a customer with nothing but a credit."""
        customer, other = self.new_customer(), self.new_customer()
        self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        self.prepay(customer, 400, date(2026, 10, 1))
        self.pay(self.invoice(other, 1000, date(2026, 9, 1)), day=date(2026, 9, 10))
        self.prepay(other, 400, date(2026, 10, 1))
        rows = self.measure(customer) + self.measure(other)
        self.assertEqual([(row.dso, row.dso_best, row.days_delinquent) for row in rows], [
            (219, 0, 219), (-146, 0, 0)])
        for each in (customer, other):
            self.assert_measured(each)
        [found] = self.Metrics.formatted_read_group([("id", "in", rows.ids)], [], [
            "dso:avg", "dso_best:avg", "days_delinquent:avg"])
        self.assertEqual([round(found[f"{name}:avg"], 6) for name in ("dso", "dso_best", "days_delinquent")], [
            36.5, 0, 36.5])

    def test_exchange_difference_is_no_payment(self):
        """The rate changes between invoice and payment: the difference moves neither day nor count."""
        customer = self.new_customer()
        invoice = self.invoice(customer, 100, date(2026, 5, 20), date(2026, 6, 3), currency_id=self.euro.id)
        self.pay(invoice, day=date(2026, 6, 10))
        item = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        self.assertTrue(item.matched_credit_ids.exchange_move_id or len(item.matched_credit_ids) > 1
                        or item.matched_debit_ids, "there must be an exchange difference")
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.days_to_pay, row.days_late), (1, 21, 7))

    def test_who_never_pays_does_not_look_good(self):
        customer = self.new_customer()
        self.pay(self.invoice(customer, 100, date(2026, 9, 1), date(2026, 9, 15)), day=date(2026, 9, 10))
        before = self.measure(customer).days_late
        self.invoice(customer, 100, date(2026, 1, 5), date(2026, 1, 19))
        row = self.measure(customer)
        self.assertLess(before, 0)
        self.assertEqual((row.claim_count, row.late_count), (2, 1))
        self.assertEqual(row.days_late, ((TODAY - date(2026, 1, 19)).days - 5) / 2)

    def test_due_today_is_not_late(self):
        customer = self.new_customer()
        self.invoice(customer, 100, TODAY - timedelta(14), TODAY)
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.overdue_amount, row.oldest_due), (0, 0, False))

    def test_installments_are_claims(self):
        term = self.env["account.payment.term"].create({"name": "To avdrag", "line_ids": [
            Command.create({"value": "percent", "value_amount": 50, "nb_days": days}) for days in (10, 40)]})
        customer = self.new_customer()
        invoice = self.invoice(
            customer, 1000, date(2026, 9, 1), invoice_payment_term_id=term.id, invoice_date_due=False)
        self.pay(invoice, 500, date(2026, 9, 11))
        row = self.measure(customer)
        self.assertEqual((row.claim_count, row.late_count, row.overdue_amount), (2, 1, 500))

    def test_whoever_pays_it_is_paid(self):
        """Another customer's payment settles the claim, also where only the customer itself is measured anew."""
        customer, payer = self.new_customer(), self.new_customer()
        invoice = self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        payment = self.prepay(payer, 1000, date(2026, 9, 25))
        (invoice.line_ids + payment.move_id.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable").reconcile()
        self.assertEqual(self.measure(customer).days_late, 10)
        self.refresh(self.company)
        self.assertEqual(self.row(customer).days_late, 10)

    def test_a_payment_that_came_back_makes_a_slow_payer(self):
        """The claim was paid in time; the money was taken back, and nothing has come since."""
        customer = self.new_customer()
        for month in (2, 3, 4, 6):
            self.pay(self.invoice(customer, 1000, date(2026, month, 2)), day=date(2026, month, 10))
        self.refresh(self.company)
        self.Metrics._classify(self.company)
        self.assertEqual(self.row(customer).payment_class, "good")
        self.from_bank(customer, -1000, TODAY - timedelta(31))
        self.refresh(self.company)
        self.Metrics._classify(self.company)
        row = self.row(customer)
        self.assertEqual((row.overdue_amount, row.late_count, row.payment_class), (1000, 0, "slow"))
        self.prepay(customer, 1000)
        self.refresh(self.company)
        self.Metrics._classify(self.company)
        self.assertEqual(self.row(customer).payment_class, "good")

    # ---- time ----------------------------------------------------------------------------------------

    def test_new_year(self):
        """Figures of twelve months neither jump nor go stale at New Year."""
        customer = self.new_customer()
        self.invoice(customer, 100, date(2025, 12, 31))
        self.invoice(customer, 10, date(2026, 1, 1))
        self.invoice(customer, 1, date(2026, 12, 31))
        for today, expected in (
            (date(2026, 12, 30), (110, 0)), (date(2026, 12, 31), (11, 100)), (date(2027, 1, 1), (1, 110)),
        ):
            with freeze_time(today):
                self.refresh(self.company)
                row = self.row(customer)
                self.assertEqual((row.revenue_12m, row.revenue_prev_12m), expected)
                self.assert_metrics(self.company, today)

    def test_leap_day(self):
        customer = self.new_customer()
        self.invoice(customer, 100, date(2027, 2, 28))
        self.invoice(customer, 10, date(2027, 3, 1))
        with freeze_time(date(2028, 2, 29)):
            self.assertEqual(self.measure(customer).revenue_12m, 10)

    def test_day_of_the_company(self):
        """Half past midnight in Oslo it is tomorrow for the ledger, whatever the server's clock says."""
        customer = self.new_customer()
        self.invoice(customer, 100, TODAY - timedelta(14), TODAY)
        with freeze_time("2026-11-23 23:30:00"):
            self.assertEqual(self.measure(customer).overdue_amount, 100)

    def test_an_order_belongs_to_the_day_of_the_company(self):
        """Ordered half past midnight in Oslo: the evening before by the server's clock."""
        customer = self.new_customer()
        for moment in ("2025-11-23 22:30:00", "2025-11-23 23:30:00"):
            self.env["sale.order"].sudo().create({"partner_id": customer.id, "order_line": [Command.create({
                "product_id": self.product.id, "product_uom_qty": 1})]}).write({
                    "state": "sale", "date_order": moment})
        row = self.measure(customer)
        self.assertEqual((row.order_count, row.order_count_12m), (2, 1))

    def test_a_branch_has_costs_of_its_own(self):
        """As in Odoo's invoice analysis: without one, what it sells costs nothing."""
        customer = self.new_customer()
        line = Command.create({"product_id": self.product.id, "quantity": 2, "price_unit": 500, "tax_ids": []})
        self.invoice(customer, company=self.branch, invoice_line_ids=[line])
        self.assertEqual(self.measure(customer).margin_12m, 1000)
        self.assert_measured(customer)
        self.product.with_company(self.branch).standard_price = 10
        self.assertEqual(self.measure(customer).margin_12m, 980)

    # ---- the queue -----------------------------------------------------------------------------------

    def test_every_event_reaches_the_queue(self):
        self.refresh()
        customer = self.new_customer()
        invoice = self.invoice(customer, 1000)
        self.work_off()
        self.assertEqual(self.row(customer).open_amount, 1000)
        payment = self.prepay(customer, 400)
        self.work_off()
        self.assertEqual(self.row(customer).open_amount, 600)
        items = (invoice.line_ids + payment.move_id.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable")
        items.reconcile()
        self.work_off()
        self.assert_metrics(self.company)
        items.remove_move_reconcile()
        self.work_off()
        self.assert_metrics(self.company)
        invoice.button_draft()
        self.work_off()
        self.assertEqual((self.row(customer).open_amount, self.row(customer).invoice_count), (-400, 0))
        self.from_bank(customer, 50)
        self.adjust(customer, 20)
        self.work_off()
        self.assertEqual(self.row(customer).open_amount, -430)
        self.assert_metrics(self.company)

    def test_a_loss_in_the_bank_that_is_booked_otherwise_reaches_the_queue(self):
        customer = self.new_customer()
        invoice = self.invoice(customer, 1000, date(2026, 9, 1), date(2026, 9, 15))
        self.match_with_bank(invoice, 100, date(2026, 9, 14))
        self.work_off()
        self.assertEqual(self.row(customer).claim_amount, 100)
        loss = invoice.line_ids.matched_credit_ids.credit_move_id.move_id.line_ids.filtered(
            lambda line: line.account_id == self.loss_account)
        for account, paid in ((self.company_data["default_account_assets"], 1000), (self.loss_account, 100)):
            loss.account_id = account
            self.work_off()
            self.assertEqual(self.row(customer).claim_amount, paid)
            self.assert_measured(customer)

    def test_bills_of_vendors_do_not_reach_the_queue(self):
        """Nor what pays them."""
        vendor, customer = self.new_customer(), self.new_customer()
        self.env.cr.precommit.run()
        queue = self.env["kundekartotek.metrics.dirty"].sudo()
        queue.search([]).unlink()
        for partner, move_type in ((vendor, "in_invoice"), (customer, "out_invoice")):
            self.pay(self.invoice(partner, 1000, move_type=move_type))
        self.env.cr.precommit.run()
        self.assertEqual(set(queue.search([]).mapped("partner_res_id")), {customer.id})

    def test_orders_reach_the_queue(self):
        customer = self.new_customer()
        order = self.env["sale.order"].sudo().create({"partner_id": customer.id, "order_line": [
            Command.create({"product_id": self.product.id, "product_uom_qty": 1})]})
        self.work_off()
        self.assertFalse(self.row(customer))
        order.action_confirm()
        self.work_off()
        self.assertEqual((self.row(customer).order_count, self.row(customer).order_count_12m), (1, 1))

    def test_orders_made_confirmed_reach_the_queue(self):
        """As an import or a web shop makes them."""
        customer = self.env["res.partner"].create({"name": "Nettkunde"})
        self.env["sale.order"].sudo().create({"partner_id": customer.id, "state": "sale"})
        self.work_off()
        self.assertEqual(self.Metrics.search([("partner_id", "=", customer.id)]).order_count, 1)

    def test_incremental_equals_full(self):
        """After anything at all, working off the queue leaves what measuring everything would."""
        self.refresh()
        rng = random.Random(1905)
        for _round in range(4):
            self.fill_ledger(seed=rng.random(), documents=8)
            self.fill_years(seed=rng.random(), documents=4)
            posted = self.env["account.move"].search([
                ("state", "=", "posted"), ("move_type", "=", "out_invoice"),
                ("company_id", "=", self.company.id)], order="id")
            rng.choice(posted).button_draft()
            self.env.cr.precommit.run()
            self.work_off()
            incremental = self.stored(self.company), self.stored(self.other_company)
            self.refresh()
            for found, company in zip(incremental, (self.company, self.other_company)):
                self.assert_stored(found, self.stored(company))
        self.assert_metrics(self.company)

    def test_each_row_knows_when(self):
        self.work_off()
        self.refresh()
        with freeze_time("2026-11-23 12:00:00"):
            self.invoice(self.customers[1], 10)
            self.work_off()
        rows = self.row(self.customers[1]) + self.row(self.customers[2])
        self.assertEqual([str(row.computed_at) for row in rows], ["2026-11-23 12:00:00", "2026-11-23 00:00:00"])

    def test_jobs(self):
        self.invoice(self.customers[1], 10)
        self.env.cr.precommit.run()
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.cron_metrics_queue").method_direct_trigger()
        self.assertFalse(self.env["kundekartotek.metrics.dirty"].sudo().search_count([]))
        self.assertTrue(self.row(self.customers[1]))
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.cron_refresh_metrics").method_direct_trigger()
        self.assert_metrics(self.company)
        self.assert_metrics(self.other_company)

    # ---- customers -----------------------------------------------------------------------------------

    def test_merging(self):
        self.refresh()
        kept, gone = self.customers[1], self.customers[2]
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((kept | gone).ids, kept)
        self.assertFalse(gone.exists())
        self.work_off()
        self.assert_metrics(self.company)
        self.assert_metrics(self.other_company)

    def test_reparenting(self):
        self.refresh()
        child, parent = self.customers[2], self.customers[3]
        child.write({"parent_id": parent.id, "is_company": False})
        self.work_off()
        self.assertFalse(self.row(child))
        self.assert_metrics(self.company)
        child.write({"parent_id": False, "is_company": True})
        self.work_off()
        self.assertTrue(self.row(child))
        self.assert_metrics(self.company)

    def test_archiving_keeps_figures(self):
        self.refresh()
        before = self.stored(self.company)
        self.customers[1].action_archive()
        self.refresh()
        self.assertEqual(self.stored(self.company), before)
        self.assertIn(self.row(self.customers[1]), self.Metrics.search([("partner_active", "=", False)]))

    def test_figures_of_a_group_are_those_of_its_sums(self):
        """As if all were one customer: no mean of means."""
        self.refresh()
        rows = self.stored(self.company).values()

        def total(name, weight=None):
            return float(sum((row[name] or 0) * (row[weight] if weight else 1) for row in rows))

        expected = {
            "days_late": total("days_late", "claim_count") / total("claim_count"),
            "share_late": total("late_count") / total("claim_count"),
            "days_to_pay_weighted": total("days_to_pay_weighted", "claim_amount") / total("claim_amount"),
            "share_late_lifetime": total("late_count_lifetime") / total("claim_count_lifetime"),
            "dso": 365 * total("open_amount") / total("sales_12m"),
            "days_delinquent": 365 * min(total("open_amount"), total("overdue_amount")) / total("sales_12m"),
            "cei": 100 * (total("opening_amount") + total("sales_12m") - total("open_amount")) / (
                total("opening_amount") + total("sales_12m") - total("open_amount") + total("overdue_amount")),
        }
        [found] = self.Metrics.formatted_read_group(
            [("company_id", "=", self.company.id)], [], [f"{name}:avg" for name in expected])
        for name, value in expected.items():
            self.assertAlmostEqual(found[f"{name}:avg"], value, 4, name)
        self.env["kundekartotek.kpi"].sudo()._keep(self.company)
        [kpi] = self.env["kundekartotek.kpi"].sudo().formatted_read_group(
            [("company_id", "=", self.company.id), ("dimension", "=", "company"), ("date", "=", "2026-11-30")], [],
            ["dso:avg"])
        self.assertAlmostEqual(kpi["dso:avg"], expected["dso"], 4)

    def test_who_has_not_paid_yet_is_not_found_as_punctual(self):
        """What is undefined is not 0."""
        self.env.user.group_ids += self.env.ref("kundekartotek_addon.group_reader")
        fresh, punctual, early = (self.new_customer() for _number in range(3))
        self.invoice(fresh, 100)
        for customer, paid in ((punctual, date(2026, 9, 15)), (early, date(2026, 9, 10))):
            self.pay(self.invoice(customer, 100, date(2026, 9, 1), date(2026, 9, 15)), day=paid)
        self.refresh(self.company)
        partners = fresh + punctual + early

        def found(*condition):
            return partners.search([("id", "in", partners.ids), condition])

        self.assertEqual(found("customer_days_late", "<=", 0), punctual + early)
        self.assertEqual(found("customer_days_late", "=", 0), punctual)
        self.assertEqual(found("customer_days_late", "!=", 0), early)
        self.assertEqual(found("customer_days_late", "<", 1), punctual + early)
        self.assertEqual(found("customer_share_late", "=", 0), punctual + early)
        self.assertEqual(found("customer_claim_count", "=", 0), fresh)

    def test_search_by_category_of_the_customer(self):
        self.refresh()
        groups = self.Metrics.formatted_read_group(
            [("company_id", "=", self.company.id)], ["customer_type"], ["revenue_12m:sum"])
        self.assertAlmostEqual(sum(group["revenue_12m:sum"] for group in groups), float(sum(
            row["revenue_12m"] for row in self.stored(self.company).values())), 2)
