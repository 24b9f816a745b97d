# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .customer_ledger import TODAY, CustomerLedgerCase


class LedgerReportCase(CustomerLedgerCase):
    """The random ledger, its receivable items as plain journal items, and a user for each role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.companies = cls.company + cls.branch + cls.other_company
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.companies.ids})
        cls.reader, cls.portal, cls.salesperson, cls.other_reader = (
            new_test_user(cls.env, login=f"ledger_{login}", groups=groups, company_id=companies[0].id,
                          company_ids=[Command.set(companies.ids)])
            for login, groups, companies in (
                ("reader", "kundekartotek_addon.group_reader", cls.companies),
                ("portal", "base.group_portal", cls.company),
                ("sales", "sales_team.group_sale_salesman", cls.company),
                ("other", "kundekartotek_addon.group_reader", cls.other_company)))

    @classmethod
    def receivable_items(cls, *domain):
        """Core's journal items, in the order of a ledger."""
        return cls.env["account.move.line"].sudo().search(
            [("account_id.account_type", "=", "asset_receivable"), ("parent_state", "=", "posted"),
             ("company_id", "in", cls.companies.ids), *domain], order="date, id")


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestLedgerEntries(LedgerReportCase):
    """The customer ledger shows every receivable item, with the balance after it."""

    def setUp(self):
        super().setUp()
        self.Entry = self.env["kundekartotek.ledger.entry"].with_user(self.reader)

    def test_every_item_once(self):
        zero = self.invoice(self.customers[1], 0.0)
        without = self.adjust(self.env["res.partner"], 750.0)
        entries = self.Entry.search([])
        items = self.receivable_items()
        self.assertEqual(set(entries.ids), set(items.ids))
        self.assertTrue(entries.filtered(lambda entry: entry.move_id in zero + without).mapped("date"))
        for entry, item in zip(entries.sorted("id"), items.sorted("id"), strict=True):
            self.assertEqual(entry.partner_id, item.partner_id.commercial_partner_id)
            self.assertEqual(
                (entry.balance, entry.debit - entry.credit, entry.residual, entry.matching_number, entry.due_date),
                (item.balance, item.balance, item.amount_residual, item.matching_number,
                 item.date_maturity or item.date))

    def test_running_balance_whatever_is_shown(self):
        self.adjust(self.env["res.partner"], 750.0)
        expected, running = {}, defaultdict(float)
        for item in self.receivable_items():
            key = item.partner_id.commercial_partner_id, item.company_id
            running[key] += item.balance
            expected[item.id] = running[key]
        customer = self.customers[2].id
        for domain in (
            [], [("partner_id", "=", customer)], [("partner_id", "=", customer), ("is_open", "=", True)],
            [("partner_id", "in", [customer, self.customers[3].id]), ("date", ">", TODAY - timedelta(30))],
            [("partner_id", "=", False)],
        ):
            count = self.Entry.search_count(domain)
            self.assertTrue(count)
            for offset in range(0, count, 3):
                page = self.Entry.web_search_read(domain, {"running_balance": {}}, offset=offset, limit=3)["records"]
                for row in page:
                    self.assertAlmostEqual(row["running_balance"], expected[row["id"]], 2, str(domain))

    def test_contacts_entries_are_their_companys(self):
        self.adjust(self.contacts[0], 80.0)
        entry = self.Entry.search([("partner_id", "=", self.customers[0].id)])
        self.assertEqual((entry.partner_id, entry.item_partner_id), (self.customers[0], self.contacts[0]))
        self.assertFalse(self.Entry.search([("partner_id", "=", self.contacts[0].id)]))
        self.assertIn(entry, self.Entry.search([("partner_id", "ilike", self.customers[0].name)]))
        self.assertNotIn(entry, self.Entry.search([("partner_id", "!=", self.customers[0].id)]))
        [(customer, balance)] = self.Entry._read_group(
            [("partner_id", "=", self.customers[0].id)], ["partner_id"], ["balance:sum"])
        self.assertEqual((customer, balance), (self.customers[0], 80.0))

    def test_open_and_period(self):
        entries = self.Entry.search([("is_open", "=", True)])
        self.assertEqual(set(entries.ids), set(self.receivable_items(("reconciled", "=", False)).ids))
        self.assertEqual(set(self.Entry.search([("is_open", "!=", True)]).ids),
                         set(self.receivable_items(("reconciled", "=", True)).ids))
        period = [("date", ">=", TODAY - timedelta(60)), ("date", "<", TODAY - timedelta(20))]
        self.assertEqual(set(self.Entry.search(period).ids), set(self.receivable_items(*period).ids))

    def test_opens_voucher_and_document(self):
        invoice = self.invoice(self.customers[0], 90.0)
        entry = self.Entry.search([("move_id", "=", invoice.id)])
        action = entry.action_open_voucher()
        self.assertEqual((action["res_model"], action["res_id"]), ("account.move", invoice.id))
        self.assertTrue(entry.has_document)
        self.assertEqual(entry.action_open_document()["type"], "ir.actions.report")
        attachment = self.env["ir.attachment"].create(
            {"name": "bilag.pdf", "raw": b"%PDF-", "res_model": "account.move", "res_id": invoice.id})
        self.assertIn(str(attachment.id), entry.action_open_document()["url"])
        entry = self.Entry.search([("move_id", "=", self.adjust(self.customers[0], 5.0).id)])
        self.assertFalse(entry.has_document)

    def test_button_on_the_customer(self):
        action = self.contacts[2].with_user(self.reader).action_open_ledger()
        self.assertEqual(action["display_name"], "Ledger: Kunde 2 AS")
        self.assertEqual(action["domain"], [("partner_id", "=", self.customers[2].id)])
        with self.assertRaises(AccessError):
            self.customers[2].with_user(self.salesperson).action_open_ledger()

    def test_companies_and_roles(self):
        entries = self.Entry.with_user(self.other_reader).with_context(
            allowed_company_ids=self.other_company.ids).search([])
        self.assertEqual(entries.company_id, self.other_company)
        foreign = self.Entry.search([("company_id", "=", self.company.id)], limit=1)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            foreign.with_user(self.other_reader).with_context(
                allowed_company_ids=self.other_company.ids).action_open_voucher()
        for user in (self.salesperson, self.portal):
            with self.assertRaises(AccessError):
                self.Entry.with_user(user).search([])
            with self.assertRaises(AccessError):
                self.Entry.with_user(user).browse(foreign.id).action_open_document()

    def test_nothing_else_is_written_or_needed(self):
        with self.assertRaises(AccessError):
            self.Entry.search([], limit=1).unlink()
