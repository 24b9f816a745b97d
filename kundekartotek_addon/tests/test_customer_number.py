# SPDX-License-Identifier: LGPL-3.0-or-later

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from .number_case import NumberCase


@tagged("post_install", "-at_install")
class TestGiving(NumberCase):
    """Who gets which number, and when."""

    def test_once_when_somebody_becomes_a_customer(self):
        partner = self.make_customer(customer_rank=0)
        self.assertFalse(partner.ref)
        partner.customer_rank = 1
        self.assertEqual(partner.ref, "T-001")
        partner.customer_rank += 1
        partner.write({"name": "Nytt Navn AS", "customer_type": "public", "zip": "9008"})
        self.assertEqual(partner.ref, "T-001")
        self.assertRecordValues(partner.customer_number_ids, [{
            "number": "T-001", "origin": "scheme", "scheme_id": self.scheme.id, "in_use": True,
            "holder_id": partner.id, "holder_name": "Fjellbekk Bakeri AS", "create_uid": self.env.uid}])

    def test_contacts_get_none(self):
        company = self.make_customer()
        contact = self.env["res.partner"].create(
            {"name": "Kari", "parent_id": company.id, "customer_rank": 1, "ref": company.ref})
        other = self.env["res.partner"].create({"name": "Ola", "parent_id": company.id, "customer_rank": 1})
        self.assertEqual((contact.ref, other.ref), (company.ref, False))
        self.assertFalse((contact + other).customer_number_ids)

    def test_contact_makes_its_company_a_customer(self):
        company = self.make_customer(customer_rank=0)
        self.env["res.partner"].create({"name": "Kari", "parent_id": company.id, "customer_rank": 1})
        self.assertEqual(company.ref, "T-001")

    def test_contact_that_leaves_its_company(self):
        company = self.make_customer()
        contact = self.env["res.partner"].create(
            {"name": "Kari", "parent_id": company.id, "customer_rank": 1})
        contact.parent_id = False
        self.assertEqual(contact.ref, "T-002")

    def test_scheme_of_the_type_goes_before_the_company_s(self):
        by_type = self.make_scheme("{type}{seq:03}")
        self.env.company.write({
            "customer_number_scheme_consumer_id": by_type.id, "customer_number_scheme_public_id": by_type.id})
        self.assertEqual(self.make_customer().ref, "T-001")
        self.assertEqual(self.make_customer(is_company=False).ref, "P001")
        self.assertEqual(self.make_customer(customer_type="public").ref, "O001")
        self.assertEqual(self.make_customer(is_company=False).ref, "P002")

    def test_category_goes_first_and_gives_its_code(self):
        by_category = self.make_scheme("{category}{seq:03}")
        top = self.env["kundekartotek.category"].create({"name": "Storkunder", "code": "S"})
        below = self.env["kundekartotek.category"].create(
            {"name": "Nøkkelkunder", "code": "N", "parent_id": top.id})
        self.env.company.customer_number_scheme_business_id = self.make_scheme("X{seq}")
        top.number_scheme_id = by_category
        self.assertEqual(self.make_customer(customer_category_id=below.id).ref, "N001")
        self.assertEqual(self.make_customer(customer_category_id=top.id).ref, "S001")
        self.assertEqual(self.make_customer().ref, "X1")
        below.number_scheme_id = self.scheme
        self.assertEqual(self.make_customer(customer_category_id=below.id).ref, "T-001")
        other = self.make_company()
        elsewhere = self.make_customer(customer_category_id=top.id, company_id=other.id)
        self.assertEqual(elsewhere.ref, "T-002")

    def test_archived_scheme_counts_for_none(self):
        by_type = self.make_scheme("{type}{seq:03}")
        self.env.company.customer_number_scheme_business_id = by_type
        by_type.active = False
        self.assertEqual(self.make_customer().ref, "T-001")
        top = self.env["kundekartotek.category"].create({
            "name": "Storkunder", "number_scheme_id": self.make_scheme("S{seq:03}").id})
        below = self.env["kundekartotek.category"].create({
            "name": "Nøkkelkunder", "parent_id": top.id, "number_scheme_id": by_type.id})
        self.assertEqual(self.make_customer(customer_category_id=below.id).ref, "S001")

    def test_category_rule_runs_before_the_number_is_given(self):
        category = self.env["kundekartotek.category"].create({"name": "Fra regel", "code": "R"})
        category.number_scheme_id = self.make_scheme("{category}{seq:03}")
        self.env["kundekartotek.category.rule"].create({
            "name": "Regel", "category_id": category.id, "domain": "[('name', 'like', 'Regelkunde')]"})
        self.assertEqual(self.make_customer(name="Regelkunde AS").ref, "R001")

    def test_geographic(self):
        self.scheme.pattern = "{region}{seq:04}"
        self.assertEqual(self.make_customer(zip="5014").ref, "460001")
        self.assertEqual(self.make_customer(zip="9800").ref, "560001")
        self.assertEqual(self.make_customer(zip="5003").ref, "460002")
        self.assertEqual(self.make_customer(country_id=self.env.ref("base.se").id, zip="11122").ref, "SE0001")
        self.assertEqual(self.make_customer().ref, "000001")

    def test_years_count_apart(self):
        self.scheme.pattern = "K{year}-{seq:03}"
        with freeze_time("2026-12-31 12:00:00"):
            self.assertEqual([self.make_customer().ref, self.make_customer().ref], ["K2026-001", "K2026-002"])
        with freeze_time("2027-01-01 12:00:00"):
            late = self.make_customer()
        self.assertEqual(late.ref, "K2027-001")

    @freeze_time("2026-12-31 23:30:00")
    def test_the_year_is_that_of_the_user_s_clock(self):
        self.scheme.pattern = "K{year}-{seq:03}"
        self.assertEqual(self.make_customer().ref, "K2026-001")
        oslo = self.env["res.partner"].with_context(tz="Europe/Oslo")
        self.assertEqual(oslo.create({"name": "Nyttår", "customer_rank": 1}).ref, "K2027-001")

    def test_no_scheme_no_number_and_any_reference(self):
        self.env.company.customer_number_scheme_id = False
        first, second = self.make_customer(ref="NORD"), self.make_customer(ref="NORD")
        self.assertEqual((first + second).mapped("ref"), ["NORD", "NORD"])
        self.assertFalse(self.make_customer().ref)
        self.assertEqual(self.rows("NORD").partner_id, first)

    def test_a_thousand_at_once(self):
        vals = [{"name": f"Kunde {count}", "customer_rank": 1, "is_company": True} for count in range(1000)]
        customers = self.env["res.partner"].create(vals)
        self.assertEqual(len(set(customers.mapped("ref"))), 1000)
        self.assertEqual(self.scheme.counter_ids.next_number, 1001)
        self.assertEqual(len(customers.customer_number_ids), 1000)

    def test_few_queries(self):
        """One more customer costs no more queries for its number; a batch no more than one of it."""
        self.make_customer()
        customers = self.env["res.partner"].create([{"name": str(count)} for count in range(100)])
        customers.customer_rank = 0
        self.env.flush_all()
        with self.assertQueryCount(25):
            customers[:1].sudo()._become_customer()
            self.env.flush_all()
        with self.assertQueryCount(25):
            customers[1:].sudo()._become_customer()
            self.env.flush_all()

    def test_salesperson_and_portal_give_numbers_without_reading_schemes(self):
        groups = "sales_team.group_sale_salesman,base.group_partner_manager"
        seller = new_test_user(self.env, "selger_nummer", groups=groups)
        vals = {"name": "Ny kunde", "customer_rank": 1}
        self.assertEqual(self.env["res.partner"].with_user(seller).create(vals).ref, "T-001")
        with self.assertRaises(AccessError):
            self.scheme.with_user(seller).read(["pattern"])
        portal = new_test_user(self.env, "portal_nummer", groups="base.group_portal")
        self.assertEqual(self.env["res.partner"].with_user(portal).sudo().create(vals).ref, "T-002")
        with self.assertRaises(ValidationError):
            self.env["res.partner"].with_user(seller).create({**vals, "ref": "t-001"})

    def test_assign_action(self):
        self.env.company.customer_number_scheme_id = False
        customers = self.make_customer() + self.make_customer() + self.make_customer(ref="7")
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": customers[0].id})
        reader = self.make_user("reader")
        with self.assertRaises(AccessError):
            customers.with_user(reader).action_assign_customer_numbers()
        worker = self.make_user("case_worker")
        result = customers.with_user(worker).action_assign_customer_numbers()
        self.assertEqual(result["params"]["type"], "warning")
        self.env.company.customer_number_scheme_id = self.scheme
        result = (customers + contact).with_user(worker).action_assign_customer_numbers()
        self.assertEqual(result["params"]["type"], "success")
        self.assertEqual((customers + contact).mapped("ref"), ["T-001", "T-002", "7", False])


@tagged("post_install", "-at_install")
class TestTyped(NumberCase):
    """Numbers that people and imports bring."""

    def test_typed_number_is_entered_and_skipped_by_the_counter(self):
        self.make_customer(ref="T-002")
        self.assertEqual([self.make_customer().ref for _count in range(2)], ["T-003", "T-004"])

    def test_counter_begins_after_the_highest_that_fits(self):
        self.make_customer(ref="T-041")
        self.make_customer(ref="T-98765432")
        self.make_customer(ref="99887766")
        self.assertEqual(self.make_customer().ref, "T-042")

    def test_counter_gets_through_a_long_row_of_typed_numbers(self):
        self.make_customer()
        self.env["res.partner"].create([
            {"name": "Import", "customer_rank": 1, "ref": f"T-{count:03}"} for count in range(2, 700)])
        with self.assertQueryCount(120):
            customer = self.make_customer()
        self.assertGreaterEqual(int(customer.ref[2:]), 700)

    def test_taken_number_names_its_holder(self):
        holder = self.make_customer(name="Havbris AS", ref="A-1")
        for number in ("A-1", " a-1 "):
            with self.assertRaisesRegex(ValidationError, "Havbris AS"), self.cr.savepoint():
                self.make_customer(ref=number)
            with self.assertRaisesRegex(ValidationError, "Havbris AS"), self.cr.savepoint():
                self.make_customer().ref = number
        holder.ref = "A-2"
        with self.assertRaisesRegex(ValidationError, "Havbris AS"), self.cr.savepoint():
            self.make_customer(ref="A-1")

    def test_two_rows_of_one_import(self):
        vals = {"name": "Tvilling", "customer_rank": 1, "ref": "DOBBEL"}
        with self.assertRaisesRegex(ValidationError, "DOBBEL"):
            self.env["res.partner"].create([vals, vals])

    def test_import_of_a_file(self):
        result = self.env["res.partner"].with_context(import_file=True).load(
            ["name", "ref", "customer_rank"], [["Med AS", "9001", "1"], ["Uten AS", "", "1"]])
        self.assertFalse(result["messages"])
        customers = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(customers.mapped("ref"), ["9001", "T-001"])
        self.assertEqual(customers.customer_number_ids.sorted("id").mapped("origin"), ["import", "scheme"])

    def test_own_former_number_may_be_taken_back(self):
        customer = self.make_customer()
        customer.ref = "EGET"
        self.assertEqual(customer.customer_number_ids.mapped("in_use"), [True, False])
        customer.ref = "t-001"
        self.assertEqual(len(customer.customer_number_ids), 2)
        self.assertFalse(customer.customer_number_issue)

    def test_a_customer_keeps_its_number_when_the_field_is_emptied(self):
        customer = self.make_customer()
        customer.ref = False
        self.assertEqual(customer.ref, "T-001")
        customer.ref = "EGET"
        customer.ref = "  "
        self.assertEqual(customer.ref, "EGET")

    def test_form(self):
        with Form(self.env["res.partner"].with_context(default_customer_rank=1)) as form:
            form.name = "Skjema AS"
        self.assertEqual(form.record.ref, "T-001")
        with self.assertRaisesRegex(ValidationError, "Skjema AS"), \
                Form(self.env["res.partner"].with_context(default_customer_rank=1)) as form:
            form.name = "Skjema 2 AS"
            form.ref = "T-001"

    def test_reference_of_others_is_registered_when_they_become_customers(self):
        holder, partner = self.make_customer(ref="5"), self.make_customer(customer_rank=0, ref="6")
        late = self.make_customer(customer_rank=0, ref="5", name="Sent ute AS")
        self.assertFalse(self.rows("6"))
        partner.customer_rank = 1
        self.assertEqual(self.rows("6").partner_id, partner)
        late.customer_rank = 1  # an invoice is posted: nothing may stop it
        self.assertEqual((late.ref, late.customer_number_issue), ("5", "taken"))
        self.assertEqual(self.rows("5").partner_id, holder)
        both = [("customer_number_issue", "=", "taken"), ("id", "in", (holder + late).ids)]
        self.assertEqual(self.env["res.partner"].search(both), late)
        late.name = "Fortsatt lov å lagre AS"
        mend = [("data_issue", "=", "customer_number"), ("id", "in", (holder + late).ids)]
        self.assertEqual(self.env["res.partner"].search(mend), late, "it is listed among the data to mend")
        self.assertEqual(late.data_issue, "customer_number")
        self.assertIn(holder.name, late.data_issue_text)
        late.ref = "7"
        self.assertFalse(late.data_issue)
        self.assertFalse(self.env["res.partner"].search(mend))

    def test_issue_search(self):
        numbered = self.make_customer()
        self.env.company.customer_number_scheme_id = False
        bare, other = self.make_customer(), self.make_customer(customer_rank=0)
        double = self.make_customer(ref=numbered.ref)
        every = numbered + bare + other + double
        for domain, expected in [
            ([("customer_number_issue", "=", "missing")], bare),
            ([("customer_number_issue", "=", "taken")], double),
            ([("customer_number_issue", "!=", False)], bare + double),
            ([("customer_number_issue", "=", False)], numbered + other),
            ([("customer_number_issue", "not in", ["missing"])], numbered + other + double),
        ]:
            self.assertEqual(every.search([("id", "in", every.ids), *domain], order="id"), expected, domain)
            self.assertEqual(every.filtered_domain(domain), expected, domain)

    def test_blanks_are_no_number(self):
        self.env.company.customer_number_scheme_id = False
        blank, bare, numbered = (self.make_customer(ref=ref) for ref in ("  ", False, " 77 "))
        every = blank + bare + numbered
        self.assertEqual(every.mapped("customer_number_issue"), ["missing", "missing", False])
        for issue, found in (("missing", blank + bare), ("taken", every.browse()), (False, numbered)):
            domain = [("customer_number_issue", "=", issue)]
            self.assertEqual(every.filtered_domain(domain), found)
            self.assertEqual(every.search([*domain, ("id", "in", every.ids)], order="id"), found)
        self.assertIn("1 got none", blank.action_assign_customer_numbers()["params"]["message"])

    def test_copy(self):
        customer, partner = self.make_customer(), self.make_customer(customer_rank=0, ref="X")
        self.assertFalse(customer.copy().ref)
        self.assertEqual(partner.copy().ref, "X")
