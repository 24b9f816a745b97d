# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2.errors import ExclusionViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..hooks import _drop_number_counters
from .number_case import NumberCase


@tagged("post_install", "-at_install")
class TestRegister(NumberCase):
    """The register keeps every number, and finds the customer by it."""

    def test_nobody_changes_it(self):
        row = self.make_customer().customer_number_ids
        for user in (self.env.user, self.make_user("administrator"), self.env.ref("base.user_root")):
            for rows in (row.with_user(user), row.with_user(user).sudo()):
                with self.assertRaises(UserError):
                    rows.unlink()
                with self.assertRaises(UserError):
                    rows.write({"number": "X"})
                with self.assertRaises(UserError):
                    rows.create({"number": "X"})

    def test_deleted_customer(self):
        customer = self.make_customer(name="Borte AS")
        customer_id, number = customer.id, customer.ref
        customer.unlink()
        row = self.rows(number)
        self.assertRecordValues(row, [{
            "partner_id": False, "holder_id": customer_id, "holder_name": "Borte AS", "in_use": False}])
        with self.assertRaisesRegex(ValidationError, "Borte AS"):
            self.make_customer(ref=number)

    def test_archived_customer(self):
        customer = self.make_customer()
        customer.active = False
        self.assertEqual(self.make_customer().ref, "T-002")
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.make_customer(ref="T-001")

    def test_merge_keeps_both_numbers(self):
        kept, gone = self.make_customer(name="Beholdes AS"), self.make_customer(name="Slås inn AS")
        self.env["base.partner.merge.automatic.wizard"]._merge((kept + gone).ids, kept)
        self.assertFalse(gone.exists())
        self.assertEqual(kept.ref, "T-001")
        self.assertEqual(kept.customer_number_ids.sorted("id").mapped("number"), ["T-001", "T-002"])
        self.assertEqual(self.rows("T-002").holder_name, "Slås inn AS")
        self.assertEqual(self.env["res.partner"].search([("display_name", "ilike", "T-002")]), kept)
        kept.ref = "T-002"

    def test_merge_into_one_without_number(self):
        customer, plain = self.make_customer(), self.make_customer(customer_rank=0)
        self.env["base.partner.merge.automatic.wizard"]._merge((customer + plain).ids, plain)
        self.assertEqual((plain.ref, plain.is_customer), ("T-001", True))
        self.assertFalse(plain.customer_number_issue)

    def test_found_by_old_number(self):
        customer = self.make_customer(ref="GAMMEL_1")
        customer.ref = "NY"
        Partner = self.env["res.partner"]
        for operator, value, found in [
            ("ilike", "gammel_1", True), ("ilike", "GAMMEL", True), ("like", "gam", True),
            ("=", "gammel_1", True), ("in", ["gammel_1", "x"], True), ("ilike", "AMMEL", False),
            ("=", "GAMMEL", False), ("ilike", "GAMMELX1", False), ("ilike", "%AMMEL", False),
        ]:
            customers = Partner.search([("display_name", operator, value)])
            self.assertEqual(customer in customers, found, (operator, value))
        self.assertNotIn(customer, Partner.search([("display_name", "not ilike", "GAMMEL_1")]))
        self.assertEqual(Partner.name_search("GAMMEL_1"), [(customer.id, customer.display_name)])
        seller = new_test_user(self.env, "selger_søk", groups="sales_team.group_sale_salesman")
        self.assertEqual(Partner.with_user(seller).name_search("GAMMEL_1")[0][0], customer.id)

    def test_existing_numbers_at_install(self):
        self.env.company.customer_number_scheme_id = False
        first, second = self.make_customer(ref="77"), self.make_customer(ref=" 77")
        blank, contact = self.make_customer(ref=" "), self.env["res.partner"].create(
            {"name": "Kari", "parent_id": first.id, "ref": "78", "customer_rank": 1})
        archived = self.make_customer(ref="79", active=False)
        supplier = self.make_customer(ref="80", customer_rank=0)
        self.env.cr.execute("DELETE FROM kundekartotek_customer_number")
        self.register._enter_existing()
        every = first + second + blank + contact + archived + supplier
        self.assertRecordValues(self.register.search([("holder_id", "in", every.ids)], order="id"), [
            {"number": "77", "partner_id": first.id, "origin": "existing"},
            {"number": "79", "partner_id": archived.id, "origin": "existing"}])
        every.invalidate_recordset()
        self.assertEqual(
            every.mapped("customer_number_issue"), [False, "taken", "missing", False, False, False])
        self.register._enter_existing()
        self.assertEqual(len(self.rows("77")), 1)

    def test_two_companies(self):
        other = self.make_company()
        here = self.make_customer(ref="500", company_id=self.env.company.id)
        there = self.make_customer(ref="500", company_id=other.id)
        self.assertEqual(len(self.rows("500")), 2)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.make_customer(ref="500")  # shared: it would meet both
        shared = self.make_customer(ref="501")
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.make_customer(ref="501", company_id=other.id)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            there.company_id = self.env.company
        with self.assertRaises(ValidationError), self.cr.savepoint():
            here.company_id = False
        shared.company_id = other
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.make_customer(ref="501", company_id=self.env.company.id)  # given for all companies once
        self.assertEqual((here + there + shared).mapped("customer_number_issue"), [False, False, False])

    def test_moved_customer_reserves_its_number_where_it_goes(self):
        other = self.make_company()
        customer = self.make_customer(ref="600", company_id=self.env.company.id)
        customer.company_id = other
        self.assertEqual(self.rows("600").company_id, self.env.company + other)
        customer.company_id = False
        self.assertFalse(self.rows("600").company_id)
        self.assertEqual(len(self.rows("600")), 1)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.make_customer(ref="600", company_id=other.id)

    def test_holder_in_a_company_out_of_sight_is_not_named(self):
        other = self.make_company()
        self.make_customer(name="Hemmelig AS", ref="700", company_id=other.id)
        worker = self.make_user("case_worker")
        with self.assertRaises(ValidationError) as caught:
            self.env["res.partner"].with_user(worker).create(
                {"name": "Felles", "customer_rank": 1, "ref": "700"})
        self.assertNotIn("Hemmelig", str(caught.exception))
        self.assertFalse(self.register.with_user(worker).search([("number", "=", "700")]))

    def test_constraint_in_the_database(self):
        insert = """INSERT INTO kundekartotek_customer_number (number, company_id, origin)
                    VALUES (%s, %s, 'typed')"""
        company, other = self.env.company.id, self.make_company().id
        self.cr.execute(insert, ["db", company])
        self.cr.execute(insert, ["db", other])
        for number, company_id in [("DB", company), ("db", None)]:
            with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation), self.cr.savepoint():
                self.cr.execute(insert, [number, company_id])


@tagged("post_install", "-at_install")
class TestScheme(NumberCase):

    def test_bad_pattern_names_the_token(self):
        with self.assertRaisesRegex(ValidationError, r"\{sekvens\}"):
            self.make_scheme("{sekvens}")

    def test_preview_shows_what_comes(self):
        self.make_customer()
        self.make_customer(ref="T-003")
        self.assertIn("T-002", self.scheme.preview)
        self.assertIn("T-004", self.scheme.preview)
        self.assertNotIn("T-003", self.scheme.preview)
        form = Form(self.env["kundekartotek.number.scheme"])
        form.name, form.pattern = "Ny", "{type}{seq:03}"
        self.assertIn("B001", form.preview)
        self.assertIn("O001", form.preview)
        form.pattern = "{typ}{seq:03}"
        self.assertIn("{typ}", form.preview)
        form.pattern = "<b>{seq}"
        self.assertNotIn("<b><b>", form.preview)

    def test_preview_draws_nothing(self):
        self.assertIn("T-002", self.scheme.preview)
        self.assertFalse(self.scheme.counter_ids)
        self.assertEqual(self.make_customer().ref, "T-001")

    def test_next_number_is_set_by_administrators_only(self):
        self.make_customer()
        counter = self.scheme.counter_ids
        self.assertRecordValues(counter, [{"key": "T-#", "next_number": 2}])
        with self.assertRaises(AccessError):
            counter.with_user(self.make_user("credit_manager")).next_number = 50
        administrator = self.make_user("administrator")
        self.scheme.with_user(administrator).write(
            {"counter_ids": [Command.update(counter.id, {"next_number": 50})]})
        self.assertEqual(self.make_customer().ref, "T-050")
        counter.with_user(administrator).next_number = 1
        self.assertEqual(counter.next_number, 1)
        self.assertEqual(self.make_customer().ref, "T-002")
        for value in (0, -1):
            with self.assertRaises(ValidationError):
                counter.next_number = value
        with self.assertRaises(ValidationError):
            counter.write({"key": "X"})

    def test_deleting_a_scheme_drops_its_counters_and_keeps_the_numbers(self):
        customer = self.make_customer()
        name = self.scheme.counter_ids.sequence_name
        self.env.company.customer_number_scheme_id = False
        self.scheme.unlink()
        self.assertEqual(self.env.execute_query(self._exists(name)), [(None,)])
        self.assertRecordValues(customer.customer_number_ids, [{"number": "T-001", "scheme_id": False}])

    def test_uninstall_drops_every_counter(self):
        self.make_customer()
        name = self.scheme.counter_ids.sequence_name
        _drop_number_counters(self.env)
        self.assertEqual(self.env.execute_query(self._exists(name)), [(None,)])
        self.assertFalse(self.env["kundekartotek.number.counter"].search([]))

    def _exists(self, name):
        return SQL("SELECT to_regclass(%s)", name)
