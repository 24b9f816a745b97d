# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta
from unittest.mock import patch

import psycopg2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .common import KundekartotekCase


class AgreementCase(KundekartotekCase):
    """Customers in a tree of categories, and agreements to order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Agreement = cls.env["kundekartotek.agreement"]
        cls.root = cls.env["kundekartotek.category"].create({"name": "Trade"})
        cls.leaf = cls.env["kundekartotek.category"].create({"name": "Painters", "parent_id": cls.root.id})
        cls.sibling = cls.env["kundekartotek.category"].create({"name": "Roofers", "parent_id": cls.root.id})
        cls.customer = cls.make_customer(customer_category_id=cls.leaf.id)
        cls.company = cls.env.company

    @classmethod
    def agree(cls, partner=None, category=None, start="2027-01-01", end="2027-12-31", **vals):
        return cls.Agreement.create(
            {
                "name": "Frame agreement",
                "partner_id": partner and partner.id,
                "category_id": category and category.id,
                "date_from": start,
                "date_to": end,
                "discount": 10,
                **vals,
            }
        )

    def find(self, day, partner=None, company=None):
        key = (partner or self.customer, company or self.company, date.fromisoformat(day))
        return self.Agreement._find_in_force([key])[key]


@tagged("post_install", "-at_install")
class TestAgreement(AgreementCase):
    """Which agreement is in force, and the task before it ends."""

    def test_a_customer_with_an_agreement_becomes_no_contact(self):
        """Its prices would end, and nobody would have said so."""
        person, company = self.make_customer(name="Kari Maler", is_company=False), self.make_customer()
        agreement = self.agree(person)
        with freeze_time("2027-06-01"):
            with self.assertRaisesRegex(ValidationError, "Kari Maler has a discount agreement of its own"):
                person.parent_id = company
            person.write({"parent_id": company.id, "is_company": True})  # a branch is a customer of its own
            with self.assertRaisesRegex(ValidationError, "discount agreement of its own"):
                person.is_company = False
            agreement.date_to = "2027-05-31"
            person.is_company = False
            self.assertEqual(person.commercial_partner_id, company)

    # === Which one applies ===

    def test_both_dates_are_included(self):
        agreement = self.agree(self.customer)
        for day, expected in [
            ("2026-12-31", False),
            ("2027-01-01", True),
            ("2027-12-31", True),
            ("2028-01-01", False),
        ]:
            self.assertEqual(bool(self.find(day)), expected, day)
        agreement.date_to = False
        self.assertEqual(self.find("2099-01-01"), agreement)

    def test_leap_day(self):
        agreement = self.agree(self.customer, start="2028-02-29", end="2028-02-29")
        self.assertFalse(self.find("2028-02-28"))
        self.assertEqual(self.find("2028-02-29"), agreement)
        self.assertFalse(self.find("2028-03-01"))

    def test_customer_before_deep_category_before_root(self):
        root = self.agree(category=self.root, start="2027-03-01")
        self.assertEqual(self.find("2027-06-01"), root)
        leaf = self.agree(category=self.leaf, start="2027-02-01")
        self.assertEqual(self.find("2027-06-01"), leaf)
        own = self.agree(self.customer, start="2027-01-15")
        self.assertEqual(self.find("2027-06-01"), own)
        self.assertEqual(self.find("2027-01-20"), own)
        other = self.make_customer("Tak AS", customer_category_id=self.sibling.id)
        self.assertEqual(self.find("2027-06-01", other), root)
        self.assertFalse(self.find("2027-06-01", self.make_customer("Uten kategori AS")))

    def test_latest_start_wins_then_the_newest(self):
        self.agree(self.customer)
        later = self.agree(self.customer, start="2027-06-01")
        self.assertEqual(self.find("2027-07-01"), later)
        newest = self.agree(self.customer, start="2027-06-01")
        self.assertEqual(self.find("2027-07-01"), newest)

    def test_contacts_have_their_company_s_agreement(self):
        agreement = self.agree(self.customer)
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        self.assertEqual(self.find("2027-05-05", contact), agreement)
        with self.assertRaisesRegex(ValidationError, "contact person"):
            self.agree(contact)

    def test_archived_agreements_do_not_count(self):
        self.agree(self.customer).action_archive()
        self.assertFalse(self.find("2027-05-05"))

    def test_companies(self):
        other = self.env["res.company"].create({"name": "Søster AS"})
        branch = self.env["res.company"].create({"name": "Avdeling", "parent_id": self.company.id})
        agreement = self.agree(self.customer)
        self.assertFalse(self.find("2027-05-05", company=other))
        self.assertEqual(
            self.find("2027-05-05", company=branch), agreement, "a branch has its company's agreements"
        )
        theirs = self.agree(self.customer, company_id=other.id)
        self.assertEqual(self.find("2027-05-05", company=other), theirs)
        self.assertEqual(self.find("2027-05-05"), agreement)

    def test_other_companies_agreements_are_not_seen(self):
        other = self.env["res.company"].create({"name": "Søster AS"})
        agreement = self.agree(self.customer, company_id=other.id)
        worker = self.make_user("case_worker")
        with self.assertRaises(AccessError):
            agreement.with_user(worker).read(["name"])
        self.assertFalse(self.Agreement.with_user(worker).search([("id", "=", agreement.id)]))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        rows=st.lists(
            st.tuples(
                st.sampled_from(["customer", "leaf", "root", "sibling"]),
                st.integers(-20, 20),
                st.one_of(st.none(), st.integers(0, 25)),
            ),
            max_size=5,
        ),
        day=st.integers(-25, 50),
    )
    def test_the_winner_by_the_written_rule(self, rows, day):
        """The same answer as the rule in plain words, whatever agreements there are."""
        origin = date(2027, 12, 31)
        with self.env.cr.savepoint() as savepoint:
            agreements = []
            for target, start, length in rows:
                record = getattr(self, target)
                begin = origin + timedelta(start)
                agreements.append(
                    (
                        target,
                        begin,
                        self.agree(
                            record if target == "customer" else None,
                            record if target != "customer" else None,
                            start=begin,
                            end=length is not None and begin + timedelta(length),
                        ),
                    )
                )
            today = origin + timedelta(day)
            rank = {"customer": 3, "leaf": 2, "root": 1}
            valid = [
                (rank[target], begin, agreement.id, agreement)
                for target, begin, agreement in agreements
                if target in rank and begin <= today and (not agreement.date_to or today <= agreement.date_to)
            ]
            key = (self.customer, self.company, today)
            self.assertEqual(
                self.Agreement._find_in_force([key])[key], max(valid)[3] if valid else self.Agreement
            )
            savepoint.rollback()

    def test_queries_do_not_grow_with_the_batch(self):
        customers = [self.make_customer(f"Kunde {n}", customer_category_id=self.leaf.id) for n in range(30)]
        for customer in customers:
            self.agree(customer)
        counts = []
        for batch in (customers[:2], customers):
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            found = self.Agreement._find_in_force([(c, self.company, date(2027, 5, 5)) for c in batch])
            counts.append(self.env.cr.sql_log_count - start)
            self.assertTrue(all(found.values()))
        self.assertEqual(*counts)

    # === State ===

    @freeze_time("2027-12-31")
    def test_state_at_new_year(self):
        ends = self.agree(self.customer)
        starts = self.agree(self.customer, start="2028-01-01", end=False)
        ended = self.agree(self.customer, start="2027-01-01", end="2027-12-30")
        every = ends + starts + ended
        self.assertEqual(every.mapped("state"), ["active", "upcoming", "expired"])
        self.assertEqual(every.mapped("days_left"), [0, 0, 0])
        for state, agreement in [("active", ends), ("upcoming", starts), ("expired", ended)]:
            self.assertEqual(
                self.Agreement.search([("id", "in", every.ids), ("state", "=", state)]), agreement
            )
            self.assertEqual(
                self.Agreement.search([("id", "in", every.ids), ("state", "!=", state)]), every - agreement
            )
        self.assertEqual(
            self.Agreement.search([("id", "in", every.ids), ("state", "in", ["active", "expired"])]),
            ends + ended,
        )
        with freeze_time("2028-01-01"):
            every.invalidate_recordset(["state"])
            self.assertEqual(every.mapped("state"), ["expired", "active", "expired"])

    @freeze_time("2027-12-01")
    def test_ends_soon(self):
        soon, later = self.agree(self.customer), self.agree(self.customer, end="2028-01-01")
        every = soon + later
        self.assertEqual(soon.days_left, 30)
        self.assertEqual(every.mapped("is_expiring"), [True, False])
        for operator, value, expected in [("=", True, soon), ("!=", True, later), ("=", False, later)]:
            self.assertEqual(
                self.Agreement.search([("id", "in", every.ids), ("is_expiring", operator, value)]), expected
            )
        self.company.agreement_reminder_days = 31
        every.invalidate_recordset(["is_expiring"])
        self.assertEqual(every.mapped("is_expiring"), [True, True])

    def test_overlap_is_told(self):
        first = self.agree(self.customer, name="First")
        self.assertFalse(first.overlap_message)
        second = self.agree(self.customer, name="Second", start="2027-12-31", end=False)
        self.assertIn("First", second.overlap_message)
        first.invalidate_recordset(["overlap_message"])
        self.assertIn("Second", first.overlap_message)
        second.date_from = "2028-01-01"
        self.assertFalse(second.overlap_message)

    def test_checks(self):
        for vals in [
            {"partner_id": self.customer.id, "category_id": self.leaf.id},
            {"partner_id": False},
            {"discount": 0},
            {"discount": -1},
            {"discount": 101},
            {"date_to": "2026-12-31"},
            {"pricelist_id": self.env["product.pricelist"].create({"name": "P"}).id},
        ]:
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
                self.assertRaises(psycopg2.errors.CheckViolation),
            ):
                self.Agreement.create(
                    {
                        "name": "Wrong",
                        "partner_id": self.customer.id,
                        "date_from": "2027-01-01",
                        "discount": 5,
                        **vals,
                    }
                )

    def test_form(self):
        worker = self.make_user("case_worker")
        with Form(self.Agreement.with_user(worker)) as form:
            form.name = "Rammeavtale"
            form.partner_id = self.customer
            form.discount = 12.5
        agreement = form.record
        self.assertEqual((agreement.state, agreement.user_id), ("active", worker))

    def test_documents_belong_to_the_agreement(self):
        worker, reader = self.make_user("case_worker"), self.make_user("reader")
        document = (
            self.env["ir.attachment"]
            .with_user(worker)
            .create(
                {"name": "signed.pdf", "raw": b"%PDF", "res_model": "kundekartotek.agreement", "res_id": 0}
            )
        )
        agreement = self.Agreement.with_user(worker).create(
            {
                "name": "Signed",
                "partner_id": self.customer.id,
                "discount": 5,
                "document_ids": [Command.set(document.ids)],
            }
        )
        self.assertEqual(document.res_id, agreement.id)
        self.assertEqual(agreement.with_user(reader).document_ids.name, "signed.pdf")
        self.assertEqual(document.with_user(reader).raw, b"%PDF")

    # === The task before the end ===

    def remind(self):
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_agreement_remind").method_direct_trigger()
        self.env.invalidate_all()

    def test_task_exactly_on_the_day_and_once(self):
        worker = self.make_user("case_worker")
        agreement = self.agree(self.customer, user_id=worker.id, end="2028-03-31")
        for day, expected in [("2028-02-29", 0), ("2028-03-01", 1), ("2028-03-02", 1), ("2028-03-31", 1)]:
            with freeze_time(day):
                self.remind()
            self.assertEqual(len(agreement.activity_ids), expected, day)
        self.assertEqual(agreement.activity_ids.user_id, worker)
        self.assertEqual(agreement.activity_ids.date_deadline, date(2028, 3, 31))
        agreement.date_to = "2029-03-31"
        with freeze_time("2029-03-01"):
            self.remind()
        self.assertEqual(len(agreement.activity_ids), 2, "a new end date is a new task")

    @freeze_time("2028-01-01")
    def test_no_task_for_ended_open_or_archived(self):
        ended = self.agree(self.customer, end="2027-12-31")
        open_ended = self.agree(self.customer, end=False)
        archived = self.agree(self.customer, end="2028-01-10", active=False)
        last_day = self.agree(self.customer, end="2028-01-01")
        self.remind()
        self.assertFalse((ended + open_ended + archived).activity_ids)
        self.assertEqual(len(last_day.activity_ids), 1, "a missed night is made up for until the last day")

    @freeze_time("2027-12-20")
    def test_who_gets_the_task(self):
        worker, seller = self.make_user("case_worker"), self.make_user("reader")
        self.customer.user_id = seller
        agreement = self.agree(self.customer, user_id=worker.id)
        self.assertEqual(agreement._find_responsible(), worker)
        worker.active = False
        self.assertEqual(agreement._find_responsible(), seller)
        seller.group_ids = [Command.set(self.env.ref("base.group_user").ids)]
        fallback = agreement._find_responsible()
        self.assertTrue(fallback.active)
        self.assertTrue(fallback.has_group("kundekartotek_addon.group_administrator"))
        self.remind()
        self.assertEqual(agreement.activity_ids.user_id, fallback)

    @freeze_time("2027-12-20")
    def test_one_bad_record_does_not_stop_the_rest(self):
        first, bad, last = [
            self.agree(self.customer, end=end) for end in ("2027-12-21", "2027-12-22", "2027-12-23")
        ]
        remind = type(self.Agreement)._remind

        def fail_once(agreements):
            if agreements == bad:
                raise ValueError("bad record")
            return remind(agreements)

        with (
            patch.object(type(self.Agreement), "_remind", fail_once),
            mute_logger("odoo.addons.kundekartotek_addon.models.customer.agreement_reminder"),
        ):
            self.remind()
        self.assertEqual([len(a.activity_ids) for a in (first, bad, last)], [1, 0, 1])
        self.remind()
        self.assertEqual([len(a.activity_ids) for a in (first, bad, last)], [1, 1, 1])
