# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta

from odoo import Command
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import SQL

from .customer_ledger import TODAY, CustomerLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestTieOut(CustomerLedgerCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.everywhere = cls.company + cls.other_company + cls.branch
        cls.reader = new_test_user(
            cls.env, "leser_avstemming", "kundekartotek_addon.group_reader", company_id=cls.company.id,
            company_ids=[Command.set(cls.everywhere.ids)])

    def tie_out(self, day=TODAY, companies=None, domain=()):
        aging = self.env["kundekartotek.aging"].with_user(self.reader).with_context(
            aging_date=str(day), allowed_company_ids=(companies or self.company).ids)
        return aging.tie_out(domain)

    def test_difference_is_nil(self):
        for day in (TODAY, date(2026, 10, 31), date(2026, 8, 12), TODAY + timedelta(90)):
            rows = self.tie_out(day, self.everywhere)
            self.assertEqual([row["company_id"] for row in rows], self.everywhere.ids)
            for row in rows:
                self.assertEqual((row["difference"], row["total"], row["explanation"]), (0, row["ledger"], []))
            self.assertTrue(any(row["ledger"] for row in rows) or day < date(2026, 9, 1))

    def test_a_choice_of_lines_is_summed_beside(self):
        choice = [("partner_id", "in", self.customers[1:3].ids)]
        (row,) = self.tie_out(domain=choice)
        lines = self.env["kundekartotek.aging"].with_user(self.reader).search(choice)
        self.assertAlmostEqual(row["shown"], sum(lines.mapped("total")), 2)
        self.assertNotEqual(row["shown"], row["total"])
        for name in ("not_due", "bucket_1", "bucket_4", "unallocated", "total", "overdue", "open_item_count"):
            self.assertAlmostEqual(row["sums"][name], sum(lines.mapped(name)), 2, name)
        (row,) = self.tie_out()
        self.assertEqual(row["shown"], row["total"])
        self.assertAlmostEqual(row["sums"]["share"], 1, 6)

    def test_a_branch_s_invoice_paid_to_the_company(self):
        """Nothing is open of what was paid, in either; each one's ledger says otherwise, and the tie-out why."""
        invoice = self.invoice(self.customers[0], 1000, TODAY - timedelta(30), company=self.branch)
        payment = self.prepay(self.customers[0], 750, TODAY - timedelta(20))
        (invoice + payment.move_id).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable").reconcile()
        self.env.invalidate_all()
        self.assertEqual(invoice.company_id, self.branch)
        self.assertTrue(payment.move_id.line_ids.matched_debit_ids)
        for days, matched in ((21, 0), (20, 750), (0, 750)):
            rows = {row["company_id"]: row for row in self.tie_out(TODAY - timedelta(days), self.company + self.branch)}
            for company, difference in ((self.branch, -matched), (self.company, matched)):
                row = rows[company.id]
                self.assertEqual(row["difference"], difference)
                self.assertEqual(len(row["explanation"]), bool(difference))
                self.assertIn("another company or branch" if difference else "", " ".join(row["explanation"]))

    def test_what_a_difference_is(self):
        """Faults that only somebody who writes to the database can make: each is found and named."""
        invoice = self.invoice(self.customers[0], 1000, TODAY - timedelta(30))
        payment = self.pay(invoice, 400, TODAY - timedelta(10))
        item = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        paid = payment.move_id.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        self.env.flush_all()
        with self.subTest("a rest that was written"), self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(SQL("UPDATE account_move_line SET amount_residual = 650 WHERE id = %s", item.id))
            self.assertDifference(50, "1 items whose open amount")
            savepoint.rollback()
        with self.subTest("the other side is not receivable"), self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(SQL(
                "UPDATE account_move_line SET account_id = %s WHERE id = %s",
                self.company_data["default_account_revenue"].id, paid.id))
            self.assertDifference(-400, "1 matches with items that are not on a receivable account")
            savepoint.rollback()
        with self.subTest("the other side is another company's"), self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(SQL(
                "UPDATE account_move_line SET company_id = %s WHERE id = %s", self.branch.id, paid.id))
            self.assertDifference(-400, "1 matches with items of another company or branch")
            savepoint.rollback()
        with self.subTest("a match before its item"), self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(SQL(
                "UPDATE account_partial_reconcile SET max_date = %s WHERE credit_move_id = %s",
                TODAY - timedelta(30), paid.id))
            (row,) = self.tie_out(TODAY - timedelta(20))
            self.assertEqual(row["difference"], -400)
            self.assertIn("1 matches dated before", row["explanation"][0])
            savepoint.rollback()
        (row,) = self.tie_out()
        self.assertEqual(row["difference"], 0)

    def assertDifference(self, amount, text):
        (row,) = self.tie_out()
        self.assertEqual(row["difference"], amount)
        self.assertEqual(len(row["explanation"]), 1, row["explanation"])
        self.assertIn(text, row["explanation"][0])
