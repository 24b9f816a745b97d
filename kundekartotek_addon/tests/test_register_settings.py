# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .register_case import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterSettings(RegisterCase):
    """Switching the register on and off, trying the connection, and the demo's button."""

    def test_settings_are_stored(self):
        settings = self.env["res.config.settings"].create({
            "register_mode": "off", "register_url": "https://register.example/api", "register_interval_days": 30,
            "register_vat_to": "nobody"})
        settings.execute()
        get = self.env["ir.config_parameter"].get_param
        self.assertEqual(get("kundekartotek_addon.register_mode"), "off")
        self.assertEqual(get("kundekartotek_addon.register_url"), "https://register.example/api")
        self.assertEqual(self.Entry._get_interval().days, 30)
        self.assertEqual(self.env.company.register_vat_to, "nobody")
        self.assertEqual(self.env["res.company"].create({"name": "Annen AS"}).register_vat_to, "credit")

    def test_connection(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.action_test_register()["params"]["type"], "success")
        self.server.fail("503")
        answer = settings.action_test_register()["params"]
        self.assertEqual(answer["type"], "danger")
        self.assertIn("cannot be reached", answer["message"])
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "off")
        self.assertEqual(settings.action_test_register()["params"]["type"], "warning")

    def test_how_the_reading_goes(self):
        job = self.env.ref("kundekartotek_addon.ir_cron_register_monitor")
        for fault in (None, "503"):
            self.server.fail(fault) if fault else self.server.reset()
            with self.enter_registry_test_mode():
                job.method_direct_trigger()
            self.env.invalidate_all()
            settings = self.env["res.config.settings"].create({})
            self.assertTrue(settings.register_read_at)
            self.assertEqual(bool(settings.register_problem), bool(fault))
        self.assertIn("cannot be reached", settings.register_problem)

    def test_wrong_address(self):
        self.env["ir.config_parameter"].set_param(
            "kundekartotek_addon.register_url", self.server.register_url + "/feil")
        answer = self.env["res.config.settings"].create({}).action_test_register()["params"]
        self.assertEqual(answer["type"], "danger")
        self.assertIn("did not understand us", answer["message"])

    def test_tomorrows_bankruptcy(self):
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "demo")
        customer = self.make_customer("Fjellbekk Bakeri AS", company_registry="310410004")
        feed = self.env["kundekartotek.register.feed"].search([])
        with self.assertRaises(UserError):
            feed.action_publish_demo_change()  # nobody is known to be in good standing
        self.fetch(customer)
        feed.action_publish_demo_change()
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_register_monitor").method_direct_trigger()
            self.env.ref("kundekartotek_addon.ir_cron_register_fetch").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(customer.register_status, "bankrupt")

    def test_nobody_publishes_outside_the_demo(self):
        with self.assertRaises(UserError):
            self.env["kundekartotek.register.feed"].action_publish_demo_change()
        worker = self.make_user("case_worker")
        with self.assertRaises(AccessError):
            self.env["kundekartotek.register.feed"].with_user(worker).action_publish_demo_change()


@tagged("post_install", "-at_install")
class TestRegisterPortal(RegisterCase, HttpCase):
    """Who is no employee gets nothing of the register, not even of its own card."""

    def test_portal(self):
        customer = self.make_customer("Fjellbekk Bakeri AS", company_registry="310410004")
        self.fetch(customer)
        user = new_test_user(self.env, "register_portal", groups="base.group_portal", password="register_portal")
        user.partner_id.parent_id = customer
        self.authenticate("register_portal", "register_portal")
        for model, method, arguments in (
            ("res.partner", "search_in_register", ["fjellbekk"]),
            ("res.partner", "action_refresh_register", [customer.ids]),
            ("kundekartotek.register.entry", "search_read", [[]]),
            ("kundekartotek.register.change", "search_read", [[]]),
            ("kundekartotek.register.run", "search_read", [[]]),
        ):
            with (self.subTest(method=f"{model}.{method}"), mute_logger("odoo.http"),
                  self.assertRaises(Exception) as caught):
                self.make_jsonrpc_request(f"/web/dataset/call_kw/{model}/{method}", {
                    "model": model, "method": method, "args": arguments, "kwargs": {}})
            self.assertIn("AccessError", str(caught.exception) + repr(getattr(caught.exception, "data", "")))
        self.assertEqual(self.env["kundekartotek.register.entry"].search_count([]), 1)
        names = [name for name in customer._fields if name.startswith("register_")]
        self.assertGreater(len(names), 12)
        self.env.invalidate_all()
        for name in names:
            with self.subTest(field=name), self.assertRaises(AccessError):
                customer.with_user(user).read([name])
