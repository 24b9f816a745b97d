# SPDX-License-Identifier: LGPL-3.0-or-later
import psycopg2

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestAuditEvent(KundekartotekCase):
    """Events are only ever added, by nobody's hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["kundekartotek.audit.event"]
        cls.make_customer()
        cls.env.cr.flush()
        cls.event = cls.Event.search([("kind", "=", "created")], limit=1)

    def test_orm_refuses_everyone(self):
        administrator = self.make_user("administrator")
        for user in (self.env.user, administrator, self.env.ref("base.user_admin")):
            event = self.event.with_user(user).sudo()
            for method, *arguments in [
                ("write", {"new_value": "x"}),
                ("unlink",),
                ("copy",),
                ("create", [{"kind": "seen", "origin": "user"}]),
            ]:
                with self.subTest(user=user.login, method=method), self.assertRaises(AccessError):
                    getattr(event, method)(*arguments)
            self.assertFalse(event.load(["kind", "origin"], [["Seen", "User"]])["ids"])

    def test_database_refuses_everyone(self):
        """Also the superuser, and also where replication switched ordinary triggers off."""
        for prelude in ("SELECT 1", "SET LOCAL session_replication_role = replica"):
            for statement in (
                "UPDATE kundekartotek_audit_event SET new_value = 'x'",
                "UPDATE kundekartotek_audit_event SET new_value = 'x' WHERE false",
                "DELETE FROM kundekartotek_audit_event",
                "TRUNCATE kundekartotek_audit_event CASCADE",
            ):
                with (
                    self.subTest(prelude=prelude, statement=statement),
                    mute_logger("odoo.sql_db"),
                    self.assertRaisesRegex(psycopg2.errors.InsufficientPrivilege, "append-only"),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(prelude)
                    self.env.cr.execute(statement)

    def test_the_job_may_delete_and_only_delete(self):
        self.env.cr.execute("SET LOCAL kundekartotek.retention = 'on'")
        self.env.cr.execute("DELETE FROM kundekartotek_audit_event WHERE id = %s", [self.event.id])
        self.assertEqual(self.env.cr.rowcount, 1)
        for statement in (
            "UPDATE kundekartotek_audit_event SET new_value = 'x'",
            "TRUNCATE kundekartotek_audit_event",
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.InsufficientPrivilege),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_readers(self):
        """Auditors and privacy officers, and not those they audit."""
        for role, allowed in [
            ("auditor", True),
            ("privacy_officer", True),
            ("administrator", False),
            ("credit_manager", False),
            ("case_worker", False),
            ("reader", False),
        ]:
            events = self.Event.with_user(self.make_user(role))
            self.assertEqual(events.has_access("read"), allowed, role)
            for operation in ("write", "create", "unlink"):
                self.assertFalse(events.has_access(operation), role)

    def test_company(self):
        """An auditor sees the events of the companies in view, and those of none."""
        other = self.env["res.company"].create({"name": "Other"})
        self.env.cr.flush()
        auditor = self.make_user("auditor")
        self.Event._record(
            [
                {
                    "kind": "seen",
                    "origin": "user",
                    "company_res_id": company,
                    "res_model": "x",
                    "res_name": name,
                }
                for name, company in [("ours", self.env.company.id), ("theirs", other.id), ("nobody's", None)]
            ]
        )
        self.assertEqual(
            set(self.Event.with_user(auditor).search([("res_model", "=", "x")]).mapped("res_name")),
            {"ours", "nobody's"},
        )

    def test_references_survive_what_they_refer_to(self):
        customer = self.make_customer("Gone AS")
        self.env.cr.flush()
        event = self.Event.search([("res_model", "=", "res.partner"), ("res_id", "=", customer.id)])
        self.assertEqual((event.customer_id, event.user_id), (customer, self.env.user))
        self.assertEqual(self.Event.search([("customer_id", "=", customer.id)]), event)
        self.assertEqual(self.Event.search([("customer_id", "ilike", "Gone")]), event)
        self.assertIn(event, self.Event.search([("user_id", "in", self.env.user.ids)]))
        customer.unlink()
        event.invalidate_recordset()
        self.assertFalse(event.customer_id)
        self.assertEqual(event.res_name, "Gone AS")
        self.assertEqual(event.field_label, False)
