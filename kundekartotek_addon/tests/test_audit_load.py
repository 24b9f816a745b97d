# SPDX-License-Identifier: LGPL-3.0-or-later
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from unittest.mock import patch

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import DummyRLock, Registry
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL

from .common import KundekartotekCase

WORKERS, CUSTOMERS = 8, 200


@tagged("post_install", "-at_install")
class TestAuditLoad(KundekartotekCase):
    """Real connections and real commits: many at once, and one that is killed. What they leave in the
    database is taken away again, the events and seals aside, which nobody can take away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The test runner holds the lock of the registries: other threads would wait for it for ever.
        cls.startClassPatcher(patch.object(Registry, "_lock", DummyRLock()))
        cls.dbname = cls.env.cr.dbname
        with cls.real_env() as env:
            cls.ids = (
                env["res.partner"].create([{"name": f"Last {i}"} for i in range(WORKERS * CUSTOMERS)]).ids
            )
            env.cr.commit()
        cls.addClassCleanup(cls.remove_partners)

    @classmethod
    def remove_partners(cls):
        with cls.real_env() as env:
            env["res.partner"].browse(cls.ids).unlink()
            env.cr.commit()

    @classmethod
    def real_env(cls):
        """A connection of its own, as a worker has it."""

        class RealEnvironment(closing):
            def __enter__(self):
                return api.Environment(self.thing, SUPERUSER_ID, {"tracking_disable": True})

        return RealEnvironment(db_connect(cls.dbname).cursor())

    def committed_events(self, ids, kind="changed"):
        """[(record id, old value, new value)] of the changes that are committed, in their order."""
        with self.real_env() as env:
            return env.execute_query(
                SQL(
                    """SELECT res_id, old_value, new_value FROM kundekartotek_audit_event
                    WHERE res_model = 'res.partner' AND field_name = 'ref' AND kind = %s AND res_id = ANY(%s)
                    ORDER BY id""",
                    kind,
                    list(ids),
                )
            )

    def write_references(self, number):
        """What one worker does: its own customers, twenty to a transaction."""
        with self.real_env() as env:
            mine = self.ids[number * CUSTOMERS : (number + 1) * CUSTOMERS]
            for index, partner in enumerate(env["res.partner"].browse(mine)):
                partner.write({"ref": f"L{partner.id}"})
                if index % 20 == 19:
                    env.cr.commit()

    def seal_until(self, stop):
        """What the job does meanwhile, over and over."""
        while not stop.is_set():
            with self.real_env() as env:
                env["kundekartotek.audit.seal"]._cron_seal()
                env.cr.commit()

    def test_many_writers_and_the_sealer(self):
        """No event is lost, nobody waits for ever, and what was sealed meanwhile is an unbroken chain."""
        stop = threading.Event()
        with ThreadPoolExecutor(WORKERS + 1) as pool:
            sealer = pool.submit(self.seal_until, stop)
            try:
                for work in [pool.submit(self.write_references, number) for number in range(WORKERS)]:
                    work.result(timeout=200)
            finally:
                stop.set()
            sealer.result(timeout=100)
        told = [(id_, new) for id_, _old, new in self.committed_events(self.ids) if new.startswith("L")]
        self.assertEqual(sorted(told), [(id_, f"L{id_}") for id_ in sorted(self.ids)])
        with self.real_env() as env:
            Seal = env["kundekartotek.audit.seal"]
            Seal._cron_seal()
            env.cr.commit()
            for company_id in Seal._companies_to_seal():
                self.assertIsNone(Seal._verify(company_id)["problem"])
                self.assertFalse(Seal._pending(company_id, 1))

    def test_killed_in_the_middle(self):
        """kill -9, five times, at any moment: the database never holds a change or an event alone."""
        seed = random.randrange(1 << 30)
        moments = random.Random(seed)
        for attempt in range(5):
            ids = self.ids[attempt * 100 : attempt * 100 + 100]
            child = os.fork()
            if not child:
                self.write_for_ever(ids)
            time.sleep(0.2 + moments.random() * 0.5)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            with self.real_env() as env:
                kept = dict(
                    env.execute_query(
                        SQL("SELECT id, ref FROM res_partner WHERE id = ANY(%s) AND ref LIKE 'K%%'", ids)
                    )
                )
            told, steps = {}, [event for event in self.committed_events(ids) if event[2].startswith("K")]
            with self.subTest(seed=seed, attempt=attempt):
                self.assertTrue(steps, "nothing was committed in time")
                for id_, old, new in steps:
                    self.assertEqual(old, told.get(id_, old), "each goes on where the one before it ended")
                    told[id_] = new
                self.assertEqual(told, kept)

    def write_for_ever(self, ids):
        """What the child does: writes and commits, until it is killed. It must not touch the parent's
        connections, so it begins with a pool of its own."""
        try:
            sql_db._Pool = None
            with self.real_env() as env:
                for turn in range(10_000):
                    for partner in env["res.partner"].browse(ids):
                        partner.write({"ref": f"K{turn}-{partner.id}"})
                        partner.flush_recordset()
                        if partner.id % 3 == 0:
                            env.cr.commit()
        finally:
            os._exit(1)
