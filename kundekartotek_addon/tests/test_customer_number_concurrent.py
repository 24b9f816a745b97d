# SPDX-License-Identifier: LGPL-3.0-or-later
import threading
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import ConcurrencyError, ValidationError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged

LOCK_TIMEOUT = "2s"  # whoever waits for another's open transaction fails


@tagged("post_install", "-at_install")
class TestConcurrentNumbers(BaseCase):
    """Several real connections give numbers at once, and commit. Everything made is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # The test runner's thread holds the lock for the whole run; our threads need the registry too.
        self.enterContext(patch.object(Registry, "_lock", threading.RLock()))
        self.addCleanup(self.clean)
        with self.connection() as env:
            self.scheme = env["kundekartotek.number.scheme"].create(
                {"name": "Concurrent", "pattern": "CC{seq:04}"}).id
            self.company = env["res.company"].create({
                "name": "Samtidig AS", "customer_number_scheme_id": self.scheme}).id

    def clean(self):
        with self.connection() as env:
            env["res.partner"].search([("company_id", "=", self.company)]).unlink()
            env.cr.execute("DELETE FROM kundekartotek_customer_number WHERE number LIKE 'CC%'")
            company = env["res.company"].browse(self.company)
            partner = company.partner_id
            env["res.users"].browse(SUPERUSER_ID).company_ids -= company
            company.unlink()
            partner.unlink()
            env["kundekartotek.number.scheme"].browse(self.scheme).unlink()

    @contextmanager
    def connection(self):
        """A connection of its own; commits at the end."""
        with self.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = %s", [LOCK_TIMEOUT])
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def make(self, env, count, **vals):
        return env["res.partner"].create([
            {"name": f"Samtidig {place}", "customer_rank": 1, "company_id": self.company, **vals}
            for place in range(count)])

    def check(self, count):
        """Every customer has a number of its own, and the register says the same."""
        with self.connection() as env:
            customers = env["res.partner"].search(
                [("company_id", "=", self.company), ("is_customer", "=", True)])
            self.assertEqual(len(customers), count)
            self.assertEqual(len(set(customers.mapped("ref"))), count)
            self.assertFalse(customers.filtered("customer_number_issue"))
            rows = env["kundekartotek.customer.number"].search([("number", "=like", "CC%")])
            self.assertEqual({row.partner_id: row.number for row in rows}, {c: c.ref for c in customers})
            self.assertEqual(len(rows), count)

    def test_second_does_not_wait_for_the_first(self):
        with self.connection() as env:
            self.make(env, 1)
        with self.connection() as first:
            early = self.make(first, 50).mapped("ref")
            with self.connection() as second:  # would fail on the lock timeout
                late = self.make(second, 50).mapped("ref")
            self.assertFalse(set(early) & set(late))
        self.check(101)

    def test_rolled_back_numbers_are_a_gap(self):
        with self.connection() as env:
            self.make(env, 1)
        with self.connection() as env:
            self.make(env, 5)
            env.cr.rollback()
        with self.connection() as env:
            self.assertEqual(self.make(env, 1).ref, "CC0007")
        self.check(2)

    def test_many_workers(self):
        with self.connection() as env:  # who draws first of all makes the sequence, and the others wait
            self.make(env, 1)
        made = 1
        for workers in (2, 4):
            with self.subTest(workers=workers):
                errors, barrier = [], threading.Barrier(workers)
                threads = [
                    threading.Thread(target=self.work, args=(barrier, errors)) for _worker in range(workers)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(60)
                self.assertFalse(errors)
                made += workers * 60
                self.check(made)

    def work(self, barrier, errors):
        try:
            for _transaction in range(3):
                barrier.wait(60)
                with self.connection() as env:
                    self.make(env, 20)
        except Exception as error:  # whatever it is, the test shall see it
            barrier.abort()
            errors.append(error)

    def test_typed_number_that_we_cannot_see_yet(self):
        """Another transaction gives CC0002 after ours began: our snapshot does not show it."""
        with self.connection() as env:
            self.make(env, 1)
        with self.connection() as ours:
            ours["res.company"].browse(self.company).read(["name"])  # our snapshot is taken here
            with self.connection() as theirs:
                self.make(theirs, 1, name="Samtidig Holder", ref="CC0002")
            with self.assertRaisesRegex(ValidationError, "Samtidig Holder"), ours.cr.savepoint():
                self.make(ours, 1, ref="CC0002")
            self.assertEqual(sorted(self.make(ours, 2).mapped("ref")), ["CC0003", "CC0004"])
        self.check(4)

    def test_same_number_typed_at_the_same_moment(self):
        """The second waits for the first to commit, and is then told who was first."""
        seen, typed = [], threading.Event()
        with self.connection() as first:
            self.make(first, 1, name="Samtidig Først", ref="CC77")

            def second():
                try:
                    with self.registry.cursor() as cr:
                        typed.set()
                        self.make(api.Environment(cr, SUPERUSER_ID, {}), 1, ref="CC77")
                except Exception as error:  # the test looks at it
                    seen.append(error)
            thread = threading.Thread(target=second)
            thread.start()
            typed.wait(10)
            thread.join(1)
            self.assertTrue(thread.is_alive())
        thread.join(30)
        self.assertIsInstance(seen[0], ValidationError)
        self.assertIn("Samtidig Først", str(seen[0]))
        self.check(1)


@tagged("post_install", "-at_install")
class TestConcurrentOrganisationNumbers(BaseCase):
    """Two real connections give two customers one organisation number."""

    NUMBER = "310410020"

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.enterContext(patch.object(Registry, "_lock", threading.RLock()))
        self.addCleanup(self.clean)

    def clean(self):
        with self.connection() as env:
            env["res.partner"].search([("name", "like", "Samme nummer")]).unlink()

    @contextmanager
    def connection(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def make(self, env, name, **vals):
        return env["res.partner"].create({
            "name": f"Samme nummer {name}", "is_company": True, "customer_rank": 1,
            "country_id": env.ref("base.no").id, "company_registry": self.NUMBER, **vals})

    def customers(self):
        with self.connection() as env:
            return env["res.partner"].search([("company_registry", "=", self.NUMBER)]).mapped("name")

    def register(self, begun, outcome):
        """As a request does, which the server runs again after a conflict with another one."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            cr.execute("SELECT 1")  # the snapshot is taken before the other commits
            begun.set()
            try:
                retrying(lambda: self.make(env, "To"), env)
                outcome.append("registered")
            except ValidationError as error:
                cr.rollback()
                outcome.append(str(error))

    def test_the_second_waits_and_is_refused(self):
        begun, outcome = threading.Event(), []
        with self.connection() as env:
            self.make(env, "En")
            second = threading.Thread(target=self.register, args=(begun, outcome))
            second.start()
            begun.wait(10)
            second.join(1)
            self.assertTrue(second.is_alive(), "it waits for the first to commit")
        second.join(30)
        self.assertRegex(outcome[0], "already belongs to Samme nummer En")
        self.assertEqual(self.customers(), ["Samme nummer En"])

    def test_the_second_goes_on_where_the_first_gives_up(self):
        begun, outcome = threading.Event(), []
        with self.connection() as env:
            self.make(env, "En")
            second = threading.Thread(target=self.register, args=(begun, outcome))
            second.start()
            begun.wait(10)
            second.join(1)
            env.cr.rollback()
        second.join(30)
        self.assertEqual(outcome, ["registered"])
        self.assertEqual(self.customers(), ["Samme nummer To"])

    def test_committed_since_our_transaction_began(self):
        with self.connection() as ours:
            ours["res.company"].search([], limit=1).read(["name"])  # our snapshot is taken here
            with self.connection() as theirs:
                self.make(theirs, "En")
            with self.assertRaises(ConcurrencyError):
                self.make(ours, "To")
            ours.cr.rollback()
        self.assertEqual(self.customers(), ["Samme nummer En"])

    def test_a_number_may_go_from_one_to_another_in_one_transaction(self):
        with self.connection() as env:
            first = self.make(env, "En").id
        with self.connection() as env:
            env["res.partner"].browse(first).company_registry = False
            self.make(env, "To").unlink()
            self.make(env, "Tre")
        self.assertEqual(self.customers(), ["Samme nummer Tre"])
        with self.connection() as env:
            env["res.partner"].search([("name", "=", "Samme nummer Tre")]).unlink()
            self.make(env, "Fire")
        self.assertEqual(self.customers(), ["Samme nummer Fire"])

    def test_different_numbers_do_not_wait(self):
        with self.connection() as first, self.connection() as second:
            second.cr.execute("SET LOCAL lock_timeout = %s", [LOCK_TIMEOUT])
            self.make(first, "En")
            self.make(second, "To", company_registry="310410004")
            first.cr.rollback()
            second.cr.rollback()
