# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .agreement_prices_case import AgreementPricesCase


@tagged("post_install", "-at_install")
class TestAgreementDocuments(AgreementPricesCase):
    """Agreed prices while a document lives, in documents of other kinds, and under other settings."""

    # === When the date moves ===

    def test_order_date_moves(self):
        old, new = self.agree(discount=10), self.agree(self.pricelist, start="2028-01-01", end=False)
        order = self.order()
        self.assertFalse(order.agreement_notice)
        order.date_order = "2028-01-01 10:00:00"
        self.assertEqual(order.sudo().agreement_id, old)
        self.assertEqual(self.price(order), (100, 10), "nothing changes before somebody asks")
        self.assertIn(new.name, order.agreement_notice)
        order.action_update_prices()
        self.assertEqual((self.price(order), order.pricelist_id), ((80, 0), self.pricelist))
        self.assertFalse(order.agreement_notice)
        order.action_confirm()
        order.date_order = "2027-02-02 10:00:00"
        self.assertEqual((self.price(order), order.sudo().agreement_id), ((80, 0), new))
        self.assertFalse(order.agreement_notice)

    def test_confirmed_orders_keep_their_prices(self):
        agreement = self.agree(self.pricelist)
        order = self.order()
        order.action_confirm()
        agreement.action_archive()
        self.env.invalidate_all()
        self.assertEqual((self.price(order), order.pricelist_id), ((80, 0), self.pricelist))
        invoice = order.sudo()._create_invoices()
        self.assertEqual(self.price(invoice), (80, 0))
        self.assertEqual(invoice.agreement_id, agreement)
        self.assertFalse(invoice.agreement_notice, "its lines have the order's price")

    def test_pricelist_chosen_by_a_person(self):
        self.agree(discount=10)
        mine = self.pricelist.sudo().copy({"name": "Chosen"})
        order = self.order()
        order.pricelist_id = mine
        order.date_order = "2027-07-07 10:00:00"
        order.action_update_prices()
        self.assertEqual(
            (order.pricelist_id, self.price(order)), (mine, (80, 10)), "the percentage comes on top"
        )

    def test_update_prices_twice_gives_the_same(self):
        self.agree(discount=10)
        order = self.order()
        for _time in range(3):
            order.action_update_prices()
            order.order_line.product_uom_qty += 1
        self.assertEqual(self.price(order), (100, 10))

    def test_invoice_date_moves(self):
        self.agree(discount=10)
        self.agree(self.pricelist, start="2028-01-01", end=False)
        invoice = self.invoice()
        invoice.invoice_date = "2028-01-01"
        self.assertEqual(self.price(invoice), (100, 10))
        self.assertTrue(invoice.agreement_notice)
        invoice.action_update_agreement_prices()
        self.assertEqual(self.price(invoice), (80, 0))
        self.assertEqual(invoice.amount_total, 80)
        self.assertFalse(invoice.agreement_notice)
        invoice.action_post()
        with self.assertRaises(UserError):
            invoice.action_update_agreement_prices()

    def test_another_customer(self):
        agreement = self.agree(self.pricelist)
        for document in (self.order(partner=self.other), self.invoice(partner=self.other)):
            document.partner_id = self.customer
            self.assertEqual(document.sudo().agreement_id, agreement)

    def test_copies(self):
        self.agree(self.pricelist)
        order, invoice = self.order(), self.invoice()
        with freeze_time("2029-01-01"):
            for copy in (order.copy(), invoice.copy()):
                self.assertEqual(self.price(copy), (80, 0))
                self.assertIn("does not apply", copy.agreement_notice)

    # === Documents of other kinds ===

    def test_credit_note(self):
        self.agree(self.pricelist)
        invoice = self.invoice(quantity=2)
        invoice.action_post()
        with freeze_time("2028-06-01"):
            refund = invoice._reverse_moves([{"invoice_date": "2028-06-01"}])
        self.assertEqual(self.price(refund), (80, 0))
        self.assertFalse(refund.agreement_notice, "a reversal has the prices of what it reverses")
        self.assertEqual(self.price(self.invoice(move_type="out_refund")), (80, 0))

    def test_sections_and_notes(self):
        self.agree(discount=10)
        invoice = self.invoice()
        invoice.write(
            {
                "invoice_line_ids": [
                    Command.create({"display_type": "line_section", "name": "Section"}),
                    Command.create({"display_type": "line_note", "name": "Note"}),
                    Command.create({"name": "Text", "price_unit": 5}),
                ]
            }
        )
        self.assertEqual(invoice.invoice_line_ids.mapped("discount"), [10, 0, 0, 0])
        self.assertFalse(
            any(invoice.line_ids.filtered(lambda line: line.display_type != "product").mapped("discount"))
        )

    def test_down_payment_has_no_discount(self):
        self.agree(discount=10)
        order = self.order()
        order.action_confirm()
        wizard = (
            self.env["sale.advance.payment.inv"]
            .sudo()
            .with_context(active_ids=order.ids, active_model="sale.order")
        )
        wizard.create({"advance_payment_method": "fixed", "fixed_amount": 50}).create_invoices()
        self.assertEqual(order.invoice_ids.amount_untaxed, 50)

    # === Settings, companies, currencies ===

    def test_works_with_pricelists_and_discounts_switched_off_or_on(self):
        self.agree(self.pricelist)
        self.agree(discount=10, partner=self.other)
        employees = self.env.ref("base.group_user").sudo()
        for name in ("product.group_product_pricelist", "sale.group_discount_per_so_line"):
            group = self.env.ref(name).sudo()
            for links in ([Command.unlink(group.id)], [Command.link(group.id)]):
                employees.implied_ids = links
                for make in (self.order, self.invoice):
                    self.assertEqual(self.price(make()), (80, 0))
                    self.assertEqual(self.price(make(partner=self.other)), (100, 10))

    def test_pricelist_that_shows_its_discount(self):
        self.env.ref("base.group_user").sudo().implied_ids = [
            Command.link(self.env.ref(name).id)
            for name in ("product.group_product_pricelist", "sale.group_discount_per_so_line")
        ]
        shown = (
            self.env["product.pricelist"]
            .sudo()
            .create(
                {
                    "name": "15 %",
                    "item_ids": [
                        Command.create(
                            {"compute_price": "percentage", "percent_price": 15, "applied_on": "3_global"}
                        )
                    ],
                }
            )
        )
        agreement = self.agree(shown)
        for make in (self.order, self.invoice):
            self.assertEqual(self.price(make()), (100, 15))
        agreement.write({"pricelist_id": False, "discount": 10})
        self.customer.sudo().property_product_pricelist = shown
        self.assertEqual(self.price(self.order()), (100, 23.5), "10 % off what the own pricelist leaves")

    def test_two_companies(self):
        other = self.setup_other_company()["company"]
        self.agree(self.pricelist)
        self.customer.sudo().company_id = False
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2027-06-01",
                    "invoice_line_ids": [Command.create({"product_id": self.product.id})],
                }
            )
        )
        self.assertEqual(invoice.company_id, other)
        self.assertFalse(invoice.sudo().agreement_id)
        self.assertEqual(invoice.invoice_line_ids.discount, 0)

    def test_pricelist_in_another_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 0.1)])
        abroad = (
            self.env["product.pricelist"]
            .sudo()
            .create(
                {
                    "name": "Euro",
                    "currency_id": euro.id,
                    "item_ids": [
                        Command.create({"compute_price": "fixed", "fixed_price": 9, "applied_on": "3_global"})
                    ],
                }
            )
        )
        self.agree(abroad)
        order = self.order()
        self.assertEqual(
            (order.currency_id, self.price(order)), (euro, (9, 0)), "the order follows the pricelist"
        )
        self.assertEqual(self.price(self.invoice()), (90, 0), "the invoice keeps its currency: converted")
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2027-06-01",
                "currency_id": euro.id,
                "invoice_line_ids": [Command.create({"product_id": self.product.id})],
            }
        )
        self.assertEqual(self.price(invoice), (9, 0))

    def test_used_agreements_are_kept(self):
        agreement = self.agree(self.pricelist)
        self.invoice()
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            agreement.unlink()
        self.agree(self.pricelist, partner=self.other).unlink()

    def test_queries_per_invoice_do_not_grow_with_lines(self):
        self.agree(self.pricelist)
        products = self.product.create(
            [{"name": str(n), "list_price": n, "taxes_id": [Command.clear()]} for n in range(21)]
        )

        def queries(batch):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            invoice = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": "2027-06-01",
                    "invoice_line_ids": [Command.create({"product_id": product.id}) for product in batch],
                }
            )
            self.env.flush_all()
            self.assertEqual(set(invoice.invoice_line_ids.mapped("price_unit")), {80})
            return self.env.cr.sql_log_count - start

        queries(products[:1])
        few, many = queries(products[1:3]), queries(products[3:21])
        # the pricelist looks its rules up for each line, as on core's own order lines
        self.assertLessEqual((many - few) / 16, 3)
