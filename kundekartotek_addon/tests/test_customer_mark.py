# SPDX-License-Identifier: LGPL-3.0-or-later
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
