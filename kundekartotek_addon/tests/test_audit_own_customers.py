# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


@tagged("post_install", "-at_install")
class TestAuditOwnCustomers(AccountTestInvoicingCommon):
    """Salespeople see their own customers, where the company wants it so."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        make = cls.env["res.partner"].with_context(tracking_disable=True).create
        cls.seller = cls.make_seller("silje")
        cls.colleague = cls.make_seller("sverre")
        cls.mine = make({"name": "Mitt Bakeri AS", "is_company": True, "customer_rank": 1, "user_id": cls.seller.id})
        cls.contact = make({"name": "Mia Mitt", "parent_id": cls.mine.id})
        cls.other = make(
            {"name": "Annen Kunde AS", "is_company": True, "customer_rank": 1, "user_id": cls.colleague.id})
        cls.other_contact = make({"name": "Arne Annen", "parent_id": cls.other.id})
        cls.nobody = make({"name": "Ingens Kunde AS", "is_company": True, "customer_rank": 1})
        cls.supplier = make({"name": "Leverandør AS", "is_company": True, "supplier_rank": 1})
        cls.customers = cls.mine + cls.contact + cls.other + cls.other_contact + cls.nobody + cls.supplier

    @classmethod
    def make_seller(cls, login, group="sales_team.group_sale_salesman,base.group_partner_manager"):
        return new_test_user(cls.env, login=login, groups=group, company_id=cls.company.id,
                             company_ids=[Command.set(cls.company.ids)])

    def seen(self, user):
        return self.env["res.partner"].with_user(user).search([("id", "in", self.customers.ids)]).sudo()

    def make_invoice(self, partner, seller):
        move = self.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": partner.id, "invoice_user_id": seller.id,
            "invoice_line_ids": [Command.create({"name": "Brød", "price_unit": 100, "tax_ids": False})]})
        move.action_post()
        return move

    def make_order(self, partner, seller):
        return self.env["sale.order"].sudo().create({
            "partner_id": partner.id, "user_id": seller and seller.id,
            "company_id": self.company.id, "order_line": [Command.create({"product_id": self.product_a.id})]})

    def test_off_nothing_changes(self):
        self.assertEqual(self.seen(self.seller), self.customers)

    def test_own_customers_only(self):
        self.company.sales_own_customers = True
        self.assertEqual(self.seen(self.seller), self.mine + self.contact + self.supplier)
        with self.assertRaises(AccessError):
            self.other.with_user(self.seller).read(["name"])
        with self.assertRaises(AccessError):
            self.other_contact.with_user(self.seller).write({"phone": "1"})
        self.mine.with_user(self.seller).write({"phone": "22 22 22 22"})
        self.assertEqual(self.env["res.partner"].with_user(self.seller).name_search("Annen"), [])
        self.assertIn(self.colleague.partner_id, self.env["res.partner"].with_user(self.seller).search([]))
        self.company.sales_own_customers = False
        self.assertEqual(self.seen(self.seller), self.customers, "at once, whatever was cached")

    def test_who_is_not_limited(self):
        self.company.sales_own_customers = True
        salesman = "sales_team.group_sale_salesman"
        for number, group in enumerate((
                "sales_team.group_sale_salesman_all_leads", f"{salesman},kundekartotek_addon.group_case_worker",
                f"{salesman},account.group_account_invoice", "base.group_user")):
            user = self.make_seller(f"free{number}", group)
            with self.subTest(group):
                self.assertEqual(self.seen(user), self.customers)

    def test_documents_and_figures(self):
        mine, other = self.make_invoice(self.mine, self.seller), self.make_invoice(self.other, self.colleague)
        unassigned = self.make_invoice(self.other, self.env["res.users"])
        orders = self.make_order(self.mine, self.seller) + self.make_order(self.other, None)
        bank = self.env["res.partner.bank"].create({"partner_id": self.other.id, "acc_number": "86011117947"})
        self.env.flush_all()
        moves = self.env["account.move"].with_user(self.seller)
        self.assertEqual(moves.search([("id", "in", (mine + other + unassigned).ids)]).sudo(), mine + unassigned,
                         "Odoo's own rule hides what a colleague sold")
        self.company.sales_own_customers = True
        self.assertEqual(moves.search([("id", "in", (mine + other + unassigned).ids)]).sudo(), mine)
        self.assertEqual(moves.env["sale.order"].search([("id", "in", orders.ids)]).sudo(), orders[0])
        lines = moves.env["sale.order.line"].search([("order_id", "in", orders.ids)])
        self.assertEqual(lines.sudo().order_id, orders[0])
        self.assertFalse(moves.env["res.partner.bank"].search([("id", "in", bank.ids)]))
        reported = moves.env["sale.report"].search([("partner_id", "in", self.customers.ids)])
        self.assertEqual(reported.sudo().partner_id, self.mine)
        with self.assertRaises(AccessError):
            unassigned.with_user(self.seller).read(["amount_total"])

    def test_new_customers_are_his_own(self):
        self.company.sales_own_customers = True
        new = self.env["res.partner"].with_user(self.seller).create({"name": "Ny Kunde AS", "customer_rank": 1})
        self.assertEqual(new.user_id, self.seller)
        self.assertEqual(new.name, "Ny Kunde AS")
        with Form(self.env["res.partner"].with_user(self.seller).with_context(default_customer_rank=1)) as form:
            form.name = "Fra skjemaet AS"
        self.assertEqual(form.record.user_id, self.seller)
        order = self.env["sale.order"].with_user(self.seller).create({
            "partner_id": new.id, "order_line": [Command.create({"product_id": self.product_a.id})]})
        order.action_confirm()
        prospect = self.env["res.partner"].create({"name": "Prospekt AS"})
        self.make_invoice(prospect, self.seller)
        self.assertEqual(prospect.user_id, self.seller, "became a customer by his sale")
        self.make_invoice(self.nobody, self.env.user)
        self.assertFalse(self.nobody.user_id, "the accountant is no limited salesperson")
        self.assertEqual(self.make_invoice(self.nobody, self.env["res.users"]).state, "posted", "sold by nobody")

    def test_nothing_of_his_own_on_a_customer_of_others(self):
        """A contact or an order would show him the customer's address, terms and limit."""
        self.other.write({"street": "Hemmelig gate 1", "vat": "NO923609016MVA"})
        self.company.sales_own_customers = True
        self.env.invalidate_all()
        partners = self.env["res.partner"].with_user(self.seller)
        with self.assertRaises(AccessError):
            partners.create({"name": "Ny kontakt", "parent_id": self.other.id, "user_id": self.seller.id})
        own = partners.create({"name": "Min kontakt", "user_id": self.seller.id})
        with self.assertRaises(AccessError):
            own.parent_id = self.other
        own.parent_id = self.mine
        orders = partners.env["sale.order"]
        with self.assertRaises(AccessError):
            orders.create({"partner_id": self.other.id, "user_id": self.seller.id})
        with self.assertRaises(AccessError):
            orders.create({"partner_id": self.mine.id}).partner_shipping_id = self.other

    def test_a_form_tells_nothing_of_customers_of_others(self):
        """Core computes some of a new document with sudo; the partner may come as a value or as a default."""
        self.company.sales_own_customers = True
        self.other.write({"street": "Hemmelig vei 1", "property_payment_term_id": self.pay_terms_b.id})
        spec = {"partner_id": {}, "payment_term_id": {}, "note": {}, "partner_invoice_id": {}, "pricelist_id": {}}
        Order = self.env["sale.order"].with_user(self.seller)
        for name in ("partner_id", "partner_invoice_id", "partner_shipping_id"):
            for partner in (self.other, self.other_contact):
                with self.subTest(name=name), self.assertRaises(AccessError):
                    Order.onchange({name: partner.id}, [name], spec)
                with self.subTest(name=name), self.assertRaises(AccessError):
                    Order.with_context(**{f"default_{name}": partner.id}).onchange({}, [], {"payment_term_id": {}})
        Partner = self.env["res.partner"].with_user(self.seller)
        address = {"parent_id": {}, "street": {}, "user_id": {}, "property_payment_term_id": {}}
        with self.assertRaises(AccessError):
            Partner.onchange({"parent_id": self.other.id}, ["parent_id"], address)
        with self.assertRaises(AccessError):
            Partner.with_context(default_parent_id=self.other.id).onchange({}, [], {"street": {}})
        own = Order.onchange({"partner_id": self.contact.id}, ["partner_id"], spec)
        self.assertEqual(own["value"]["partner_invoice_id"], self.contact.id)
        self.assertTrue(Order.onchange({}, [], spec)["value"])
        self.assertTrue(Partner.onchange({"parent_id": self.mine.id}, ["parent_id"], address))

    def test_customers_of_a_company_without_the_setting(self):
        free = self.env["res.company"].create({"name": "Fri AS"})
        self.seller.company_ids += free
        self.company.sales_own_customers = True
        theirs = self.env["res.partner"].create({"name": "Fri kunde AS", "customer_rank": 1, "company_id": free.id})
        both = self.env["res.partner"].with_user(self.seller).with_context(
            allowed_company_ids=(self.company + free).ids)
        self.assertEqual(both.search([("id", "in", (theirs + self.other).ids)]).sudo(), theirs)
        only = both.with_context(allowed_company_ids=free.ids)
        self.assertFalse(only.search([("id", "in", self.other.ids)]), "no way round by switching company")
