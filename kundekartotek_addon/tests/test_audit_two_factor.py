# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import time
from unittest.mock import patch

from passlib.totp import TOTP

from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.http import Request
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.audit import audit_looks
from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestAuditTwoFactor(KundekartotekCase, HttpCase):
    """Two factors for the sensitive functions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.auditor = cls.make_user("auditor", password="kundekartotek_auditor", name="Rita Revisor")
        cls.exporter = cls.make_user("case_worker", password="kundekartotek_case_worker")
        cls.exporter.group_ids += cls.env.ref("base.group_allow_export") + cls.env.ref(
            "kundekartotek_addon.group_customer_export")
        cls.customer = cls.make_customer()
        cls.customer.ref = "4711"
        cls.env.cr.flush()

    def test_odoo_s_module_is_there(self):
        """Every new database has it; the tests of this class are nothing without."""
        self.assertIn("totp_enabled", self.env["res.users"]._fields, "install auth_totp to run these tests")
        self.assertTrue(self.env["res.users"]._two_factor_possible())

    def turn_on(self, user):
        """As the user does in his preferences: a secret, and the first code of it."""
        totp = TOTP.new()
        self.assertTrue(user.with_user(user)._totp_try_setting(totp.base32_key, int(totp.generate().token)))
        return totp

    def sensitive(self):
        """Everything that is refused: what it is called, and how it is called."""
        Archive = self.env["kundekartotek.audit.archive"].with_user(self.auditor)
        Verify = self.env["kundekartotek.audit.verify"].with_user(self.auditor)
        Event = self.env["kundekartotek.audit.event"].with_user(self.auditor)
        self.company.customer_export_restricted = True
        return {
            "trail: list": lambda: Event.search([], limit=1),
            "trail: read": lambda: Event.browse(Event.sudo().search([], limit=1).id).read(["kind"]),
            "trail: groups": lambda: Event.formatted_read_group([], ["kind"], ["__count"]),
            "timeline": self.customer.with_user(self.auditor).action_audit_timeline,
            "who has seen": self.customer.with_user(self.auditor).action_audit_seen,
            "archive": lambda: Archive.create({}).action_make(),
            "verify an archive": lambda: Archive.create({"file": "eA=="}).action_verify(),
            "verify": lambda: Verify.create({}).action_verify(),
            "export": lambda: self.customer.with_user(self.exporter).export_data(["name"]),
        }

    def assertPasses(self, call):
        """It is done, or refused for another reason: nothing is sealed yet, the file is no archive."""
        with contextlib.suppress(UserError):
            call()

    def test_refused_with_the_way_to_turn_it_on(self):
        for name, call in self.sensitive().items():
            with self.subTest(name):
                self.company.two_factor_required = False
                self.assertPasses(call)
                self.company.two_factor_required = True
                with self.assertRaises(RedirectWarning) as refusal:
                    call()
                message, action, button, context = refusal.exception.args
                self.assertIn("Two-factor Authentication", message)
                self.assertEqual(action, self.env.ref("base.action_res_users_my").id)
                self.assertTrue(button)
                self.assertIn(context["res_id"], (self.auditor.id, self.exporter.id))

    def test_with_two_factors(self):
        calls = self.sensitive()
        self.company.two_factor_required = True
        self.turn_on(self.auditor)
        self.turn_on(self.exporter)
        for name, call in calls.items():
            with self.subTest(name):
                self.assertPasses(call)

    def test_signed_in_by_password_and_code(self):
        """The whole way, as a person goes it: refused, turned on, signed in with both factors, let in."""
        self.startPatcher(patch.object(audit_looks, "write_looks", lambda dbname, looks: None))
        self.company.two_factor_required = True
        self.authenticate(self.auditor.login, self.auditor.login)
        self.assertIn("Two-factor", self.read_trail()["error"]["data"]["message"])
        totp = self.turn_on(self.auditor)
        self.env.flush_all()
        self.authenticate(None, None)
        page = self.url_open("/web/login", data={
            "csrf_token": Request.csrf_token(self), "login": self.auditor.login, "password": self.auditor.login})
        self.assertIn("/web/login/totp", page.url)
        self.assertEqual(self.read_trail()["error"]["data"]["name"], "odoo.http.SessionExpiredException")
        self.url_open("/web/login/totp", data={
            "csrf_token": Request.csrf_token(self), "totp_token": totp.generate(time.time() + 30).token})
        self.assertTrue(self.read_trail()["result"]["length"])

    def read_trail(self):
        with mute_logger("odoo.http"):
            return self.url_open("/web/dataset/call_kw/kundekartotek.audit.event/web_search_read", json={"params": {
                "model": "kundekartotek.audit.event", "method": "web_search_read", "args": [[]],
                "kwargs": {"specification": {"kind": {}}}}}).json()

    def test_daily_work_goes_on(self):
        self.company.two_factor_required = True
        self.customer.with_user(self.exporter).write({"phone": "22 22 22 22"})
        self.customer.with_user(self.auditor).read(["name"])
        self.env["kundekartotek.audit.seal"]._companies_to_seal()  # a job runs as nobody

    def test_settings_show_who_lacks_it(self):
        settings = self.env["res.config.settings"].create({})
        self.assertIn(self.auditor, settings.two_factor_missing_ids)
        self.assertIn(self.exporter, settings.two_factor_missing_ids)
        self.turn_on(self.auditor)
        missing = self.env["res.config.settings"].create({}).two_factor_missing_ids
        self.assertNotIn(self.auditor, missing)
        self.assertIn(self.exporter, missing)
        self.assertNotIn(self.make_user("reader"), missing, "not sensitive")

    def test_not_demanded_where_nobody_can_have_it(self):
        with patch.object(self.registry["res.users"], "_two_factor_possible", lambda self: False), \
                self.assertRaisesRegex(ValidationError, "install"):
            self.company.two_factor_required = True

    def test_signing_in_is_recorded(self):
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        Event = self.env["kundekartotek.audit.event"]
        last = Event.search([], order="id desc", limit=1).id
        self.authenticate(self.auditor.login, self.auditor.login)
        self.make_jsonrpc_request("/web/dataset/call_kw/kundekartotek.audit.event/web_search_read", {
            "model": "kundekartotek.audit.event", "method": "web_search_read", "args": [[]],
            "kwargs": {"specification": {"kind": {}}}})
        for _attempt in range(100):
            self.env.invalidate_all()
            events = Event.search([("id", ">", last), ("kind", "=", "signed_in")])
            if events:
                break
            with self.allow_requests(all_requests=True):
                time.sleep(0.02)
        self.assertRecordValues(events, [{
            "user_res_id": self.auditor.id, "res_model": "res.users", "res_id": self.auditor.id,
            "new_value": "The audit trail", "superuser": False}])
        self.assertRegex(events.summary, "Rita Revisor signed in to The audit trail")
