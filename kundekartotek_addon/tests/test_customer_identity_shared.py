# SPDX-License-Identifier: LGPL-3.0-or-later

from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user, tagged

from .identity_case import NUMBER, OTHER, IdentityCase
from .test_orgnr import with_check_digit


@tagged("post_install", "-at_install")
class TestCustomerNumberShared(IdentityCase):
    """One customer per number and company scope."""

    def test_refused_in_whatever_spelling_and_field(self):
        for dirty in [
            {"vat": "NO 923 609 016 MVA"},
            {"vat": "923609016"},
            {"company_registry": "923.609.016"},
            {"l10n_no_bronnoysund_number": NUMBER},
            {"company_registry": "ukjent", "vat": "no923609016mva"},
            {"company_registry": "923609017", "vat": "923609016MVA"},
            {"vat": NUMBER, "country_id": False},
            {"vat": NUMBER, "active": False},
        ]:
            with self.subTest(dirty), self.env.cr.savepoint() as savepoint:
                self.make_dirty("Bjørk Bygg AS", **dirty)
                for typed in ({"company_registry": "923 609 016"}, {"vat": f"NO{NUMBER}MVA"}):
                    with self.assertRefused(NUMBER, "Bjørk Bygg AS", "branch"), self.env.cr.savepoint():
                        self.make_customer("Ny AS", **typed)
                    customer = self.make_customer("Ny AS")
                    with self.assertRefused("Bjørk Bygg AS"), self.env.cr.savepoint():
                        customer.write(typed)
                    customer.invalidate_recordset()
                savepoint.rollback()

    def test_shown_while_typing(self):
        other = self.make_dirty("Bjørk Bygg AS", vat="NO 923 609 016 MVA", active=False)
        new = self.Partner.new(
            {"country_id": self.norway.id, "is_company": True, "company_registry": "923609016"}
        )
        self.assertEqual(new.same_company_registry_partner_id, other)
        with Form(self.Partner.with_context(default_is_company=True)) as form:
            form.name = "Ny AS"
            form.country_id = self.norway
            form.vat = "923 609 016"
            self.assertEqual(form.same_company_registry_partner_id, other)
            form.is_branch = True
            self.assertFalse(form.same_company_registry_partner_id)
            self.assertFalse(form.same_vat_partner_id)
        self.assertFalse(self.make_customer(company_registry=OTHER).same_company_registry_partner_id)

    def test_core_s_warning_for_foreigners_stays(self):
        denmark = self.env.ref("base.dk")
        first = self.make_customer(country_id=denmark.id, vat="DK12345674")
        second = self.make_customer(country_id=denmark.id, vat="12345674")
        self.assertEqual(second.same_vat_partner_id, first)

    def test_branches(self):
        head = self.make_customer("Hovedkontor AS", company_registry=NUMBER)
        branch = self.make_customer("Avdeling Bergen", company_registry=NUMBER, is_branch=True)
        with self.assertRefused("Hovedkontor AS"), self.env.cr.savepoint():
            self.make_customer(company_registry=NUMBER)
        with self.assertRefused("Hovedkontor AS"), self.env.cr.savepoint():
            branch.is_branch = False
        self.env.invalidate_all()
        head.is_branch = True
        branch.is_branch = False

    def test_a_company_below_another_is_its_branch(self):
        head = self.make_customer("Konsern ASA", company_registry=NUMBER)
        below = self.make_customer("Konsern ASA avd. Oslo", parent_id=head.id, company_registry=NUMBER)
        self.make_customer("Konsern ASA avd. Moss", parent_id=below.id, company_registry=NUMBER)
        self.assertFalse(below.same_company_registry_partner_id)

    def test_who_leaves_a_company_leaves_its_number(self):
        head = self.make_customer("Hovedkontor AS", company_registry=NUMBER)
        below = self.make_customer("Datter AS", parent_id=head.id, company_registry=NUMBER)
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": head.id, "customer_rank": 1})
        for partner in (below, contact):
            with self.subTest(partner=partner.name):
                with self.assertRefused("Hovedkontor AS"), self.env.cr.savepoint():
                    partner.parent_id = False
                self.env.invalidate_all()
                partner.write({"parent_id": False, "company_registry": False, "vat": False})
                self.assertEqual(self.stored(partner), (None, None, None))

    def test_suppliers_are_shown_but_not_refused(self):
        supplier = self.make_customer(
            "Leverandør AS", customer_rank=0, supplier_rank=1, company_registry=NUMBER
        )
        customer = self.make_customer(company_registry=NUMBER)
        self.assertEqual(customer.same_company_registry_partner_id, supplier)
        with self.assertRefused("Fjellbekk"), self.env.cr.savepoint():
            supplier.customer_rank = 1

    def test_companies(self):
        """Partners of two companies that share none may be the same customer."""
        one, two = self.env["res.company"].create([{"name": "Selskap 1"}, {"name": "Selskap 2"}])
        below_one = self.env["res.company"].create({"name": "Selskap 1 avd.", "parent_id": one.id})
        first = self.make_customer("Kunde av 1", company_id=one.id, company_registry=NUMBER)
        second = self.make_customer("Kunde av 2", company_id=two.id, company_registry=NUMBER)
        for company in (self.env["res.company"], one, below_one):
            with self.subTest(company=company.name), self.assertRefused("Kunde av"), self.env.cr.savepoint():
                self.make_customer(company_id=company.id, company_registry=NUMBER)
        with self.assertRefused("Kunde av 1"), self.env.cr.savepoint():
            second.company_id = False
        second.invalidate_recordset()
        user = new_test_user(
            self.env,
            "kundekartotek_selskap_2",
            "base.group_user,base.group_partner_manager",
            company_id=two.id,
            company_ids=[(6, 0, two.ids)],
        )
        second.company_registry = OTHER
        with self.assertRaises(ValidationError) as refused, self.env.cr.savepoint():
            self.Partner.with_user(user).create(
                {
                    "name": "Delt",
                    "is_company": True,
                    "customer_rank": 1,
                    "country_id": self.norway.id,
                    "vat": NUMBER,
                }
            )
        self.assertNotIn(first.name, str(refused.exception))
        self.assertIn("no access", str(refused.exception))
        shown = self.Partner.with_user(user).new(
            {"is_company": True, "country_id": self.norway.id, "vat": NUMBER}
        )
        self.assertFalse(shown.same_company_registry_partner_id)

    def test_doubles_within_one_batch(self):
        with self.assertRefused(NUMBER, "To"):
            self.Partner.create(
                [
                    {
                        "name": name,
                        "is_company": True,
                        "customer_rank": 1,
                        "country_id": self.norway.id,
                        "vat": vat,
                    }
                    for name, vat in [("En", "923609016"), ("To", "NO 923 609 016 MVA")]
                ]
            )

    def test_one_query_for_a_batch(self):
        numbers = filter(None, (with_check_digit(eight) for eight in range(91000000, 91000100)))
        vals_list = [
            {
                "name": number,
                "is_company": True,
                "customer_rank": 1,
                "country_id": self.norway.id,
                "vat": number,
            }
            for number in numbers
        ]
        searches = []
        search = type(self.Partner)._search_organisation_numbers

        def counted(model, numbers, customers_only):
            searches.append(len(numbers))
            return search(model, numbers, customers_only)

        self.patch(type(self.Partner), "_search_organisation_numbers", counted)
        customers = self.Partner.create(vals_list)
        self.assertEqual(searches, [len(vals_list)])
        customers.write({"company_id": self.env.company.id})
        self.assertEqual(searches, [len(vals_list)] * 2)
        customers.write({"comment": "Ingen nummer", "customer_rank": 2})
        self.assertEqual(searches, [len(vals_list)] * 2)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.assertFalse(customers.with_prefetch()._find_same_organisation_number(customers_only=True))

    def test_old_data_block_nobody(self):
        bad = self.make_dirty("Feil AS", vat="923609017", company_registry="tja")
        first, second = (
            self.make_dirty("En AS", vat=NUMBER),
            self.make_dirty("To AS", company_registry="923 609 016"),
        )
        for customer in bad + first + second:
            customer.write(
                {
                    "name": f"{customer.name}!",
                    "phone": "55 55 55 55",
                    "comment": "ok",
                    "ref": f"X{customer.id}",
                }
            )
            self.Partner.create({"name": "Kontakt", "parent_id": customer.id})
        second.company_registry = NUMBER  # only the spelling
        self.assertEqual(self.stored(second), (NUMBER, NUMBER, None))
        with self.assertRefused("En AS!"), self.env.cr.savepoint():
            second.company_id = self.env.company
        second.invalidate_recordset()

    def test_a_sale_makes_a_customer_of_old_data(self):
        self.make_customer(company_registry=NUMBER)
        lead = self.make_dirty("Dublett AS", vat=NUMBER, customer_rank=0)
        lead._increase_rank("customer_rank")
        self.assertTrue(lead.is_customer)
        contact_of_old = self.make_dirty("Dublett 2 AS", vat=NUMBER, customer_rank=0)
        self.Partner.create({"name": "Kari", "parent_id": contact_of_old.id, "customer_rank": 1})
        self.assertTrue(contact_of_old.is_customer)
        self.assertEqual((lead + contact_of_old).mapped("data_issue"), ["duplicate", "duplicate"])

    def test_a_copy_has_no_number(self):
        customer = self.make_customer(vat=f"{NUMBER}MVA")
        copy = customer.with_context(res_partner_search_mode="customer").copy()
        self.assertTrue(copy.is_customer)
        self.assertEqual(self.stored(copy), (None, None, None))
        self.assertEqual(customer.copy({"vat": OTHER}).vat, OTHER)

    def test_merging(self):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        first = self.make_dirty("En AS", vat="NO 923 609 016 MVA")
        second = self.make_dirty("To AS", company_registry="923 609 016")
        third = self.make_dirty("Tre AS")
        wizard._merge((first + third).ids, third)
        self.assertFalse(first.exists())
        self.assertEqual(third.vat, f"NO{NUMBER}MVA")
        self.assertEqual(third.data_issue, "duplicate")
        wizard._merge((second + third).ids, second)
        self.assertFalse(third.exists())
        self.assertEqual(self.stored(second), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))
        self.assertFalse(second.data_issue)
