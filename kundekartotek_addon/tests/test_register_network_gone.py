# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..models.register.address_check import URL_KEY as ADDRESS_URL_KEY
from ..models.register.postal_import import URL_KEY as POSTAL_URL_KEY
from ..models.register.register_service import MODE_KEY, URL_KEY

NOBODY = "http://127.0.0.1:9"  # nothing listens there
KNOWN, NEW = "310410004", "923609016"


@tagged("post_install", "-at_install")
class TestRegisterNetworkGone(AccountTestInvoicingCommon):
    """Without the outside everything else works, and the card says since when."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("sales_team.group_sale_manager")
        cls.env.user.group_ids |= cls.env.ref("kundekartotek_addon.group_credit_manager")
        parameters = cls.env["ir.config_parameter"].sudo()
        for key in (URL_KEY, POSTAL_URL_KEY, ADDRESS_URL_KEY):
            parameters.set_param(key, NOBODY)
        parameters.set_param(MODE_KEY, "on")
        cls.Entry = cls.env["kundekartotek.register.entry"].sudo()
        cls.Entry.search([]).unlink()
        cls.customer = cls.env["res.partner"].create({
            "name": "Fjellbekk Bakeri AS", "is_company": True, "customer_rank": 1, "company_registry": KNOWN,
            "country_id": cls.env.ref("base.no").id, "street": "Storgata 1", "zip": "2609", "city": "Lillehammer"})
        cls.known = cls.Entry.search([("number", "=", KNOWN)])
        cls.known.write({"answer": "found", "last_outcome": "found", "status": "active", "name": "FJELLBEKK BAKERI AS",
                         "fetched": "2026-11-20 05:00:00", "next_due": "2026-11-23 05:00:00"})
        client = cls.env["kundekartotek.register.service"]._get_client()
        cls.classPatch(client, "sleep", lambda seconds: None)
        cls.addClassCleanup(client.breaker.succeeded)

    def run_job(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(f"kundekartotek_addon.{name}").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_order_and_invoice(self):
        self.run_job("ir_cron_register_fetch")
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "order_line": [fields.Command.create({"product_id": self.product_a.id, "price_unit": 100})]})
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        invoice = self._create_invoice_one_line(price_unit=100, partner_id=self.customer, post=True)
        self.assertEqual(invoice.state, "posted")

    def test_import(self):
        result = self.env["res.partner"].load(
            ["name", "is_company", "customer_rank", "country_id/id", "company_registry", "street", "zip"],
            [["Importert AS", "1", "1", "base.no", NEW, "Storgata 2", "2609"]])
        self.assertTrue(result["ids"] and not result["messages"])
        self.run_job("ir_cron_register_fetch")
        imported = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(imported.register_status, "pending")
        self.assertTrue(self.Entry.search([("number", "=", NEW)]).next_due > fields.Datetime.now())

    def test_the_card_says_since_when(self):
        self.run_job("ir_cron_register_fetch")
        self.assertEqual(self.customer.register_status, "active")
        since = fields.Datetime.context_timestamp(self.customer, self.known.unreachable_since)
        self.assertIn("active, checked", self.customer.register_line)
        self.assertIn(f"not reached since {since:%d.%m.%Y %H:%M}", self.customer.register_line)

    def test_every_job_and_button_ends_in_words(self):
        for job in ("ir_cron_register_monitor", "ir_cron_register_validate", "ir_cron_postal_code",
                    "ir_cron_address_check_all", "ir_cron_address_check"):
            with self.subTest(job):
                self.run_job(job)
        self.assertIn("cannot be reached", self.env["kundekartotek.register.feed"].search([], limit=1).problem)
        self.assertIn("cannot be reached", self.env["res.partner"].search_in_register("fjellbekk")["message"])
        self.assertIn("cannot be reached", self.customer.action_refresh_register()["params"]["message"])
        self.assertIn("cannot be reached", self.customer.action_check_address()["params"]["message"])
