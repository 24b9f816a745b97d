# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from .customer_ledger import TODAY, CustomerLedgerCase

AMOUNTS = ("not_due", "bucket_1", "bucket_2", "bucket_3", "bucket_4", "unallocated", "total", "overdue")


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestSnapshot(CustomerLedgerCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.snapshots = cls.env["kundekartotek.aging.snapshot"].sudo()
        cls.invoice(cls.customers[1], 250, date(2026, 10, 5), company=cls.other_company)

    def run_job(self):
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_aging_snapshot").method_direct_trigger()
        self.env.invalidate_all()

    def kept(self, company, day):
        return self.snapshots.search([("company_id", "=", company.id), ("date", "=", day)])

    def assertKept(self, day, company=None):
        """What is kept of a company is what the aging says."""
        company = company or self.company
        lines = self.env["kundekartotek.aging"].sudo().with_company(company).with_context(
            allowed_company_ids=company.ids, aging_date=str(day)).search([])
        kept = self.kept(company, day)
        self.assertEqual(
            sorted((row.partner_id.id, *(round(row[name], 2) for name in AMOUNTS)) for row in kept),
            sorted((line.partner_id.id, *(round(line[name], 2) for name in AMOUNTS)) for line in lines))
        return kept

    def test_the_job_keeps_what_the_aging_says(self):
        self.run_job()
        for company in (self.company, self.other_company, self.branch):
            for day in (date(2026, 10, 31), date(2026, 9, 30), date(2026, 8, 31), date(2026, 7, 31)):
                kept = self.assertKept(day, company)
                self.assertEqual(set(kept.mapped("limits")), {"30, 60, 90"} if kept else set())
        self.assertTrue(self.kept(self.company, date(2026, 10, 31)))
        self.assertFalse(self.kept(self.company, date(2026, 11, 30)), "this month is not over")

    def test_only_what_changed_is_taken_anew(self):
        self.run_job()
        before = self.snapshots.search([])
        self.run_job()
        self.assertEqual(self.snapshots.search([]), before)
        self.invoice(self.customers[0], 500, date(2026, 9, 10))
        self.run_job()
        after = self.snapshots.search([])
        self.assertEqual(set((before - after).exists().mapped("date")), set())
        changed = {row.date for row in after - before}
        self.assertEqual(changed, {date(2026, 9, 30), date(2026, 10, 31)})
        self.assertIn(500, self.kept(self.company, date(2026, 9, 30)).mapped("total"))

    def test_a_contact_that_becomes_a_customer_takes_its_items_along(self):
        day = date(2026, 9, 30)
        self.adjust(self.contacts[0], 500, date(2026, 9, 10))
        self.run_job()
        self.assertIn(self.customers[0], self.assertKept(day).partner_id)
        self.contacts[0].parent_id = False
        self.run_job()
        self.assertIn(self.contacts[0], self.assertKept(day).partner_id)

    def test_the_same_total_in_other_buckets_is_taken_anew(self):
        """Nothing of this changes what all customers owed at the month's end."""
        day = date(2026, 9, 30)
        receivable = self.env["account.account"].search([("account_type", "=", "asset_receivable")])
        invoice = self.invoice(self.customers[0], 500, date(2026, 8, 1), date(2026, 8, 15))
        payment = self.prepay(self.customers[0], 200, date(2026, 9, 20))
        items = (invoice + payment.move_id).line_ids.filtered(lambda line: line.account_id in receivable)

        def fall_due_later():
            invoice.invoice_date_due = date(2026, 9, 20)

        def belong_to_another():
            items.remove_move_reconcile()
            invoice.button_draft()
            invoice.partner_id = self.customers[1]
            invoice.invoice_date_due = date(2026, 9, 20)
            invoice.action_post()

        self.run_job()
        before = self.kept(self.company, day)
        total = round(sum(before.mapped("total")), 2)
        for change in (items.reconcile, items.remove_move_reconcile, fall_due_later, belong_to_another):
            with self.subTest(change.__name__):
                change()
                self.run_job()
                after = self.kept(self.company, day)
                self.assertNotEqual(after, before)
                self.assertEqual(round(sum(after.mapped("total")), 2), total)
                self.assertKept(day)
                before = after

    def test_other_buckets_are_taken_anew(self):
        self.run_job()
        self.company.aging_limits = "10, 20"
        self.run_job()
        kept = self.kept(self.company, date(2026, 10, 31))
        self.assertEqual(set(kept.mapped("limits")), {"10, 20"})
        self.assertEqual(sum(kept.mapped("bucket_4")), 0)

    def test_a_month_ends_where_the_company_is(self):
        for zone, expected in (("Pacific/Auckland", date(2026, 11, 30)), ("America/New_York", date(2026, 10, 31))):
            self.company.partner_id.tz = zone
            with freeze_time("2026-11-30 12:00:00"):
                self.assertEqual(self.snapshots._for_company(self.company)._month_ends()[0], expected)
        with freeze_time("2028-03-01 12:00:00"):
            self.assertEqual(self.snapshots._for_company(self.company)._month_ends()[:2],
                             [date(2028, 2, 29), date(2028, 1, 31)])

    def test_one_company_that_fails_does_not_stop_the_others(self):
        self.env.flush_all()
        model = type(self.snapshots)
        take = model._take

        def fail(records, *due):
            if records.env.company == self.company:
                raise ValueError("broken")
            return take(records, *due)

        self.patch(model, "_take", fail)
        with self.assertLogs("odoo.addons.kundekartotek_addon.models.receivables.aging_snapshot", "ERROR"):
            self.run_job()
        self.assertFalse(self.kept(self.company, date(2026, 10, 31)))
        self.assertTrue(self.kept(self.branch, date(2026, 10, 31)) or self.kept(self.other_company, date(2026, 10, 31)))

    def test_the_graph_adds_up(self):
        self.run_job()
        reader = new_test_user(self.env, "leser_trend", "kundekartotek_addon.group_reader", company_id=self.company.id)
        trend = self.env["kundekartotek.aging.trend"].with_user(reader)
        for (month, total) in trend._read_group([], ["date:month"], ["amount:sum"]):
            day = (month + timedelta(31)).replace(day=1) - timedelta(1)
            self.assertAlmostEqual(total, sum(self.kept(self.company, day).mapped("total")), 2)
        ages = trend._read_group([("date", "=", "2026-10-31")], ["age"], ["amount:sum"])
        labels = dict(trend._fields["age"]._description_selection(trend.env))
        self.assertEqual([labels[age] for age, _sum in ages][-1], "Unallocated credits")
        self.assertEqual([age for age, _sum in ages], sorted(age for age, _sum in ages))
        with self.assertRaises(AccessError):
            self.kept(self.other_company, date(2026, 10, 31)).with_user(reader).read()
