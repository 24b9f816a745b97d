# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


@tagged("post_install", "-at_install")
class TestAgreementPrices(AccountTestInvoicingCommon):
    """Orders and invoices get the prices of the agreement in force on their date.

    Runs as an accountant and as a salesperson, neither of whom has a group of this addon."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.product = (
            cls.env["product.product"]
            .sudo()
            .create(
                {"name": "Paint", "list_price": 100.0, "taxes_id": [Command.clear()], "company_id": False}
            )
        )
        cls.pricelist = (
            cls.env["product.pricelist"]
            .sudo()
            .create(
                {
                    "name": "Agreed",
                    "currency_id": cls.company.currency_id.id,
                    "item_ids": [
                        Command.create(
                            {"compute_price": "fixed", "fixed_price": 80, "applied_on": "3_global"}
                        ),
                        Command.create(
                            {
                                "compute_price": "fixed",
                                "fixed_price": 70,
                                "applied_on": "3_global",
                                "min_quantity": 10,
                            }
                        ),
                    ],
                }
            )
        )
        cls.customer = cls.env["res.partner"].create(
            {"name": "Fjellbekk Bakeri AS", "is_company": True, "customer_rank": 1}
        )
        cls.other = cls.env["res.partner"].create(
            {"name": "Uten avtale AS", "is_company": True, "customer_rank": 1}
        )
        cls.seller = new_test_user(
            cls.env,
            login="kundekartotek_seller",
            groups="sales_team.group_sale_salesman_all_leads",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def agree(self, pricelist=None, discount=0, partner=None, start="2027-01-01", end="2027-12-31", **vals):
        return (
            self.env["kundekartotek.agreement"]
            .sudo()
            .create(
                {
                    "name": "Frame agreement",
                    "partner_id": (partner or self.customer).id,
                    "company_id": self.company.id,
                    "pricelist_id": pricelist and pricelist.id,
                    "discount": discount,
                    "date_from": start,
                    "date_to": end,
                    **vals,
                }
            )
        )

    def invoice(self, day="2027-06-01", partner=None, move_type="out_invoice", quantity=1, **line):
        return self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": (partner or self.customer).id,
                "invoice_date": day,
                "invoice_line_ids": [
                    Command.create({"product_id": self.product.id, "quantity": quantity, **line})
                ],
            }
        )

    def order(self, day="2027-06-01", partner=None, quantity=1, **line):
        return (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": (partner or self.customer).id,
                    "date_order": f"{day} 10:00:00",
                    "order_line": [
                        Command.create({"product_id": self.product.id, "product_uom_qty": quantity, **line})
                    ],
                }
            )
        )

    def price(self, document):
        line = document.order_line if document._name == "sale.order" else document.invoice_line_ids
        return line.price_unit, line.discount

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
