# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import KundekartotekCase

CITIES = ["Bergen", "Oslo", "Bodø"]


@tagged("post_install", "-at_install")
class TestCustomerCategoryRule(KundekartotekCase):
    """Which category a customer gets, when, and what a rule may look at."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["kundekartotek.category.rule"]
        cls.Rule.search([]).unlink()
        cls.categories = cls.env["kundekartotek.category"].create(
            [{"name": f"Category {i}"} for i in range(3)]
        )
        cls.west, cls.east, cls.rest = cls.categories

    def make_rule(self, category, domain="[]", **vals):
        return self.Rule.create({"name": category.name, "category_id": category.id, "domain": domain, **vals})

    def test_first_rule_that_fits(self):
        self.make_rule(self.rest, sequence=30)
        self.make_rule(self.west, "[('city', 'in', ['Bergen', 'Oslo'])]", sequence=10)
        self.make_rule(self.east, "[('city', '=', 'Oslo')]", sequence=20)
        for city, category in [("Oslo", self.west), ("Bodø", self.rest), (False, self.rest)]:
            customer = self.make_customer(city=city)
            self.assertRecordValues(customer, [{
                "customer_category_id": category.id, "customer_category_locked": False}])

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def test_against_an_oracle(self, data):
        """Random rules and customers: creation, writing and the nightly job agree with the plain
        definition."""
        self.Rule.search([]).unlink()
        rules = data.draw(st.lists(st.fixed_dictionaries({
            "sequence": st.integers(0, 3), "active": st.booleans(), "category": st.integers(0, 2),
            "cities": st.sets(st.sampled_from(CITIES)), "not": st.booleans()}), max_size=5))
        records = [
            self.make_rule(
                self.categories[rule["category"]],
                sequence=rule["sequence"],
                active=rule["active"],
                domain=str([("city", "not in" if rule["not"] else "in", sorted(rule["cities"]))]),
            )
            for rule in rules
        ]

        def oracle(city, present):
            order = sorted(
                zip(rules, records, strict=True), key=lambda pair: (pair[0]["sequence"], pair[1].id)
            )
            for rule, record in order:
                if rule["active"] and (city in rule["cities"]) != rule["not"]:
                    return record.category_id
            return present

        city, moved_to = (data.draw(st.sampled_from([*CITIES, False])) for _ in range(2))
        customer = self.make_customer(city=city)
        expected = oracle(city, self.env["kundekartotek.category"])
        self.assertEqual(customer.customer_category_id, expected)
        customer.city = moved_to
        expected = oracle(moved_to, expected)
        self.assertEqual(customer.customer_category_id, expected)
        # the job finds what changed behind the rules' back
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET city = %s, customer_category_id = NULL WHERE id = %s",
                            [city or None, customer.id])
        self.env.invalidate_all()
        self.run_job()
        self.assertEqual(customer.customer_category_id, oracle(city, self.env["kundekartotek.category"]))

    def run_job(self):
        """The nightly job, in a test that may not commit."""
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: float("inf")
        ):
            self.Rule._cron_apply_rules()

    def test_job_goes_on_where_it_stopped(self):
        customers = self.env["res.partner"].create([{"name": f"c{i}", "customer_rank": 1} for i in range(5)])
        rule = self.make_rule(self.west, f"[('id', 'in', {customers.ids})]")
        self.assertEqual((rule.match_count, rule.move_count), (5, 5))
        left = iter([10, 0, 10, 10, 10, 10])
        path = "odoo.addons.kundekartotek_addon.models.customer.category_rule.BATCH"
        with patch(path, 2), patch.object(
                type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: next(left)):
            self.Rule._cron_apply_rules()
            self.assertEqual(len(customers.filtered("customer_category_id")), 2)
            self.Rule._cron_apply_rules()
        self.assertEqual(customers.customer_category_id, self.west)
        rule.invalidate_recordset()
        self.assertEqual((rule.match_count, rule.move_count), (5, 0))

    def test_the_job_itself(self):
        customer = self.make_customer()
        self.make_rule(self.west)
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.cron_category_rules").method_direct_trigger()
        self.assertEqual(customer.customer_category_id, self.west)

    def test_one_customer_that_cannot_be_written_keeps_back_nobody(self):
        bad, *others = customers = self.env["res.partner"].create(
            [{"name": f"c{i}", "customer_rank": 1} for i in range(4)])
        rule = self.make_rule(self.west, f"[('id', 'in', {customers.ids})]")
        write = type(customers).write

        def refuse(partners, vals):
            if bad in partners and "customer_category_id" in vals:
                raise ValueError("No!")
            return write(partners, vals)

        with patch.object(type(customers), "write", refuse):
            self.run_job()
        self.assertFalse(bad.customer_category_id)
        self.assertEqual([customer.customer_category_id for customer in others], [self.west] * 3)
        self.assertEqual(rule.move_count, 1, "it is still to be seen")

    def test_manual_choice_locks(self):
        customer = self.make_customer(city="Bergen", customer_category_id=self.rest.id)
        rule = self.make_rule(self.west, "[('city', '=', 'Bergen')]")
        self.assertEqual((rule.match_count, rule.move_count), (1, 0))
        customer.city = "Oslo"
        customer.city = "Bergen"
        self.run_job()
        self.assertEqual(customer.customer_category_id, self.rest)
        customer.customer_category_locked = False
        self.assertEqual(customer.customer_category_id, self.west, "unlocking asks the rules at once")
        customer.customer_category_id = self.rest
        customer.customer_category_id = False
        self.assertEqual(customer.customer_category_id, self.west, "so does taking the category away")
        customer.write({"customer_category_id": False, "customer_category_locked": True})
        self.run_job()
        self.assertFalse(customer.customer_category_id, "no category, on purpose")

    def test_archived_customers_categories_and_rules(self):
        customer = self.make_customer(active=False)
        prospect = self.make_customer(name="No customer", customer_rank=0)
        self.make_rule(self.west, sequence=1).active = False
        self.make_rule(self.east, sequence=2)
        self.make_rule(self.rest, sequence=3)
        self.east.active = False
        self.run_job()
        self.assertFalse((customer + prospect).customer_category_id)
        self.assertEqual(self.make_customer(name="New").customer_category_id, self.rest)
        prospect.customer_rank = 1
        self.assertEqual(prospect.customer_category_id, self.rest, "becoming a customer")

    def test_inputs_also_by_way_of_computed_fields(self):
        self.make_rule(self.west, "[('customer_type', '=', 'consumer')]")
        customer = self.make_customer()
        self.assertFalse(customer.customer_category_id)
        self.assertIn("is_company", self.Rule._get_input_fields())
        customer.is_company = False
        self.assertEqual(customer.customer_category_id, self.west)

    def test_without_rules_nothing_is_asked(self):
        self.assertFalse(self.Rule._get_input_fields())
        customer = self.make_customer()
        with patch.object(type(self.Rule), "_evaluate", side_effect=AssertionError):
            customer.city = "Bergen"

    def test_rules_that_contradict_each_other_end(self):
        """A rule may look at what a category fills, or at the category itself: asked once per change."""
        terms = self.env["account.payment.term"].create({"name": "7 days"})
        self.west.payment_term_id = terms
        self.make_rule(self.east, f"[('property_payment_term_id', '=', {terms.id})]", sequence=1)
        self.make_rule(self.west, f"[('customer_category_id', '!=', {self.west.id})]", sequence=2)
        self.assertEqual(self.make_customer().customer_category_id, self.west)
        self.run_job()

    def test_bad_domains_are_refused(self):
        for domain in [
            "[('no_such_field', '=', 1)]",
            "no domain",
            "[('city', '=', ",
            "[('create_date', '<', context_today())]",
            "[('id', '=', __import__('os').getpid())]",
            "[('city', 'like it', 'Oslo')]",
            "{'a': 1}",
            "[('is_company',)]",
            "[('create_date', '>', 'yesterday')]",
        ]:
            with self.subTest(domain=domain), self.assertRaises(ValidationError):
                self.make_rule(self.west, domain)
        self.make_rule(self.west, "[('create_date', '>', 'today -30d')]")

    def test_nobody_asks_by_rule_about_what_they_may_not_read(self):
        administrator = self.make_user("administrator")
        with self.assertRaises(ValidationError):
            self.Rule.with_user(administrator).create({
                "name": "Spy", "category_id": self.west.id, "domain": "[('signup_type', '=', 'reset')]"})
        rule = self.Rule.with_user(administrator).create({
            "name": "Fine", "category_id": self.west.id, "domain": "[('credit_limit', '>', 1000)]"})
        self.assertFalse(rule.problem)

    def test_a_rule_that_broke_stops_nobody(self):
        broken = self.make_rule(self.west, sequence=1)
        later = self.make_rule(self.rest, sequence=2)
        for domain in ("[('gone_field', '=', 1)]", "[('id', '=', 'abc')]", "not a domain"):
            self.env.cr.execute(
                "UPDATE kundekartotek_category_rule SET domain = %s WHERE id = %s", [domain, broken.id]
            )
            self.env.invalidate_all()
            self.env.registry.clear_cache()
            with self.subTest(domain=domain), mute_logger("odoo.sql_db"):
                self.assertEqual(self.make_customer(name="New").customer_category_id, self.rest)
                self.run_job()
                self.assertTrue(broken.problem)
                self.assertFalse(later.problem)

    def test_a_rule_of_one_company(self):
        second = self.env["res.company"].create({"name": "Second"})
        terms = self.env["account.payment.term"].create({"name": "7 days"})
        domain = f"[('property_payment_term_id', '=', {terms.id})]"
        with self.assertRaises(ValidationError) as refusal:
            self.make_rule(self.west, domain)
        self.assertIn("say in which company", str(refusal.exception))
        self.make_rule(self.west, domain, company_id=second.id)
        mine = self.make_customer(company_id=self.env.company.id)
        shared = self.make_customer(name="Shared")
        (mine + shared).property_payment_term_id = terms
        self.assertFalse((mine + shared).customer_category_id)
        shared.with_company(second).property_payment_term_id = terms
        self.assertEqual(shared.customer_category_id, self.west)
        self.run_job()
        self.assertFalse(mine.customer_category_id)

    def test_the_rule_speaks_the_language_of_its_writer(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        self.env.ref("base.se").with_context(lang="nb_NO").name = "Svearike"
        self.env.user.lang = "nb_NO"
        self.make_rule(self.west, "[('country_id.name', '=', 'Svearike')]")
        customer = self.make_customer().with_context(lang="en_US")
        customer.country_id = self.env.ref("base.se")
        self.assertEqual(customer.customer_category_id, self.west)

    def test_users_without_our_groups(self):
        self.make_rule(self.west)
        seller = new_test_user(
            self.env,
            login="kundekartotek_plain",
            groups="sales_team.group_sale_salesman,base.group_partner_manager",
        )
        customer = (
            self.env["res.partner"].with_user(seller).create({"name": "Tindeskog AS", "customer_rank": 1})
        )
        customer.city = "Oslo"
        self.assertEqual(customer.sudo().customer_category_id, self.west)

    def test_preview_counts_the_first_rule_only(self):
        first = self.make_rule(self.west, "[('city', '=', 'Bergen')]", sequence=1)
        second = self.make_rule(self.rest, "[('city', 'in', ['Bergen', 'Oslo'])]", sequence=2)
        (first + second).active = False
        customers = self.env["res.partner"].create(
            [
                {"name": city, "city": city, "customer_rank": 1}
                for city in ("Bergen", "Bergen", "Oslo", "Bodø")
            ]
        )
        (first + second).active = True
        self.assertEqual([(rule.match_count, rule.move_count) for rule in first + second], [(2, 2), (3, 1)])
        self.assertEqual(
            self.env["res.partner"].search(second.action_view_moving()["domain"]), customers[2])
        self.assertEqual(
            self.env["res.partner"].search_count(second.action_view_matching()["domain"]), 3)
