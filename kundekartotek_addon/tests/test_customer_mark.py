# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.tests import Form, new_test_user, tagged

from .common import KundekartotekCase

VIEW = "base.view_partner_form"


@tagged("post_install", "-at_install")
class TestCustomerMark(KundekartotekCase):
    """Who is a customer, and of what type."""

    def test_contact_marks_its_company(self):
        company = self.make_customer(customer_rank=0)
        self.assertFalse(company.is_customer)
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": company.id, "customer_rank": 1})
        self.assertTrue(company.is_customer)
        self.assertFalse(contact.is_customer)

    def test_who_joins_a_company_is_told_what_became_of_its_own(self):
        company, customer = self.make_customer(name="Malermesteren AS"), self.make_customer(is_company=False)
        newcomer = self.env["res.partner"].create({"name": "Ny", "parent_id": company.id})
        for partner, told in ((customer, True), (newcomer, False)):
            before = partner.message_ids
            partner.parent_id = False
            partner.parent_id = company
            texts = "".join((partner.message_ids - before).mapped("body"))
            self.assertEqual("Is a contact of Malermesteren AS now" in texts, told, texts)

    def test_search(self):
        customer, other = self.make_customer(), self.make_customer(customer_rank=0)
        contact = self.env["res.partner"].create({"name": "Ola", "parent_id": customer.id, "customer_rank": 1})
        every = customer + other + contact
        for domain, expected in [
            ([("is_customer", "=", True)], customer), ([("is_customer", "!=", True)], other + contact),
            ([("is_customer", "=", False)], other + contact), ([("is_customer", "in", [True, False])], every),
        ]:
            self.assertEqual(every.filtered_domain(domain), expected, domain)
            self.assertEqual(every.search([("id", "in", every.ids), *domain], order="id"), expected, domain)

    def test_type_follows_the_contact_until_a_person_chooses(self):
        customer = self.make_customer()
        self.assertEqual(customer.customer_type, "business")
        customer.is_company = False
        self.assertEqual(customer.customer_type, "consumer")
        customer.customer_type = "public"
        self.assertTrue(customer.customer_type_locked)
        customer.is_company = True
        self.assertEqual(customer.customer_type, "public")
        customer.customer_type_locked = False
        self.assertEqual(customer.customer_type, "business")

    def test_type_chosen_in_a_new_form_is_kept(self):
        with Form(self.env["res.partner"].with_context(default_customer_rank=1), VIEW) as form:
            form.name = "Bølgeland kommune"
            form.company_type = "company"
            self.assertEqual((form.customer_type, form.customer_type_locked), ("business", False))
            form.customer_type = "public"
            self.assertTrue(form.customer_type_locked)
        customer = form.save()
        customer.is_company = False
        self.assertEqual(customer.customer_type, "public")

    def test_a_copy_chooses_no_type(self):
        found = self.make_customer().copy()
        self.assertFalse(found.customer_type_locked)
        found.is_company = False
        self.assertEqual(found.customer_type, "consumer")
        chosen = self.make_customer(customer_type="public").copy()
        self.assertEqual((chosen.customer_type, chosen.customer_type_locked), ("public", True))

    def test_no_type_hands_it_back(self):
        self.assertEqual(self.make_customer(customer_type=False).customer_type, "business")
        customer = self.make_customer(customer_type="public")
        customer.customer_type = False
        self.assertEqual((customer.customer_type, customer.customer_type_locked), ("business", False))

    def test_contacts_have_their_company_s_type(self):
        company = self.make_customer(customer_type="public")
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": company.id})
        self.assertEqual(contact.customer_type, "public")
        company.customer_type = "business"
        self.assertEqual(contact.customer_type, "business")
        company.write({"customer_type_locked": False, "is_company": False})
        self.assertEqual((company.customer_type, contact.customer_type), ("consumer", "consumer"))

    def test_a_confirmed_order_makes_a_customer(self):
        """Whoever confirms it: a salesperson writes no customers, and none of our groups is needed."""
        seller = new_test_user(self.env, "seller", groups="sales_team.group_sale_salesman")
        buyer = self.make_customer(customer_rank=0)
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": buyer.id})
        order = self.env["sale.order"].with_user(seller).create({"partner_id": contact.id})
        self.assertFalse(buyer.is_customer)
        order.action_confirm()
        self.assertTrue(buyer.is_customer)
        self.assertFalse(contact.is_customer)


@tagged("post_install", "-at_install")
class TestWaysIn(KundekartotekCase):
    """Modules that this one does not depend on, by what they call: the same rules for every customer, whoever
    brings it in and with whatever rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.customer_number_scheme_id = cls.env["kundekartotek.number.scheme"].create(
            {"name": "Veier inn", "pattern": "VI-{seq:04}"})
        term = cls.env["account.payment.term"].create({"name": "Netto 20"})
        cls.category = cls.env["kundekartotek.category"].create({"name": "Nye", "payment_term_id": term.id})
        cls.env["kundekartotek.category.rule"].create({
            "name": "Oslo", "category_id": cls.category.id, "domain": "[('city', '=', 'Oslo')]"})
        cls.product = cls.env["product.product"].create({"name": "Vare", "list_price": 100})
        cls.seller = new_test_user(
            cls.env, "ways_in_seller", groups="sales_team.group_sale_salesman,base.group_partner_manager")

    def assertReceived(self, customer, number, **values):
        self.assertRecordValues(customer, [{
            "is_customer": True, "ref": number, "customer_category_id": self.category.id,
            "property_payment_term_id": self.category.payment_term_id.id, **values}])

    def order(self, env, partner, **vals):
        return env["sale.order"].create({
            "partner_id": partner.id,
            "order_line": [Command.create({"product_id": self.product.id, "product_uom_qty": 1})], **vals})

    def test_lead_of_crm(self):
        """``crm.lead._create_customer``: the company, then the person below it, with the salesperson's rights and the
        values of ``_prepare_customer_values``; the quotation of the lead is confirmed later."""
        env = self.env(user=self.seller)
        values = {
            "user_id": self.seller.id, "comment": "<p>Ringte i går</p>", "phone": "22 33 44 55", "email": False,
            "function": False, "street": "Storgata 1", "street2": False, "zip": "0155", "city": "Oslo",
            "country_id": self.norway.id, "state_id": False, "website": False, "type": "contact", "company_name": False}
        company = env["res.partner"].create(
            {**values, "name": "Emne AS", "parent_id": False, "is_company": True})
        person = env["res.partner"].create(
            {**values, "name": "Kari Emne", "parent_id": company.id, "is_company": False})
        self.assertFalse(company.is_customer, "a lead is nobody's customer yet")
        self.order(env, person).action_confirm()
        self.assertReceived(company.sudo(), "VI-0001", customer_type="business", customer_region="03")
        self.assertFalse(person.ref)

    def test_buyer_in_the_web_shop(self):
        """Checkout: the public user's address is created with superuser rights (``portal``), and the order is
        confirmed by the payment (``payment.transaction._post_process``), again as superuser."""
        public = self.env.ref("base.public_user")
        env = self.env(user=public, su=True)
        buyer = env["res.partner"].with_context(tracking_disable=True, no_vat_validation=True).create({
            "name": "Nina Nettkjøper", "email": "nina@example.com", "phone": "91500117", "street": "Parkveien 2",
            "zip": "0256", "city": "Oslo", "country_id": self.norway.id, "type": "contact", "company_name": False,
            "vat": False, "parent_id": False, "lang": "en_US"})
        order = self.order(env, buyer, user_id=False)
        order.with_context(send_email=False).action_confirm()
        self.assertReceived(buyer, "VI-0001", customer_type="consumer")
        self.order(env, buyer, user_id=False).action_confirm()
        self.assertEqual(buyer.ref, "VI-0001", "a customer that comes back keeps its number")

    def test_buyer_with_a_number_that_another_customer_has(self):
        """A shop must not stop at old data: the order is taken, and the two are listed to be mended."""
        known = self.make_customer(company_registry="923609016", city="Oslo")
        env = self.env(user=self.env.ref("base.public_user"), su=True)
        buyer = env["res.partner"].create({
            "name": "Fjellbekk nettbutikk", "is_company": True, "country_id": self.norway.id, "city": "Oslo",
            "vat": "NO923609016MVA"})
        self.order(env, buyer).action_confirm()
        self.assertTrue(buyer.is_customer)
        self.assertEqual((known + buyer).mapped("data_issue"), ["duplicate", "duplicate"])
