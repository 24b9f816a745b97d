# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.audit import audit_looks
from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestAuditAuthor(KundekartotekCase, HttpCase):
    """Who did it, and on whose behalf; and that nobody talks himself out of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["kundekartotek.audit.event"]
        cls.customer = cls.make_customer()
        cls.user = cls.make_user("case_worker", name="Kari Saksbehandler", password="kundekartotek_case_worker")
        cls.env.cr.flush()
        cls.start = cls.Event.search([], order="id desc", limit=1).id

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(audit_looks, "write_looks", lambda dbname, looks: None))

    def events(self, **values):
        domain = [("id", ">", self.start), ("kind", "not in", ("seen", "searched")), ("res_model", "=", "res.partner")]
        return self.Event.search([*domain, *((name, "=", value) for name, value in values.items())], order="id")

    def call(self, method, *args, **kwargs):
        return self.make_jsonrpc_request(f"/web/dataset/call_kw/res.partner/{method}", {
            "model": "res.partner", "method": method, "args": args, "kwargs": kwargs})

    def test_scheduled_job(self):
        job = self.env["ir.cron"].create({
            "name": "Nattlig vask", "model_id": self.env.ref("base.model_res_partner").id, "state": "code",
            "code": f"env['res.partner'].browse({self.customer.id}).write({{'ref': '77'}})", "user_id": self.user.id})
        self.env.flush_all()
        job.method_direct_trigger()
        self.env.invalidate_all()
        event = self.events(field_name="ref")
        self.assertRecordValues(event, [{
            "origin": "job", "origin_name": "Nattlig vask", "user_name": "Kari Saksbehandler", "new_value": "77"}])
        self.assertIn("Nattlig vask", event.summary)

    def test_context_hides_nothing(self):
        """Keys of the context that Odoo itself uses, sent by a client: the change is recorded, as the person's."""
        self.authenticate(self.user.login, self.user.login)
        job = self.env.ref("kundekartotek_addon.ir_cron_audit_seal")
        context = {"_force_unlink": True, "cron_id": job.id, "uid": 1, "module": "kundekartotek_addon",
                   "install_mode": True, "tracking_disable": True, "mail_notrack": True}
        self.call("write", self.customer.ids, {"ref": "66"}, context=context)
        [new_id] = self.call("create", [{"name": "Skjult AS", "ref": "67"}], context=context)
        self.call("web_save", [new_id], {"ref": "68"}, specification={}, context=context)
        self.call("unlink", [new_id], context=context)
        events = self.events()
        self.assertEqual(events.mapped("kind"), ["changed", "created", "changed", "deleted"])
        self.assertEqual(set(events.mapped(lambda e: (e.origin, e.origin_name, e.user_res_id))), {
            ("user", False, self.user.id)})

    def test_another_user_s_rights_over_xmlrpc(self):
        """What code does in another's name is still what the caller did."""
        def as_another(partners):
            return partners.with_user(SUPERUSER_ID).write({"ref": "99"})

        with mute_logger("odoo.addons.rpc.controllers.xmlrpc", "odoo.http"), \
                patch.object(self.registry["res.partner"], "action_archive", as_another):
            self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, self.user.id, self.user.login, "res.partner", "action_archive", [self.customer.ids])
        self.assertRecordValues(self.events(field_name="ref"), [{
            "origin": "api", "user_name": "Kari Saksbehandler", "acting_name": "OdooBot", "new_value": "99"}])

    def test_portal(self):
        """Odoo writes what a portal user enters with access checks off."""
        portal = new_test_user(self.env, "kunde_portal", groups="base.group_portal", password="kunde_portal",
                               name="Per Portal")
        self.env.cr.flush()
        self.authenticate("kunde_portal", "kunde_portal")
        answer = self.url_open("/my/address/submit", data={
            "csrf_token": Request.csrf_token(self), "partner_id": portal.partner_id.id, "address_type": "billing",
            "name": "Per Portal", "email": "per@kunde.example", "phone": "22 22 22 22", "street": "Storgata 1",
            "city": "Oslo", "zip": "0155", "country_id": self.norway.id})
        self.assertEqual(answer.status_code, 200, answer.text[:500])
        event = self.events(res_id=portal.partner_id.id, field_name="street")
        self.assertRecordValues(event, [{
            "origin": "portal", "user_name": "Per Portal", "superuser": True, "new_value": "Storgata 1"}])
