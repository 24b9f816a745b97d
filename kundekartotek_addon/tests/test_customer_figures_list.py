# SPDX-License-Identifier: LGPL-3.0-or-later
from contextlib import contextmanager
from datetime import timedelta

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from odoo.addons.web.models.models import Base

from .customer_ledger import TODAY, CustomerLedgerCase

COLUMNS = {"name": {}, "customer_balance": {}, "user_id": {"fields": {"display_name": {}}}}


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestCustomerFiguresList(CustomerLedgerCase):
    """A list of customers that is searched by what they owe, against core's answer to the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers[2].active = False
        cls.customers[3].user_id = cls.env.user
        cls.here = [("id", "in", (cls.customers + cls.contacts).ids)]

    def assertAsCore(self, domain, partners=None, **page):
        partners = self.env["res.partner"] if partners is None else partners
        page = {"offset": 0, "limit": None, "order": None, "count_limit": None, **page}
        with self.subTest(domain=domain, **page):
            found = partners.web_search_read(domain, COLUMNS, **page)
            self.assertEqual(found, Base.web_search_read(partners, domain, COLUMNS, **page))
        return found

    def test_every_domain(self):
        balance = [("customer_balance", "!=", 0)]
        for domain in (
            balance, [("customer_overdue", ">", 0)], [("credit", ">", 0)], [("customer_balance", "<=", 0)],
            ["!", *balance], ["|", *balance, ("user_id", "!=", False)], ["&", *balance, ("user_id", "!=", False)],
            ["|", ("customer_overdue", ">", 0), ("last_payment_date", "!=", False)], [*balance, ("active", "=", False)],
            ["!", "|", ("customer_balance", "<", 0), ("customer_limit_left", "<", 0)], [*balance, ("id", "=", 0)],
            [*balance, ("active", "in", [True, False])], [("parent_id.customer_balance", "!=", 0)],
        ):  # fmt: skip
            self.assertAsCore(domain + self.here)
            self.assertAsCore(domain + self.here, limit=2)
        self.assertTrue(self.assertAsCore(balance + self.here)["records"])

    def test_every_page(self):
        domain = [("customer_balance", "!=", 0), *self.here]
        partners = self.env["res.partner"].with_context(active_test=False)
        total = partners.search_count(domain)
        self.assertEqual(total, 6)
        for offset in (0, 1, 3, total - 1, total, total + 1):
            for limit in (None, 1, 2, total, total + 1):
                for count_limit in (None, 1, 3, total, total + 1):
                    self.assertAsCore(domain, partners, offset=offset, limit=limit, count_limit=count_limit)
        for order in ("customer_balance DESC, id", "customer_overdue, id DESC", "name DESC, id"):
            self.assertAsCore(domain, partners, order=order, limit=3)

    def test_only_what_the_user_may_see(self):
        seller = new_test_user(self.env, "selger", "sales_team.group_sale_salesman", company_id=self.company.id)
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(seller).web_search_read([("customer_balance", ">", 0)], {"name": {}})
        reader = new_test_user(self.env, "leser", "kundekartotek_addon.group_reader", company_id=self.company.id)
        self.assertIn(self.customers[1], self.env["res.partner"].search([("customer_balance", "!=", 0)]))
        self.env["ir.rule"].create({
            "name": "Not the first", "model_id": self.env["ir.model"]._get_id("res.partner"),
            "domain_force": [("id", "!=", self.customers[1].id)]})
        found = self.assertAsCore(
            [("customer_balance", "!=", 0)], self.env["res.partner"].with_user(reader), limit=1)
        self.assertNotIn(self.customers[1].id, [record["id"] for record in found["records"]])

    def test_filter_of_those_not_invoiced_for_a_year(self):
        arch = self.env["res.partner"].get_view(
            self.env.ref("kundekartotek_addon.res_partner_view_search").id, "search")["arch"]
        domain = safe_eval(etree.fromstring(arch).find(".//filter[@name='no_invoice_this_year']").get("domain"))
        never, long_ago, lately = self.env["res.partner"].create([
            {"name": name, "customer_rank": 1} for name in ("Aldri", "Lenge siden", "Nylig")])
        self.invoice(long_ago, day=TODAY - timedelta(370))
        for days in (370, 360):
            self.invoice(lately, day=TODAY - timedelta(days))
        found = self.env["res.partner"].search([*domain, ("id", "in", (never + long_ago + lately).ids)], order="id")
        self.assertEqual(found, never + long_ago)

    def test_open_items_of_all_are_summed_once(self):
        for figure in ("customer_balance", "customer_overdue", "credit"):
            executed = []
            with self.subTest(figure=figure), contextmanager(self._patchExecute)(executed):
                self.env["res.partner"].web_search_read([(figure, ">", 0)], {"name": {}}, limit=1, count_limit=10_001)
            self.assertEqual(len([query for query in executed if "amount_residual" in query]), 1)
