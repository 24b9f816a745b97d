# SPDX-License-Identifier: LGPL-3.0-or-later
import threading
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, fields
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

from .register_case import BrregServer

PARAMETERS = ("kundekartotek_addon.register_mode", "kundekartotek_addon.register_url")


@tagged("post_install", "-at_install")
class TestRegisterWorkers(BaseCase):
    """Several real connections, each a worker that commits. Everything made is removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # The test runner's thread holds the lock for the whole run; our threads need the registry too.
        self.enterContext(patch.object(Registry, "_lock", threading.RLock()))
        self.server = self.enterContext(BrregServer(firms=120, demo=False))
        self.numbers = [number for number in self.server.register.firms.numbers()
                        if "navn" in self.server.register.get(number)][:60]
        self.before = {}
        self.addCleanup(self.clean)
        with self.connection() as env:
            for key, value in zip(PARAMETERS, ("on", self.server.register_url), strict=True):
                self.before[key] = env["ir.config_parameter"].get_param(key)
                env["ir.config_parameter"].set_param(key, value)
            env["kundekartotek.register.entry"].search([]).next_due = False
            env["kundekartotek.register.entry"].create([
                {"number": number, "next_due": fields.Datetime.now() - timedelta(days=1)} for number in self.numbers])

    def clean(self):
        with self.connection() as env:
            env["kundekartotek.register.entry"].search([("number", "in", self.numbers)]).unlink()
            env["res.partner"].search([("name", "=like", "Samtidig register%")]).unlink()
            for key, value in self.before.items():
                env["ir.config_parameter"].set_param(key, value)
            env["ir.cron.trigger"].search([]).unlink()

    @contextmanager
    def connection(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def fetched(self):
        with self.connection() as env:
            return env["kundekartotek.register.entry"].search_count(
                [("number", "in", self.numbers), ("fetched", "!=", False)])

    def work(self, errors):
        try:
            with self.connection() as env:
                env["kundekartotek.register.entry"]._cron_fetch()
        except Exception as error:  # whatever it is, the test shall see it
            errors.append(error)

    def test_two_workers_never_fetch_the_same_number(self):
        self.server.latency = 0.02
        errors = []
        with patch.object(self.registry["kundekartotek.register.entry"], "_queue_batch", 4):
            workers = [threading.Thread(target=self.work, args=(errors,)) for _worker in range(2)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(120)
        self.assertFalse(errors)
        self.assertEqual(self.fetched(), len(self.numbers))
        self.assertGreater(self.server.log.most_at_once, 1, "the workers did not work at the same time")
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
            claimed.claimed_until = fields.Datetime.now() - timedelta(minutes=1)
        with self.connection() as env:
            env["kundekartotek.register.entry"]._cron_fetch()
        self.assertEqual(self.fetched(), len(self.numbers))

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
        with self.connection() as env:
            env["kundekartotek.register.feed"].search([]).unlink()
        with self.connection() as env, self.watched(env) as seen:
            env["kundekartotek.register.feed"]._cron_monitor()
        self.assertGreaterEqual(len(seen), 2)
        self.assertFalse(any(seen))
        with self.connection() as env:
            env["kundekartotek.register.feed"].search([]).unlink()

    def test_button_and_form_hold_no_row_while_they_ask(self):
        with self.connection() as env:
            customer = env["res.partner"].create({
                "name": "Samtidig register AS", "is_company": True, "customer_rank": 1,
                "country_id": env.ref("base.no").id, "company_registry": self.numbers[0]}).id
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
                env["res.partner"].create({
                    "name": "Samtidig register to AS", "is_company": True, "customer_rank": 1,
                    "country_id": env.ref("base.no").id, "company_registry": self.numbers[2]})
