# SPDX-License-Identifier: LGPL-3.0-or-later
import threading
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import SQL, mute_logger

from ..models.register.address_check import URL_KEY as ADDRESS_URL_KEY
from ..models.register.postal_import import IMPORTED_KEY
from ..models.register.register_service import MODE_KEY, URL_KEY
from ..tools import postal
from .register_case import BrregServer


class WorkersCase(BaseCase):
    """Several real connections, each a worker that commits. Everything made is removed afterwards."""

    parameters = {}  # by their keys, names of the stand-in's addresses

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # The test runner's thread holds the lock for the whole run; our threads need the registry too.
        self.enterContext(patch.object(Registry, "_lock", threading.RLock()))
        self.server = self.enterContext(BrregServer(firms=120, demo=False))
        self.before = {}
        self.addCleanup(self.clean)
        with self.connection() as env:
            for key, value in {MODE_KEY: "on", **self.parameters}.items():
                self.before[key] = env["ir.config_parameter"].get_param(key)
                env["ir.config_parameter"].set_param(key, getattr(self.server, value, value))

    def clean(self):
        with self.connection() as env:
            env["res.partner"].search([("name", "=like", "Samtidig register%")]).unlink()
            for key, value in self.before.items():
                env["ir.config_parameter"].set_param(key, value)
            env["ir.cron.trigger"].search([]).unlink()

    @contextmanager
    def connection(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def work(self, model, job, errors):
        try:
            with self.connection() as env:
                getattr(env[model], job)()
        except Exception as error:  # whatever it is, the test shall see it
            errors.append(error)

    def work_at_once(self, model, job):
        """Two workers at the same job, in small batches."""
        errors = []
        with patch.object(self.registry[model], "_queue_batch", 4):
            workers = [threading.Thread(target=self.work, args=(model, job, errors)) for _worker in range(2)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(120)
        self.assertFalse(errors)
        self.assertGreater(self.server.log.most_at_once, 1, "the workers did not work at the same time")

    def patch_once(self, model, name, do):
        """Somebody else does something and commits, once, right before a method."""
        method, done = getattr(model, name), []

        def first(records, *args, **more):
            if not done:
                done.append(True)
                with self.connection() as other:
                    do(other)
            return method(records, *args, **more)

        self.enterContext(patch.object(model, name, first))


@tagged("post_install", "-at_install")
class TestAddressWorkers(WorkersCase):
    parameters = {ADDRESS_URL_KEY: "address_url"}

    def test_two_workers_never_ask_for_the_same_address(self):
        with self.connection() as env:
            partners = env["res.partner"].create([
                {"name": f"Samtidig register {number}", "country_id": env.ref("base.no").id, "street": "storgata 118",
                 "zip": "4307", "city": "Sandnes"} for number in range(30)])
            env["kundekartotek.address.check"].search([]).next_due = False
            env["kundekartotek.address.check"]._enqueue(partners)
        self.server.latency = 0.02
        self.work_at_once("kundekartotek.address.check", "_cron_check")
        self.assertEqual(self.server.log.requests, 30, "an address was asked for twice")
        with self.connection() as env:
            rows = env["kundekartotek.address.check"].search([("partner_id", "in", partners.ids)])
            self.assertEqual(rows.mapped("status"), ["matched"] * 30)
            self.assertFalse(any(rows.mapped("next_due")) or any(rows.mapped("claimed_until")))

    def test_all_addresses_and_queue_at_once(self):
        """The quarterly job tries again where the queue writes the same rows."""
        checks = self.registry["kundekartotek.address.check"]
        with self.connection() as env:
            partner = env["res.partner"].create({
                "name": "Samtidig register 1", "country_id": env.ref("base.no").id, "street": "Storgata 118",
                "customer_rank": 1})
            env["kundekartotek.address.check"]._enqueue(partner)
        self.patch_once(checks, "_enqueue_where", lambda env: env["kundekartotek.address.check"].search(
            [("partner_id", "=", partner.id)]).write({"attempts": 3}))
        with self.connection() as env, mute_logger("odoo.sql_db"):
            env.execute_query(SQL("SELECT 1"))  # what is committed from here on is not seen
            env["kundekartotek.address.check"]._cron_check_all()
        with self.connection() as env:
            row = env["kundekartotek.address.check"].search([("partner_id", "=", partner.id)])
            self.assertEqual(row.attempts, 0)

    def test_postal_codes_and_somebody_else_at_once(self):
        """The monthly job tries again where somebody else writes the same."""
        codes = self.registry["kundekartotek.postal.code"]
        with self.connection() as env:
            env["kundekartotek.postal.code"]._note(IMPORTED_KEY, "2026-01-01 00:00:00")
            known = env["kundekartotek.postal.code"].search([]).ids
        rows = [postal.PostalCode("0150", "Oslo", "0301", "Oslo", "G")]
        self.addCleanup(self.forget_postal_codes, known)
        self.patch_once(codes, "_note", lambda env: env["ir.config_parameter"].set_param(
            IMPORTED_KEY, "2026-01-02 00:00:00"))
        with (self.connection() as env, mute_logger("odoo.sql_db"), patch.object(codes, "_fetch", lambda self: rows)):
            env["kundekartotek.postal.code"]._cron_import()
        with self.connection() as env:
            self.assertGreater(env["ir.config_parameter"].get_param(IMPORTED_KEY), "2026-01-02 00:00:00")

    def forget_postal_codes(self, known):
        with self.connection() as env:
            env["kundekartotek.postal.code"].search([("id", "not in", known)]).unlink()
            env["ir.config_parameter"].set_param(IMPORTED_KEY, False)
            env.registry.clear_cache()


@tagged("post_install", "-at_install")
class TestRegisterWorkers(WorkersCase):
    parameters = {URL_KEY: "register_url"}

    def setUp(self):
        super().setUp()
        self.numbers = [number for number in self.server.register.firms.numbers()
                        if "navn" in self.server.register.get(number)][:60]
        with self.connection() as env:
            env["kundekartotek.register.entry"].search([]).next_due = False
            env["kundekartotek.register.entry"].create([
                {"number": number, "next_due": fields.Datetime.now() - timedelta(days=1)} for number in self.numbers])

    def clean(self):
        with self.connection() as env:
            env["kundekartotek.register.entry"].search([("number", "in", self.numbers)]).unlink()
        super().clean()

    def create_customer(self, env, number):
        return env["res.partner"].create({
            "name": "Samtidig register AS", "is_company": True, "customer_rank": 1,
            "country_id": env.ref("base.no").id, "company_registry": number})

    def fetched(self):
        with self.connection() as env:
            return env["kundekartotek.register.entry"].search_count(
                [("number", "in", self.numbers), ("fetched", "!=", False)])

    def test_a_number_is_queued_again_while_its_entry_is_written(self):
        """A file is read in once more while the first reading's numbers are being looked up."""
        with self.connection() as ours:
            ours.execute_query(SQL("SELECT 1"))  # what is committed from here on is not seen
            with self.connection() as theirs:
                entry = theirs["kundekartotek.register.entry"].search([("number", "=", self.numbers[0])])
                entry.next_due = fields.Datetime.now()
            ours["kundekartotek.register.entry"]._insert_due([self.numbers[0]])

    def test_two_workers_never_fetch_the_same_number(self):
        self.server.latency = 0.02
        self.work_at_once("kundekartotek.register.entry", "_cron_fetch")
        self.assertEqual(self.fetched(), len(self.numbers))
        asked = [number for path in self.server.log.paths if "/enheter?" in path
                 for number in self.server.log.summary()["numbers"] if number in path]
        self.assertEqual(len(asked), len(set(asked)), "a number was fetched by both")

    def test_killed_in_the_middle_the_next_run_finishes(self):
        class Killed(BaseException):
            """As a signal: nothing of ours catches it."""

        with self.connection() as env:
            Service, real = type(env["kundekartotek.register.service"]), env["kundekartotek.register.service"]._fetch
            turns = []

            def fetch(service, numbers):
                turns.append(len(numbers))
                if len(turns) == 3:
                    raise Killed
                return real(numbers)

            entries = self.registry["kundekartotek.register.entry"]
            with (patch.object(entries, "_queue_batch", 10), patch.object(Service, "_fetch", fetch),
                  self.assertRaises(Killed)):
                env["kundekartotek.register.entry"]._cron_fetch()
            env.cr.rollback()
        self.assertEqual(self.fetched(), 20)  # two batches are kept
        with self.connection() as env:  # the third is held by nobody living, until its time is out
            env["kundekartotek.register.entry"]._cron_fetch()
        self.assertEqual(self.fetched(), len(self.numbers) - 10)
        with self.connection() as env:
            claimed = env["kundekartotek.register.entry"].search([("claimed_until", "!=", False)])
            claimed.next_due = claimed.claimed_until = fields.Datetime.now() - timedelta(minutes=1)
        with self.connection() as env:
            env["kundekartotek.register.entry"]._cron_fetch()
        self.assertEqual(self.fetched(), len(self.numbers))

    @contextmanager
    def meanwhile(self, do):
        """Somebody else does something, once, while the register is asked."""
        take, done = self.server.faults.take, []

        def first(numbers):
            if not done:
                done.append(True)
                with self.connection() as other:
                    do(other)
            return take(numbers)

        with patch.object(self.server.faults, "take", first):
            yield

    def test_what_becomes_due_while_it_is_asked_is_asked_again(self):
        """Its answer may be from before: a change that the feed tells of must not be lost."""
        number = self.numbers[0]
        entries = self.registry["kundekartotek.register.entry"]
        with (self.meanwhile(lambda env: env["kundekartotek.register.entry"]._enqueue([number], again=True)),
              self.connection() as env, patch.object(entries, "_queue_batch", 20),
              self.assertNoLogs("odoo.sql_db", "ERROR")):
            env["kundekartotek.register.entry"]._cron_fetch()
        self.assertEqual(sum(number in path for path in self.server.log.paths), 2)
        with self.connection() as env:
            entry = env["kundekartotek.register.entry"].search([("number", "=", number)])
            self.assertTrue(entry.fetched and entry.next_due > fields.Datetime.now() + timedelta(days=80))
            self.assertFalse(entry.claimed_until)

    def test_killed_while_asking_it_comes_again_by_itself(self):
        """The claim is the next due time: nobody has to look for claims that ran out."""
        with self.connection() as env:
            entries = env["kundekartotek.register.entry"]
            claimed = entries.browse(entries._claim())
            self.assertEqual(claimed.mapped("next_due"), claimed.mapped("claimed_until"))
            self.assertFalse(entries._count_due())
            env["ir.cron.trigger"].search([]).unlink()
            entries._wake_for_next()
            trigger = env["ir.cron.trigger"].search([])
            self.assertEqual(trigger.call_at, claimed[0].claimed_until)

    def test_feed_and_queue_at_once(self):
        """The feed finds entries due that the queue writes at the same moment: neither loses anything."""
        Feed = self.registry["kundekartotek.register.feed"]
        take, tries = Feed._take, []
        self.addCleanup(self.forget_feed)
        self.forget_feed()
        with self.connection() as env:
            self.create_customer(env, self.numbers[0])

        def take_while_somebody_writes(feed, page):
            tries.append(len(page.events))
            if len(tries) == 1:
                with self.connection() as other:
                    other["kundekartotek.register.entry"]._make_due(SQL("TRUE"))
            return take(feed, page)

        self.server.publish(self.numbers[0], "renamed")
        with (self.connection() as env, patch.object(Feed, "_take", take_while_somebody_writes),
              self.assertNoLogs("odoo.sql_db", "ERROR")):
            env["kundekartotek.register.feed"]._cron_monitor()
        self.assertEqual(tries[0], tries[1])
        with self.connection() as env:
            feed = env["kundekartotek.register.feed"].search([("kind", "=", "unit")])
            self.assertTrue(feed.read_at and feed.matched and not feed.problem)

    def test_full_validation_and_queue_at_once(self):
        """The job's next turn would be a quarter later: it tries again where the queue writes the same entries."""
        with self.connection() as env:
            self.create_customer(env, self.numbers[0])
        entries = self.registry["kundekartotek.register.entry"]
        self.patch_once(entries, "_make_due", lambda env: env["kundekartotek.register.entry"].search(
            [("number", "=", self.numbers[0])]).write({"attempts": 3}))
        self.addCleanup(self.forget_runs)
        with self.connection() as env, mute_logger("odoo.sql_db"):
            env["kundekartotek.register.run"]._cron_validate_all()
        with self.connection() as env:
            run = env["kundekartotek.register.run"].search([("kind", "=", "regular")])
            self.assertEqual(len(run), 1)
            self.assertIn(self.numbers[0], run.line_ids.mapped("number"))

    def test_night_and_queue_at_once(self):
        """What nobody uses is forgotten, and the changes are read, though the queue writes the same entries."""
        self.addCleanup(self.forget_feed)
        self.forget_feed()
        entries = self.registry["kundekartotek.register.entry"]
        self.patch_once(entries, "try_lock_for_update", lambda env: env["kundekartotek.register.entry"].search(
            [("number", "in", self.numbers)]).write({"attempts": 3}))
        with self.connection() as env, mute_logger("odoo.sql_db"):
            env["kundekartotek.register.feed"]._cron_monitor()
        with self.connection() as env:
            self.assertFalse(env["kundekartotek.register.entry"].search([("number", "in", self.numbers)]))
            self.assertTrue(env["kundekartotek.register.feed"].search([("kind", "=", "unit")]).read_at)

    def forget_runs(self):
        with self.connection() as env:
            env["kundekartotek.register.run"].search([("kind", "=", "regular")]).unlink()

    def forget_feed(self):
        with self.connection() as env:
            env["kundekartotek.register.feed"].search([]).unlink()

    def test_one_entry_in_use_costs_no_other_its_answer(self):
        """Somebody else writes an entry at the moment when the answers are written: the rest of the batch is kept."""
        numbers = self.numbers[:8]
        with self.connection() as env:
            env["kundekartotek.register.entry"].search([("number", "not in", numbers)]).next_due = False
        entries = self.registry["kundekartotek.register.entry"]
        store, turns = entries._store, []

        def store_while_somebody_writes(rows, answers):
            if not turns:
                turns.append(len(rows))
                with self.connection() as other:
                    other["kundekartotek.register.entry"]._make_due(SQL("number = %s", numbers[3]))
            return store(rows, answers)

        with (self.connection() as env, patch.object(entries, "_store", store_while_somebody_writes),
              mute_logger("odoo.sql_db")):
            env["kundekartotek.register.entry"]._cron_fetch()
        self.assertEqual(turns, [len(numbers)])
        self.assertEqual(self.fetched(), len(numbers) - 1)
        with self.connection() as env:
            left = env["kundekartotek.register.entry"].search([("number", "=", numbers[3])])
            self.assertTrue(left._is_due_again())

    # -- no lock is held while the register is asked ------------------------------------------------------

    @contextmanager
    def watched(self, env):
        """Look at the locks of a connection whenever the register is asked."""
        pid = env.cr._cnx.info.backend_pid
        seen = []
        take = self.server.faults.take

        def look(numbers):
            with self.registry.cursor() as cr:
                # a transaction that has written or locked a row has an id of its own, and holds its lock
                cr.execute("SELECT count(*) FROM pg_locks WHERE pid = %s AND locktype = 'transactionid'", [pid])
                seen.append(cr.fetchone()[0])
            return take(numbers)

        with patch.object(self.server.faults, "take", look):
            yield seen

    def test_job_holds_no_row_while_it_asks(self):
        entries = self.registry["kundekartotek.register.entry"]
        with self.connection() as env, patch.object(entries, "_queue_batch", 20), self.watched(env) as seen:
            env["kundekartotek.register.entry"]._cron_fetch()
        self.assertGreaterEqual(len(seen), 3)
        self.assertFalse(any(seen))

    def test_feed_holds_no_row_while_it_asks(self):
        self.addCleanup(self.forget_feed)
        self.forget_feed()
        with self.connection() as env, self.watched(env) as seen:
            env["kundekartotek.register.feed"]._cron_monitor()
        self.assertGreaterEqual(len(seen), 2)
        self.assertFalse(any(seen))

    def test_button_and_form_hold_no_row_while_they_ask(self):
        with self.connection() as env:
            customer = self.create_customer(env, self.numbers[0]).id
        with self.connection() as env, self.watched(env) as seen:
            env["res.partner"].browse(customer).action_refresh_register()
        self.assertTrue(seen)
        self.assertFalse(any(seen))
        with self.connection() as env, self.watched(env) as seen:
            env["res.partner"].search_in_register(self.numbers[1])
            env["res.partner"].onchange({"register_choice": self.numbers[1]}, ["register_choice"], {"name": {}})
        self.assertEqual(len(seen), 2)
        self.assertFalse(any(seen))

    def test_saving_does_not_wait_for_the_queue(self):
        """Another transaction holds the entry: whoever saves a customer with that number goes on."""
        with self.connection() as holder:
            holder["kundekartotek.register.entry"].search([("number", "=", self.numbers[2])]).lock_for_update()
            with self.connection() as env:
                env.cr.execute("SET LOCAL lock_timeout = '2s'")
                self.create_customer(env, self.numbers[2])
