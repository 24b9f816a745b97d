# SPDX-License-Identifier: LGPL-3.0-or-later
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.audit.audit_seal import SEAL_CONTENT, digest
from .common import KundekartotekCase


class Rollback(Exception):
    pass


class AuditSealCase(KundekartotekCase):
    """Chains of two companies that nothing but the test writes to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event, cls.Seal = cls.env["kundekartotek.audit.event"], cls.env["kundekartotek.audit.seal"]
        # Chains of their own, that nothing but the test writes to.
        cls.company = cls.env["res.company"].create({"name": "Seglet AS"})
        cls.other = cls.env["res.company"].create({"name": "Andre AS"})
        cls.env.cr.flush()
        cls.env.cr.execute("SET LOCAL kundekartotek.retention = 'on'")
        cls.env.cr.execute(
            SQL(
                "DELETE FROM kundekartotek_audit_event WHERE company_res_id IN %s",
                (cls.company + cls.other)._ids,
            )
        )
        cls.env.cr.execute("SET LOCAL kundekartotek.retention = ''")

    def add(self, *values, company=None, kind="changed", user="Kari"):
        """Events of our company; returns their ids."""
        last = self.Event.search([], order="id desc", limit=1).id
        self.Event._record(
            [
                {
                    "kind": kind,
                    "origin": "user",
                    "user_name": user,
                    "res_model": "res.partner",
                    "res_id": index,
                    "new_value": value,
                    "company_res_id": (company or self.company).id,
                }
                for index, value in enumerate(values)
            ]
        )
        return self.Event.search([("id", ">", last)], order="id").ids

    def seal(self):
        self.run_job("_cron_seal")

    def run_job(self, method):
        """Jobs commit, so they get a cursor of their own, as the scheduler gives them."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            getattr(self.Seal.with_env(self.env(cr=cr)), method)()
        self.env.invalidate_all()

    def verify(self, known=None):
        return self.Seal._verify(self.company.id, known)

    @contextmanager
    def tampering(self):
        """As the database's superuser, with every trigger off; taken back at the end."""
        with self.assertRaises(Rollback), self.env.cr.savepoint():
            self.env.cr.execute("SET LOCAL session_replication_role = replica")
            for table in ("event", "seal"):
                self.env.cr.execute(
                    SQL("ALTER TABLE %s DISABLE TRIGGER USER", SQL.identifier(f"kundekartotek_audit_{table}"))
                )
            yield self.env.cr
            raise Rollback

    def assertProblem(self, kind, event_id=None, seal=None, known=None):
        self.assertEqual(self.verify(known)["problem"], {"kind": kind, "event_id": event_id, "seal": seal})

    def age(self, ids, date):
        """Let events be of another day, before they are sealed."""
        self.env.cr.execute("SET LOCAL session_replication_role = replica")
        self.env.cr.execute("ALTER TABLE kundekartotek_audit_event DISABLE TRIGGER USER")
        self.env.cr.execute("UPDATE kundekartotek_audit_event SET date = %s WHERE id = ANY(%s)", [date, ids])
        self.env.cr.execute(
            "ALTER TABLE kundekartotek_audit_event ENABLE ALWAYS TRIGGER kundekartotek_forbid_change"
        )
        self.env.cr.execute(
            "ALTER TABLE kundekartotek_audit_event ENABLE ALWAYS TRIGGER kundekartotek_forbid_truncate"
        )
        self.env.cr.execute("SET LOCAL session_replication_role = origin")

    def expire(self):
        self.run_job("_cron_expire")


@tagged("post_install", "-at_install")
class TestAuditSeal(AuditSealCase):
    """The chain of seals, and what an administrator of the database cannot do unseen."""

    # -- sealing -------------------------------------------------------------------------------------

    def test_chain(self):
        first = self.add("a", "b")
        self.seal()
        second = self.add("c")
        self.add("elsewhere", company=self.other)
        self.seal()
        self.seal()
        seals = self.Seal.search([("company_res_id", "=", self.company.id)], order="number")
        self.assertRecordValues(
            seals,
            [
                {
                    "number": 1,
                    "event_count": 2,
                    "first_event_id": first[0],
                    "last_event_id": first[1],
                    "previous": False,
                },
                {
                    "number": 2,
                    "event_count": 1,
                    "first_event_id": second[0],
                    "last_event_id": second[0],
                    "previous": seals[0].seal,
                },
            ],
        )
        self.assertEqual(self.verify(), {"seals": 2, "events": 3, "last": seals[1].seal, "problem": None})
        self.assertIsNone(self.Seal._verify(self.other.id)["problem"])

    def test_late_commit_is_sealed_next_time(self):
        """An event whose id was taken early and whose transaction ended late is not passed over."""
        early, late = self.add("early", "late")
        with self.tampering() as cr:
            cr.execute(
                "CREATE TEMP TABLE parked AS SELECT * FROM kundekartotek_audit_event WHERE id = %s", [early]
            )
            cr.execute("DELETE FROM kundekartotek_audit_event WHERE id = %s", [early])
            self.seal()
            cr.execute("INSERT INTO kundekartotek_audit_event SELECT * FROM parked")
            self.seal()
            seals = self.Seal.search([("company_res_id", "=", self.company.id)], order="number")
            self.assertEqual(seals.mapped("first_event_id"), [late, early])
            self.assertIsNone(self.verify()["problem"])

    def test_blocks(self):
        ids = self.add(*map(str, range(2500)))
        self.seal()
        seals = self.Seal.search([("company_res_id", "=", self.company.id)], order="number")
        self.assertEqual(seals.mapped("event_count"), [1000, 1000, 500])
        self.assertEqual(seals[-1].last_event_id, ids[-1])
        self.assertEqual(self.verify()["events"], 2500)

    def test_any_text_is_sealed(self):
        self.add(
            '"\\u0000\\',
            "a\x00b",
            "\u202egnp.exe",
            "😀" * 100,
            "<img src=x onerror=alert(1)>",
            "x" * 10000,
            "\\\\u0000",
        )
        self.assertEqual(self.Event.search([], limit=6, order="id desc")[-1].new_value, "ab")
        self.seal()
        self.assertIsNone(self.verify()["problem"])

    def test_nobody_changes_seals(self):
        self.add("a")
        self.seal()
        seal = self.Seal.search([], limit=1).sudo()
        for method, *arguments in [("write", {"seal": "x"}), ("unlink",), ("create", [{}]), ("copy",)]:
            with self.assertRaises(AccessError):
                getattr(seal, method)(*arguments)
        for statement in (
            "UPDATE kundekartotek_audit_seal SET seal = ''",
            "DELETE FROM kundekartotek_audit_seal",
            "TRUNCATE kundekartotek_audit_seal",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.InsufficientPrivilege),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    # -- tampering -----------------------------------------------------------------------------------

    def test_tampering_is_found(self):
        """Eighteen ways to change the past, and the first event (or seal) that Verify names."""
        ids = []
        self.add("elsewhere", company=self.other)
        for values in (("a", "b", "c"), ("d", "e"), ("f",)):
            ids += self.add(*values)
            self.seal()
        last = self.verify()["last"]
        known = {f"e{index}": id_ for index, id_ in enumerate(ids)}
        known |= {"ours": self.company.id, "other": self.other.id}
        for statement, kind, event, number in [
            ("UPDATE {event} SET new_value = 'x' WHERE id = %(e1)s", "altered", 1, 1),
            ("UPDATE {event} SET user_name = 'Ola' WHERE id = %(e3)s", "altered", 3, 2),
            ("UPDATE {event} SET user_name = NULL WHERE id = %(e5)s", "altered", 5, 3),
            ("UPDATE {event} SET date = date - interval '1 second' WHERE id = %(e0)s", "altered", 0, 1),
            ("UPDATE {event} SET res_id = 1 - res_id WHERE id IN (%(e0)s, %(e1)s)", "altered", 0, 1),
            ("UPDATE {event} SET company_res_id = %(other)s WHERE id = %(e3)s", "altered", 3, 2),
            ("UPDATE {event} SET id = id + 1000000 WHERE id = %(e4)s", "missing", 4, 2),
            ("DELETE FROM {event} WHERE id = %(e2)s", "missing", 2, 1),
            ("DELETE FROM {event} WHERE id >= %(e4)s", "missing", 4, 2),
            ("TRUNCATE {event}", "missing", 0, 1),
            ("DELETE FROM {seal} WHERE company_res_id = %(ours)s AND number = 2", "chain", None, 2),
            ("DELETE FROM {seal} WHERE company_res_id = %(ours)s AND number = 1", "chain", None, 1),
            (
                "UPDATE {seal} SET date = newest WHERE company_res_id = %(ours)s AND number > 2",
                "chain",
                None,
                3,
            ),
            # two seals changed places, and one taken from another company's chain
            (
                """UPDATE {seal} SET number = -1 WHERE company_res_id = %(ours)s AND number = 1;
                UPDATE {seal} SET number = 1 WHERE company_res_id = %(ours)s AND number = 2;
                UPDATE {seal} SET number = 2 WHERE company_res_id = %(ours)s AND number = -1""",
                "chain",
                None,
                1,
            ),
            (
                """DELETE FROM {seal} WHERE company_res_id = %(ours)s AND number = 2;
                UPDATE {seal} SET company_res_id = %(ours)s, number = 2
                 WHERE company_res_id = %(other)s AND number = 1""",
                "chain",
                None,
                2,
            ),
            # another company's event in the place of ours, and two that changed places
            (
                """DELETE FROM {event} WHERE id = %(e2)s;
                UPDATE {event} SET id = %(e2)s, company_res_id = %(ours)s WHERE company_res_id = %(other)s""",
                "altered",
                2,
                1,
            ),
            (
                """UPDATE {event} SET id = -1 WHERE id = %(e3)s; UPDATE {event} SET id = %(e3)s WHERE id = %(e4)s;
                UPDATE {event} SET id = %(e4)s WHERE id = -1""",
                "altered",
                3,
                2,
            ),
            # an event, and the hash of it that its seal holds
            (
                """UPDATE {event} SET new_value = 'x' WHERE id = %(e0)s;
                UPDATE {seal} SET leaves = sha256('x') || substr(leaves, 33)
                 WHERE company_res_id = %(ours)s AND number = 1""",
                "chain",
                None,
                1,
            ),
        ]:
            statement = statement.format(event="kundekartotek_audit_event", seal="kundekartotek_audit_seal")
            with self.subTest(statement), self.tampering() as cr:
                cr.execute(statement, known)
                self.assertProblem(kind, None if event is None else ids[event], number)
        self.assertEqual(self.verify(last), {"seals": 3, "events": 6, "last": last, "problem": None})

    def test_what_is_no_seal_is_reported(self):
        """What only the owner of the database can write, computed again as its maker would, is told and not raised."""
        ids = self.add("a", "b")
        self.seal()
        resealed = SQL(
            "UPDATE kundekartotek_audit_seal s SET seal = encode(%s, 'hex'), leaves_hash = leaves_hash "
            "WHERE company_res_id = %s", digest(SEAL_CONTENT), self.company.id)
        for columns in (
            "event_ids = NULL",
            "event_ids = ARRAY[NULL, NULL]::integer[]",
            "event_ids = ARRAY[event_ids, event_ids]",
            "event_ids = event_ids[1:1]",
            "event_ids = event_ids || 1",
            "leaves = NULL, leaves_hash = encode(sha256(''::bytea), 'hex')",
            "leaves = leaves || 'x'::bytea, leaves_hash = encode(sha256(leaves || 'x'::bytea), 'hex')",
            "details = NULL",
            "details = '5'",
            """details = '{"looks": 5}'""",
            """details = '{"looks": [[1]]}'""",
            "kind = 'other'",
        ):
            with self.subTest(columns), self.tampering() as cr:
                cr.execute(SQL(
                    "UPDATE kundekartotek_audit_seal SET %s WHERE company_res_id = %s", SQL(columns), self.company.id))
                cr.execute(resealed)
                self.assertProblem("chain", seal=1)
        for details in ("NULL", "'5'", """'{"cutoff": "once"}'""", """'{"cutoff": "2026-13-45T00:00:00"}'"""):
            with self.subTest(details), self.tampering() as cr:
                self.Seal._append(self.company.id, self.Seal._tombstone_content(ids[:1], ["seen"], "2020-01-01"), None)
                cr.execute(SQL("UPDATE kundekartotek_audit_seal SET details = %s WHERE kind = 'tombstone' "
                               "AND company_res_id = %s", SQL(details), self.company.id))
                cr.execute(SQL(
                    "UPDATE kundekartotek_audit_seal s SET seal = encode(%s, 'hex') WHERE kind = 'tombstone' "
                    "AND company_res_id = %s", digest(SEAL_CONTENT), self.company.id))
                cr.execute("DELETE FROM kundekartotek_audit_event WHERE id = %s", [ids[0]])
                self.assertProblem("missing", ids[0], 1)

    def test_seals_outside_the_chain_account_for_nothing(self):
        """Numbers below one, or a second seal of one number, are read by nobody who follows the chain."""
        ids = self.add("a", "b")
        self.seal()
        copy = """INSERT INTO kundekartotek_audit_seal (company_res_id, number, kind, date, horizon, event_ids, oldest,
                      newest, first_event_id, last_event_id, details, seal)
                  SELECT company_res_id, {number}, '{kind}', date, horizon, {ids}, '2001-01-01', '2001-01-01',
                         0, 2147483647, '{{"cutoff": "2002-01-01T00:00:00", "looks": []}}', seal
                    FROM kundekartotek_audit_seal WHERE company_res_id = {company} AND number = 1"""
        with self.tampering() as cr:
            cr.execute(SQL(
                """INSERT INTO kundekartotek_audit_event (date, kind, origin, company_res_id, new_value)
                   SELECT '2001-01-01', kind, origin, company_res_id, 'never happened'
                     FROM kundekartotek_audit_event WHERE id = %s RETURNING id""", ids[0]))
            inserted = cr.fetchone()[0]
            cr.execute(copy.format(number=-1, kind="events", ids=f"ARRAY[{inserted}]", company=self.company.id))
            self.assertProblem("inserted", inserted)
        with self.tampering() as cr:
            for number, kind in ((-2, "events"), (-1, "tombstone")):
                cr.execute(copy.format(number=number, kind=kind, ids=f"ARRAY[{ids[0]}]", company=self.company.id))
            cr.execute("DELETE FROM kundekartotek_audit_event WHERE id = %s", [ids[0]])
            self.assertProblem("missing", ids[0], 1)
        with self.tampering() as cr:
            cr.execute("ALTER TABLE kundekartotek_audit_seal DROP CONSTRAINT kundekartotek_audit_seal_number_uniq")
            cr.execute(copy.format(number=1, kind="events", ids="ARRAY[1]", company=self.company.id))
            self.assertProblem("chain", seal=1)

    def test_inserted_event_is_found(self):
        self.add("a")
        self.seal()
        with self.tampering() as cr:
            cr.execute(
                SQL(
                    """
                INSERT INTO kundekartotek_audit_event (date, kind, origin, company_res_id, new_value)
                SELECT date - interval '1 day', kind, origin, company_res_id, 'never happened'
                  FROM kundekartotek_audit_event WHERE company_res_id = %s LIMIT 1 RETURNING id""",
                    self.company.id,
                )
            )
            inserted = cr.fetchone()[0]
            self.assertProblem("inserted", inserted)
            self.seal()
            self.assertProblem("inserted", inserted)

    def test_what_only_the_mailed_seal_finds(self):
        """The end cut off, and the whole chain made anew: inside the database nothing tells."""
        ids = self.add("a", "b")
        self.seal()
        self.add("c")
        self.seal()
        mailed = self.verify()["last"]
        with self.tampering() as cr:
            cr.execute(
                SQL(
                    "DELETE FROM kundekartotek_audit_seal WHERE company_res_id = %s AND number = 2",
                    self.company.id,
                )
            )
            cr.execute(SQL("DELETE FROM kundekartotek_audit_event WHERE new_value = 'c'"))
            self.assertIsNone(self.verify()["problem"])
            self.assertProblem("unknown", known=mailed)
        with self.tampering() as cr:
            cr.execute(SQL("DELETE FROM kundekartotek_audit_seal WHERE company_res_id = %s", self.company.id))
            cr.execute(SQL("UPDATE kundekartotek_audit_event SET new_value = 'x' WHERE id = %s", ids[0]))
            self.seal()
            self.assertIsNone(self.verify()["problem"])
            self.assertProblem("unknown", known=mailed)
        self.assertIsNone(self.verify(mailed)["problem"])

    # -- the daily seal ------------------------------------------------------------------------------

    def test_seal_is_mailed_once(self):
        self.company.audit_seal_email = "revisor@revisjon.example"
        self.add("a")
        self.seal()
        seal = self.Seal.search([("company_res_id", "=", self.company.id)], limit=1)
        mail = self.env["mail.mail"].search([("email_to", "=", "revisor@revisjon.example")])
        self.assertEqual(len(mail), 1)
        self.assertIn(seal.seal, mail.body_html)
        self.assertEqual(self.company.audit_seal_mailed, seal.number)

    def test_seal_is_mailed_in_the_company_s_language_and_time(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        self.company.audit_seal_email = "revisor@revisjon.example"
        self.company.partner_id.write({"lang": "nb_NO", "tz": "Asia/Tokyo"})
        self.add("a")
        self.seal()
        seal = self.Seal.search([("company_res_id", "=", self.company.id)], limit=1)
        mail = self.env["mail.mail"].search([("email_to", "=", "revisor@revisjon.example")])
        self.assertIn(f"{seal.date + timedelta(hours=9):%d.%m.%Y %H:%M:%S} (Asia/Tokyo)", mail.body_html)
        self.assertIn("ble forseglet", mail.body_html)

    # -- retention -----------------------------------------------------------------------------------

    @freeze_time("2026-07-01 12:00:00")
    def test_retention_of_another_fiscal_year(self):
        """A year that ended yesterday, five years ago: in the company's own time, not in that of the server."""
        self.company.write({"fiscalyear_last_month": "6", "fiscalyear_last_day": 30})
        self.company.partner_id.tz = "Europe/Oslo"
        expired, kept = self.add("of the year that ended", "of the next")
        self.age([expired], "2021-06-30 21:59:59")
        self.age([kept], "2021-06-30 22:00:00")  # midnight in Oslo
        self.seal()
        with freeze_time("2026-06-30 21:30:00"):
            self.expire()
        self.assertEqual(self.Event.search_count([("id", "in", [expired, kept])]), 2, "the year still has a day")
        with freeze_time("2026-06-30 22:30:00"):
            self.expire()
        self.assertEqual(self.Event.search([("id", "in", [expired, kept])]).ids, [kept])
        self.assertIsNone(self.verify()["problem"])

    @freeze_time("2026-11-23")
    def test_retention(self):
        """Looks for twelve months; changes for five years after the end of the fiscal year."""
        old_look, new_look = self.add("old look", "new look", kind="seen")
        old_change, kept_change = self.add("old", "kept")
        self.company.partner_id.tz = "Europe/Oslo"  # an hour before the server's time
        self.age([old_look], "2025-11-22 22:59:59")
        self.age([new_look], "2025-11-22 23:00:00")
        self.age([old_change], "2020-12-31 22:59:59")
        self.age([kept_change], "2020-12-31 23:00:00")
        self.seal()
        self.expire()
        left = self.Event.search([("id", "in", [old_look, new_look, old_change, kept_change])], order="id")
        self.assertEqual(left.ids, [new_look, kept_change])
        tombstones = self.Seal.search(
            [("company_res_id", "=", self.company.id), ("kind", "=", "tombstone")], order="number"
        )
        self.assertEqual(tombstones.mapped("event_count"), [1, 1])
        self.assertEqual(tombstones[0].details["cutoff"], "2025-11-22T23:00:00")
        self.assertEqual(tombstones[1].details["cutoff"], "2020-12-31T23:00:00")
        self.assertIsNone(self.verify()["problem"])
        self.expire()
        self.assertEqual(len(self.Seal.search([("kind", "=", "tombstone")]) & tombstones), 2)
        with self.tampering() as cr:
            cr.execute("DELETE FROM kundekartotek_audit_event WHERE id = %s", [kept_change])
            self.assertProblem("missing", kept_change, 1)

    def test_forged_tombstone(self):
        """One for what has not expired accounts for nothing, whatever it says of itself."""
        now = fields.Datetime.now()
        ids = self.add("fresh", "b") + self.add("two years old", "c")
        self.age(ids[2:], now - timedelta(days=730))
        self.seal()
        for event_id, kinds, cutoff, date in (
            (ids[0], ["changed"], now + timedelta(days=1), now),
            (ids[0], ["changed"], now - timedelta(days=400), now),
            (ids[0], ["seen"], now + timedelta(days=3600), now + timedelta(days=7300)),  # not made yet
            (ids[2], ["changed"], now - timedelta(days=400), now),  # changes are kept for five years
            (ids[2], ["seen"], now - timedelta(days=400), now),  # it was no look
        ):
            with self.subTest(kinds=kinds, cutoff=cutoff), self.tampering() as cr:
                self.Seal._append(self.company.id, self.Seal._tombstone_content([event_id], kinds, cutoff), now)
                self.forge_date(date)
                cr.execute("DELETE FROM kundekartotek_audit_event WHERE id = %s", [event_id])
                self.assertProblem("missing", event_id, 1)

    def forge_date(self, date):
        """Give the last seal another date, and compute it again as its maker would."""
        self.env.cr.execute(SQL(
            """UPDATE kundekartotek_audit_seal SET date = %s, newest = least(newest, %s)
                WHERE company_res_id = %s AND number = (
                    SELECT max(number) FROM kundekartotek_audit_seal WHERE company_res_id = %s)""",
            date, date, self.company.id, self.company.id))
        self.env.cr.execute(SQL(
            """UPDATE kundekartotek_audit_seal s SET seal = encode(%s, 'hex')
                WHERE company_res_id = %s AND kind = 'tombstone'""", digest(SEAL_CONTENT), self.company.id))

    def test_bounds(self):
        """The law's minimum, and a maximum: the calendar that the job reckons with has a first year."""
        for values in ({"audit_change_years": 4}, {"audit_look_months": 0},
                       {"audit_change_years": 2100}, {"audit_look_months": 30000}):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.company.write(values)
                self.env.flush_all()

    def test_access(self):
        """Not even through a button: everything that acts is private."""
        for model in (self.Event, self.Seal):
            own = {
                name
                for cls in type(model).mro()
                if cls.__module__.startswith("odoo.addons.kundekartotek_addon")
                for name, value in vars(cls).items()
                if callable(value) and not name.startswith("_")
            }
            self.assertLessEqual(own, {"create", "write", "unlink", "init", "export_data"}, model._name)
