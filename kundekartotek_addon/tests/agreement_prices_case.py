# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


class AgreementPricesCase(AccountTestInvoicingCommon):
    """Orders and invoices, with prices of agreements to order.

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
