# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from .agreement_prices_case import AgreementPricesCase


@tagged("post_install", "-at_install")
class TestAgreementPrices(AgreementPricesCase):
    """Orders and invoices get the prices of the agreement in force on their date."""

    # === By date ===

    def test_pricelist_by_date(self):
        agreement = self.agree(self.pricelist)
        for make in (self.order, self.invoice):
            for day, expected in [
                ("2026-12-31", 100),
                ("2027-01-01", 80),
                ("2027-12-31", 80),
                ("2028-01-01", 100),
            ]:
                document = make(day)
                with self.subTest(document=document._name, day=day):
                    self.assertEqual(self.price(document), (expected, 0))
                    self.assertEqual(
                        document.sudo().agreement_id, agreement if expected == 80 else agreement.browse()
                    )
            self.assertEqual(self.price(make(quantity=10)), (70, 0))
            self.assertEqual(self.price(make(partner=self.other)), (100, 0))

    def test_percentage_is_a_discount_on_the_line(self):
        self.agree(discount=12.5)
        for make in (self.order, self.invoice):
            document = make(quantity=4)
            self.assertEqual(self.price(document), (100, 12.5))
            self.assertEqual(document.amount_untaxed, 350)
            self.assertEqual(self.price(make("2028-01-01")), (100, 0))

    def test_the_date_is_the_user_s(self):
        """23:30 UTC on New Year's Eve is next year in Norway."""
        self.agree(self.pricelist, start="2028-01-01", end=False)
        order = (
            self.env["sale.order"]
            .with_user(self.seller)
            .with_context(tz="Europe/Oslo")
            .create(
                {
                    "partner_id": self.customer.id,
                    "date_order": "2027-12-31 23:30:00",
                    "order_line": [Command.create({"product_id": self.product.id})],
                }
            )
        )
        self.assertEqual(self.price(order), (80, 0))

    @freeze_time("2028-02-29 12:00:00")
    def test_an_invoice_without_a_date_counts_as_today_s(self):
        self.agree(self.pricelist, start="2028-02-29", end="2028-02-29")
        invoice = self.invoice(False)
        self.assertEqual(self.price(invoice), (80, 0))
        with freeze_time("2028-03-01 12:00:00"):
            invoice.action_post()
        self.assertEqual(self.price(invoice), (80, 0), "posting changes no price")
        self.assertTrue(invoice.sudo().agreement_id)

    def test_archived(self):
        self.agree(self.pricelist).action_archive()
        for make in (self.order, self.invoice):
            self.assertEqual(self.price(make()), (100, 0))
        self.agree(self.pricelist, name="Its pricelist is archived")
        self.pricelist.active = False
        for make in (self.order, self.invoice):
            self.assertEqual(self.price(make()), (100, 0))

    # === What a person set stays ===

    def test_price_given_with_the_line_is_kept(self):
        self.agree(discount=10)
        self.assertEqual(self.price(self.invoice(price_unit=55)), (55, 0))
        self.assertEqual(self.price(self.invoice(price_unit=55, discount=3)), (55, 3))
        self.assertEqual(self.price(self.order(price_unit=55, discount=3)), (55, 3))

    def test_invoice_form(self):
        self.agree(self.pricelist)
        with Form(self.env["account.move"].with_context(default_move_type="out_invoice")) as form:
            form.partner_id = self.customer
            form.invoice_date = fields.Date.to_date("2027-06-01")
            with form.invoice_line_ids.new() as line:
                line.product_id = self.product
                self.assertEqual(line.price_unit, 80)
            form.invoice_date = fields.Date.to_date("2028-01-01")
            self.assertTrue(form.agreement_notice)
        with (
            freeze_time("2027-06-01"),
            Form(self.env["account.move"].with_context(default_move_type="out_invoice")) as form,
        ):
            form.partner_id = self.customer
            with form.invoice_line_ids.new() as line:
                line.product_id = self.product
                self.assertEqual(line.price_unit, 80)
                line.quantity = 10
                self.assertEqual(line.price_unit, 70, "the pricelist's next step")
                line.quantity = 2
                self.assertEqual(line.price_unit, 80)
                line.price_unit = 66
                line.quantity = 10
                self.assertEqual(line.price_unit, 66, "what a person typed")
            with form.invoice_line_ids.new() as line:
                line.product_id = self.product
        self.assertEqual(form.record.invoice_line_ids.mapped("price_unit"), [66, 80])
        with Form(form.record) as form, form.invoice_line_ids.edit(0) as line:
            line.name = "Something else"
        self.assertEqual(form.record.invoice_line_ids.mapped("price_unit"), [66, 80])

    def test_forms_of_those_who_see_the_agreement(self):
        """The date may be chosen before or after the customer, until the first product."""
        reader = self.env.ref("kundekartotek_addon.group_reader")
        (self.env.user + self.seller).sudo().group_ids = [Command.link(reader.id)]
        agreement = self.agree(self.pricelist)
        with Form(self.env["account.move"].with_context(default_move_type="out_invoice")) as form:
            form.partner_id = self.customer
            self.assertFalse(form.agreement_id)
            form.invoice_date = fields.Date.to_date("2027-06-01")
            self.assertEqual(form.agreement_id, agreement)
            with form.invoice_line_ids.new() as line:
                line.product_id = self.product
        self.assertEqual((self.price(form.record), form.record.agreement_id), ((80, 0), agreement))
        with freeze_time("2027-06-01 10:00:00"), Form(self.env["sale.order"].with_user(self.seller)) as form:
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.product
            self.assertEqual(form.agreement_id, agreement)
        self.assertEqual((self.price(form.record), form.record.pricelist_id), ((80, 0), self.pricelist))

    def test_order_form_of_a_salesperson_without_our_groups(self):
        agreement = self.agree(self.pricelist)
        with (
            freeze_time("2027-06-01 10:00:00"),
            Form(self.env["sale.order"].with_user(self.seller)) as form,
        ):
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.product
                self.assertEqual(line.price_unit, 80)
        order = form.record
        self.assertEqual(order.sudo().agreement_id, agreement)
        self.env.invalidate_all()
        with Form(order) as form, form.order_line.edit(0) as line:
            line.product_uom_qty = 10
        self.assertEqual(self.price(order), (70, 0))
        with self.assertRaises(AccessError):
            agreement.with_user(self.seller).read(["discount"])

    def test_web_customer_gets_the_agreed_price(self):
        """What the web shop does: an order made as superuser for a portal user's customer, read by them."""
        self.agree(discount=10)
        portal = new_test_user(self.env, login="kundekartotek_portal", groups="base.group_portal")
        portal.sudo().partner_id.parent_id = self.customer
        order = (
            self.env["sale.order"]
            .with_user(portal)
            .sudo()
            .create(
                {
                    "partner_id": portal.partner_id.id,
                    "company_id": self.company.id,
                    "date_order": "2027-06-01 10:00:00",
                    "order_line": [Command.create({"product_id": self.product.id})],
                }
            )
        )
        self.assertEqual(self.price(order), (100, 10))
        self.assertEqual(order.sudo(False).with_user(portal).amount_untaxed, 90)

    def test_invoice_form_percentage(self):
        self.agree(discount=10)
        with (
            freeze_time("2027-06-01"),
            Form(self.env["account.move"].with_context(default_move_type="out_invoice")) as form,
        ):
            form.partner_id = self.customer
            with form.invoice_line_ids.new() as line:
                line.product_id = self.product
                line.quantity = 3
        self.assertEqual(self.price(form.record), (100, 10))
        form.record.invoice_line_ids.discount = 25
        form.record.invoice_line_ids.quantity = 7
        self.assertEqual(self.price(form.record), (100, 25))

    def test_without_agreement_core_is_untouched(self):
        """A discount that a person gave survives another product, as in core."""
        invoice = self.invoice(partner=self.other, discount=15)
        invoice.invoice_line_ids.product_id = self.product.sudo().create(
            {"name": "Varnish", "list_price": 200.0, "taxes_id": [Command.clear()], "company_id": False}
        )
        self.assertEqual(self.price(invoice), (200, 15))

    def test_bills_are_none_of_its_business(self):
        self.agree(self.pricelist)
        bill = self.invoice(move_type="in_invoice")
        self.assertFalse(bill.sudo().agreement_id)
        self.assertEqual(self.price(bill)[0], self.product.standard_price)
