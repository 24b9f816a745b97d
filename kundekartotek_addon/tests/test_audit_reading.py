# SPDX-License-Identifier: LGPL-3.0-or-later
from ast import literal_eval

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestAuditReading(KundekartotekCase):
    """The trail read by those who may: in words, by customer and user, and what is unusual in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.partner_id.lang = "en_US"
        cls.Event = cls.env["kundekartotek.audit.event"]
        cls.auditor, cls.officer = cls.make_user("auditor"), cls.make_user("privacy_officer")
        cls.worker = cls.make_user("case_worker", name="Kari Saksbehandler")
        cls.customer = cls.make_customer()
        cls.env.cr.flush()

    def look(self, kind="seen", count=1, customer=None, **values):
        """Looks of Kari, at a customer or at many."""
        customer = customer or self.customer
        self.Event._record(
            [
                {
                    "kind": kind,
                    "origin": "user",
                    "user_res_id": self.worker.id,
                    "user_name": self.worker.name,
                    "res_model": "res.partner",
                    "res_id": customer.id + index,
                    "res_name": customer.name,
                    "customer_res_id": customer.id,
                    "company_res_id": self.env.company.id,
                    **values,
                }
                for index in range(count)
            ]
        )
        return self.Event.search([], order="id desc", limit=1)

    def shown(self, action, user=None):
        return self.Event.with_user(user or self.auditor).search(action["domain"], order="id")

    def test_plain_language(self):
        self.customer.with_user(self.worker).with_context(audit_reason="økt kjøp").ref = "10002"
        self.env.cr.flush()
        event = self.Event.search([("field_name", "=", "ref")], limit=1)
        self.assertEqual(
            event.summary,
            "Kari Saksbehandler changed reference of Fjellbekk Bakeri AS: empty → 10002, «økt kjøp»",
        )
        for kind, _label in self.Event._fields["kind"].selection:
            self.assertIn("Kari Saksbehandler", self.look(kind).summary)

    def test_timeline_of_a_customer(self):
        contact = self.env["res.partner"].create({"name": "Ola", "parent_id": self.customer.id})
        other = self.make_customer("Annen AS")
        self.env.cr.flush()
        contact.email = "ola@fjellbekk.example"
        gone = self.make_customer("Fjellbekk")
        self.env.cr.flush()
        gone_id = gone.id
        self.env["base.partner.merge.automatic.wizard"]._merge([self.customer.id, gone.id], self.customer)
        self.env.cr.flush()
        action = self.customer.with_user(self.auditor).action_audit_timeline()
        self.assertEqual(action["display_name"], "History of Fjellbekk Bakeri AS")
        events = self.shown(action)
        self.assertEqual(events[0].display_name, events[0].summary)
        self.assertLessEqual({self.customer.id, contact.id, gone_id}, set(events.mapped("res_id")))
        self.assertNotIn(other.id, events.mapped("customer_res_id"))

    def test_who_has_seen(self):
        seen = self.look()
        export = self.look(
            "exported",
            res_id=0,
            customer_res_id=None,
            details={"ids": [self.customer.id, self.customer.id + 1]},
        )
        self.look("exported", res_id=0, customer_res_id=None, details={"ids": [self.customer.id + 1]})
        self.look(customer=self.make_customer("Annen AS"))
        events = self.shown(self.customer.with_user(self.officer).action_audit_seen(), self.officer)
        self.assertEqual(events, seen + export)

    def test_what_a_user_has_seen(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.audit_event_action_user")
        self.look(count=3)
        self.look("changed")
        domain = action["domain"].replace("active_ids", str(self.worker.ids))
        self.assertEqual(len(self.Event.with_user(self.auditor).search(literal_eval(domain))), 3)
        self.assertEqual(
            self.Event.with_user(self.auditor).search_count(
                [("user_id", "=", self.worker.id), ("kind", "=", "seen")]
            ),
            3,
        )

    def test_not_for_those_it_watches(self):
        for role in ("administrator", "credit_manager", "reader"):
            customer = self.customer.with_user(self.make_user(role))
            for method in ("action_audit_timeline", "action_audit_seen"):
                with self.assertRaises(AccessError):
                    getattr(customer, method)()
            with self.assertRaises(AccessError):
                self.env["kundekartotek.audit.verify"].with_user(customer.env.user).new({}).action_verify()

    def test_views_open(self):
        for model in ("kundekartotek.audit.event", "kundekartotek.audit.seal", "kundekartotek.audit.verify"):
            views = (
                self.env[model]
                .with_user(self.auditor)
                .get_views([(False, "list"), (False, "form"), (False, "search")])
            )
            self.assertTrue(views["views"])
        self.look(count=2)
        self.Event.with_user(self.auditor).web_search_read(
            [], {"summary": {}, "company_id": {"fields": {"display_name": {}}}, "field_label": {}}, limit=80
        )

    def test_verify_wizard(self):
        self.look()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env["kundekartotek.audit.seal"].with_env(self.env(cr=cr))._cron_seal()
        self.env.invalidate_all()
        wizard = self.env["kundekartotek.audit.verify"].with_user(self.auditor).create({})
        wizard.action_verify()
        self.assertEqual(wizard.state, "ok", wizard.message)
        wizard.known_seal = "0" * 64
        wizard.action_verify()
        self.assertEqual(wizard.state, "broken")
        self.assertIn("not in the trail", wizard.message)

    def test_verify_wizard_says_which_company(self):
        """It never verifies another company than the one that is on the screen."""
        other = self.env["res.company"].create({"name": "Andre AS"})
        self.auditor.company_ids += other
        wizard = self.env["kundekartotek.audit.verify"].with_user(self.auditor).with_context(
            allowed_company_ids=self.env.company.ids).create({"company_id": other.id})
        with self.assertRaisesRegex(UserError, "switched on"):
            wizard.action_verify()
        wizard.with_context(allowed_company_ids=[other.id, self.env.company.id]).action_verify()
        self.assertEqual(wizard.state, "new")
        self.assertIn("Nothing has been sealed yet", wizard.message)

    # -- unusual reading -----------------------------------------------------------------------------

    def unusual(self):
        self.Event._cron_unusual()
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "res.partner"),
                ("res_id", "=", self.worker.partner_id.id),
                ("user_id", "=", self.officer.id),
            ]
        )

    def not_at_night(self):
        self.env.company.write({"audit_night_from": 0, "audit_night_to": 0})

    def test_many_cards(self):
        self.not_at_night()
        self.env.company.audit_cards_per_hour = 50
        self.look(count=49)
        self.look(count=40)
        self.assertFalse(self.unusual())
        self.look(count=50)
        activity = self.unusual()
        self.assertEqual(len(activity), 1)
        self.assertIn("50", activity.note)
        self.assertEqual(self.unusual(), activity)

    def test_night(self):
        """Any hour can be night: the whole day but this hour is not, and then this hour is."""
        self.look()
        self.env.cr.execute("SELECT extract(hour FROM clock_timestamp() AT TIME ZONE 'Europe/Oslo')::int")
        hour = self.env.cr.fetchone()[0]
        self.env.company.partner_id.tz = "Europe/Oslo"
        self.env.company.write({"audit_night_from": (hour + 1) % 24, "audit_night_to": hour})
        self.assertFalse(self.unusual())
        self.env.company.write({"audit_night_from": hour, "audit_night_to": (hour + 1) % 24})
        self.assertEqual(len(self.unusual()), 1)

    def test_export_of_everything(self):
        self.not_at_night()
        for index in range(9):
            self.make_customer(f"Kunde {index}")
        customers = self.env["res.partner"].search([("customer_rank", ">", 0)])
        self.look("exported", res_id=0, details={"ids": customers.ids[: len(customers) // 2]})
        self.assertFalse(self.unusual())
        self.look("exported", res_id=0, details={"ids": customers.ids[: len(customers) // 3]})
        self.assertFalse(self.unusual(), "the same ones again")
        self.look("exported", res_id=0, details={"ids": customers.ids[len(customers) // 2 :]})
        self.assertEqual(len(self.unusual()), 1, "piece by piece")

    def test_list_of_everything(self):
        """Read as lists, page by page or at once, it is all the same taken away."""
        self.not_at_night()
        self.env.company.audit_cards_per_hour = 5
        for index in range(19):
            self.make_customer(f"Kunde {index}")
        count = self.env["res.partner"].search_count([("customer_rank", ">", 0)])
        for offset in (0, 0):
            self.look(res_id=0, details={"method": "search_read", "offset": offset, "rows": count // 2})
        self.assertFalse(self.unusual(), "the same page again")
        self.look(res_id=0, details={"method": "search_read", "offset": count // 2, "rows": count - count // 2})
        self.assertEqual(len(self.unusual()), 1)

    def test_somebody_else_is_told(self):
        """Where nobody but the reader himself is privacy officer."""
        self.not_at_night()
        self.env.company.audit_cards_per_hour = 5
        role = self.env.ref("kundekartotek_addon.group_privacy_officer")
        (role.all_user_ids - self.officer).group_ids -= role
        self.worker = self.officer
        self.look(count=5)
        self.assertFalse(self.unusual(), "he himself")
        told = self.env["mail.activity"].search([("res_id", "=", self.officer.partner_id.id)]).user_id
        self.assertEqual(told, self.env.ref("kundekartotek_addon.group_auditor").all_user_ids - self.officer)
        self.assertIn(self.auditor, told)

    def test_told_in_his_language(self):
        self.not_at_night()
        self.env["res.lang"]._activate_lang("nb_NO")
        self.officer.lang = "nb_NO"
        self.env.company.audit_cards_per_hour = 1000
        self.look(count=1200)
        activity = self.unusual()
        self.assertEqual(activity.summary, "Uvanlig lesing: Mange kundekort er åpnet")
        self.assertIn("Mange kundekort er åpnet: 1&nbsp;200", activity.note)
