# SPDX-License-Identifier: LGPL-3.0-or-later
import json
import time
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.audit import audit_looks
from .common import AS_A_BROWSER, KundekartotekCase


@tagged("post_install", "-at_install")
class TestAuditLooks(KundekartotekCase, HttpCase):
    """Who looked: over the routes that people and programs use."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.company.partner_id.lang = "en_US"
        cls.Event = cls.env["kundekartotek.audit.event"]
        cls.customer = cls.make_customer()
        cls.other = cls.make_customer("Havørn Fisk AS")
        cls.user = cls.make_user(
            "case_worker", name="Kari Saksbehandler", password="kundekartotek_case_worker"
        )
        cls.env.cr.flush()

    def setUp(self):
        super().setUp()
        self.start = self.Event.search([], order="id desc", limit=1).id
        # What the test has not committed is visible through the test's cursor only.
        cursor = patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor())
        self.startPatcher(cursor)

    def looks(self, count, **values):
        """The looks since the test began; the server writes them when it has answered."""
        domain = [("id", ">", self.start), ("kind", "in", ("seen", "searched", "exported", "printed"))]
        domain += [(name, "=", value) for name, value in values.items()]
        for _attempt in range(50):
            self.env.invalidate_all()
            found = self.Event.search(domain, order="id")
            if count and len(found) >= count:
                break
            with self.allow_requests(all_requests=True):
                time.sleep(0.02)
        self.assertEqual(len(found), count, found.mapped("new_value"))
        return found

    def call(self, method, *args, model="res.partner", **kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs},
        )

    def test_opening_a_card(self):
        self.authenticate(self.user.login, self.user.login)
        self.call("web_read", [self.customer.id], specification={"name": {}, "email": {}})
        event = self.looks(1)
        self.assertRecordValues(
            event,
            [
                {
                    "kind": "seen",
                    "origin": "user",
                    "user_name": "Kari Saksbehandler",
                    "res_model": "res.partner",
                    "res_id": self.customer.id,
                    "res_name": self.customer.name,
                    "customer_res_id": self.customer.id,
                    "address": "127.0.0.1",
                    "superuser": False,
                    "company_res_id": self.env.company.id,
                }
            ],
        )
        self.assertRegex(event.session, "^[0-9a-f]{16}$")
        self.assertNotIn(event.session, self.session.sid)

    def test_once_in_ten_minutes(self):
        self.authenticate(self.user.login, self.user.login)
        for _time in range(3):
            self.call("web_read", [self.customer.id], specification={"name": {}})
        self.call("web_read", [self.other.id], specification={"name": {}})
        self.looks(2)
        self.assertEqual(self.looks(2).mapped("res_id"), [self.customer.id, self.other.id])

    def test_again_after_ten_minutes(self):
        self.Event._record([{"kind": "seen", "origin": "user", "user_res_id": self.user.id,
                             "res_model": "res.partner", "res_id": self.customer.id}])  # fmt: skip
        self.authenticate(self.user.login, self.user.login)
        self.call("web_read", [self.customer.id], specification={"name": {}})
        self.call("web_read", [self.other.id], specification={"name": {}})
        self.assertEqual(self.looks(2)[1].res_id, self.other.id)
        with patch.object(audit_looks, "WINDOW", "0 seconds"):
            self.call("web_read", [self.customer.id], specification={"name": {}})
            self.looks(3)

    def test_lists_record_their_domain(self):
        self.authenticate(self.user.login, self.user.login)
        domain = [["name", "ilike", "fjellbekk"], ["is_company", "=", True]]
        result = self.call("web_search_read", domain, specification={"name": {}, "email": {}})
        self.assertEqual(result["length"], 1)
        event = self.looks(1)
        self.assertRecordValues(event, [{"kind": "seen", "res_model": "res.partner", "res_id": 0}])
        self.assertEqual(event.details["method"], "web_search_read")
        self.assertIn("fjellbekk", event.new_value)
        self.call("search_read", [["bank_ids.acc_number", "=", "86011117947"]], fields=["name"])
        event = self.looks(2)[1]
        self.assertEqual((event.kind, event.details["sensitive"]), ("searched", ["bank_ids"]))

    def test_every_way_to_list(self):
        """Whatever method a program takes to get at many, or to find out by trying."""
        self.authenticate(self.user.login, self.user.login)
        found = [["id", "in", [self.customer.id, self.other.id]]]
        self.call("web_name_search", "", {"email": {}, "phone": {}}, domain=found)
        self.assertEqual(self.looks(1).details["rows"], 2)
        self.call("web_name_search", "Fjellbekk", {"display_name": {}})  # a drop-down list
        with mute_logger("odoo.orm.models"), self.assertWarns(DeprecationWarning):
            self.call("read_group", found, ["id"], ["email"])
        self.call("formatted_read_grouping_sets", found, [["email"], ["phone"]])
        self.call("web_read_group", found, ["email"])
        self.assertEqual(self.looks(4)[1:].mapped(lambda e: e.details["method"]), [
            "read_group", "formatted_read_grouping_sets", "web_read_group"])
        for method in ("search_count", "search"):
            self.call(method, [["bank_ids.acc_number", "=like", "86%"]])
        self.call("search_count", [["name", "=", "Fjellbekk"]])
        self.call("name_search", "", [["bank_ids.acc_number", "=like", "8601%"]])
        self.assertEqual(self.looks(7)[4:].mapped("kind"), ["searched"] * 3)

    def test_pages_of_a_list(self):
        self.authenticate(self.user.login, self.user.login)
        for offset in (0, 0, 1):  # the last one is told, and waited for
            self.call("web_search_read", [["is_company", "=", True]], {"email": {}}, offset=offset, limit=1)
        self.assertEqual(self.looks(2).mapped(lambda e: (e.details["offset"], e.details["rows"])), [(0, 1), (1, 1)])

    def test_by_way_of_another_model(self):
        """More than the names of partners: as a card where it is one of theirs, as a list where it is one."""
        self.authenticate("admin", "admin")
        tag = self.env["res.partner.category"].create(
            {"name": "Alle", "partner_ids": [(6, 0, [self.customer.id, self.other.id])]})
        specification = {"partner_ids": {"fields": {"name": {}, "active": {}}}}
        self.call("web_read", tag.ids, model="res.partner.category", specification=specification)
        self.looks(0)
        specification["partner_ids"]["fields"]["email"] = {}
        self.call("web_read", tag.ids, model="res.partner.category", specification=specification)
        self.assertEqual(set(self.looks(2).mapped("res_id")), {self.customer.id, self.other.id})
        self.call("web_search_read", [["id", "=", tag.id]], model="res.partner.category", specification=specification)
        event = self.looks(3)[2]
        self.assertEqual((event.res_model, event.res_id, event.new_value), ("res.partner", 0, "res.partner.category"))
        self.assertEqual(event.details["rows"], 2)

    def test_names_that_tell_more(self):
        """The context of a client puts addresses and e-mails into the names that every list and drop-down shows."""
        self.authenticate(self.user.login, self.user.login)
        self.customer.write({"email": "post@fjell.example", "parent_id": self.other.id})
        self.env.cr.flush()
        shown, of = {"show_address": 1, "show_email": 1}, [("id", "in", (self.customer + self.other).ids)]
        by_parent = [("id", "=", self.customer.id)]
        many = [self.make_customer(f"Mange {index}").id for index in range(11)]
        for names in (
            lambda context: self.call("name_search", "", of, context=context),
            lambda context: self.call("web_name_search", "", {"display_name": {}}, of, context=context),
            lambda context: self.call(
                "web_search_read", [("partner_id", "=", self.user.partner_id.id)],
                {"partner_id": {"fields": {"display_name": {}}, "context": context}}, model="res.users"),
        ):
            names({})
            self.looks(0)
        for count, names in enumerate((
            lambda: self.call("name_search", "", of, context=shown),
            lambda: self.call("web_name_search", "", {"display_name": {}}, of, context=shown),
            lambda: self.call("search_read", [("partner_id", "=", self.user.partner_id.id)], ["partner_id"],
                              model="res.users", context=shown),
            lambda: self.call("web_search_read", [("partner_id", "=", self.user.partner_id.id)], {
                "partner_id": {"fields": {"display_name": {}}, "context": shown}}, model="res.users"),
            lambda: self.call("name_search", "", [("id", "in", many)], context=shown),
            lambda: self.call("get_mention_suggestions", "fjell"),
        ), 1):
            names()
            look = self.looks(count)[-1]
            self.assertEqual((look.kind, look.res_id), ("seen", 0))
            self.assertTrue(look.details["ids"])
            self.assertEqual("rows" in look.details, len(look.details["ids"]) > 10, "typing is no sign")
        self.call("web_search_read", by_parent, {"parent_id": {"fields": {"display_name": {}}}}, context=shown)
        listed, named = self.looks(8)[6:].sorted("res_name")
        self.assertEqual(({"domain", "ids"} & {*listed.details, *named.details}), {"domain", "ids"})

    def test_pages_by_way_of_another_model(self):
        """As many records in each page: each is a look."""
        self.authenticate("admin", "admin")
        tags = self.env["res.partner.category"].create([
            {"name": each.name, "partner_ids": [(6, 0, each.ids)]} for each in self.customer + self.other])
        for tag in (tags[0], tags[0], tags[1]):
            self.call("web_search_read", [["id", "=", tag.id]], model="res.partner.category",
                      specification={"partner_ids": {"fields": {"email": {}}}})
        self.assertEqual(self.looks(2).mapped(lambda e: e.details["ids"]), [self.customer.ids, self.other.ids])

    def test_opened_groups(self):
        self.authenticate(self.user.login, self.user.login)
        result = self.call("web_read_group", [["id", "in", (self.customer + self.other).ids]], ["type"],
                           auto_unfold=True, unfold_read_specification={"email": {}})
        self.assertEqual(len(result["groups"][0]["__records"]), 2)
        self.assertEqual(self.looks(1, new_value="res.partner").details["rows"], 2)

    def test_groups_of_another_model(self):
        self.authenticate("admin", "admin")
        self.call("formatted_read_group", [], ["partner_id"], ["__count"], model="sale.report")
        self.call("formatted_read_group", [], ["partner_id.email"], ["__count"], model="sale.report")
        self.assertEqual(self.looks(1).details["groupby"], "email")

    def test_form_that_computes(self):
        """What a form computes from a card is on the card."""
        self.authenticate(self.user.login, self.user.login)
        self.customer.email = "post@fjellbekk.example"
        result = self.call("onchange", self.customer.ids, {}, [], {"email_formatted": {}})
        self.assertIn("post@fjellbekk.example", result["value"]["email_formatted"])
        self.assertRecordValues(self.looks(1), [{"kind": "seen", "res_id": self.customer.id}])

    def test_address_that_says_it_is_another_call(self):
        """What stands behind the question mark of an address is the client's: it makes no list of a card."""
        self.env["ir.config_parameter"].sudo().set_param("web.json.enabled", True)
        self.authenticate("admin", "admin")
        response = self.url_open(
            f"/json/1/kundekartotek/{self.customer.id}?model=res.partner&method=name_search", headers=AS_A_BROWSER)
        self.assertIn(self.customer.name, response.text)
        self.assertIn(self.customer.id, self.looks(1).mapped("res_id"))

    def test_copy_data(self):
        self.authenticate(self.user.login, self.user.login)
        self.call("copy_data", self.customer.ids)
        self.assertRecordValues(self.looks(1), [{"kind": "seen", "res_id": self.customer.id}])

    def test_api_key(self):
        key = (
            self.env["res.users.apikeys"]
            .with_user(self.user)
            ._generate(None, "Regnskapsbro", fields.Datetime.now() + timedelta(days=1))
        )
        response = self.url_open(
            "/json/2/res.partner/read",
            json={"ids": [self.customer.id, self.other.id], "fields": ["name", "vat"]},
            headers={"Authorization": f"bearer {key}"},
        )
        self.assertEqual(response.status_code, 200)
        events = self.looks(2)
        self.assertEqual(events.mapped("res_id"), [self.customer.id, self.other.id])
        self.assertEqual(set(events.mapped(lambda e: (e.origin, e.origin_name, e.user_res_id))),
                         {("api", "Regnskapsbro", self.user.id)})  # fmt: skip
        response = self.url_open(
            "/json/2/res.partner/write",
            json={"ids": self.customer.ids, "vals": {"ref": "4711"}},
            headers={"Authorization": f"bearer {key}"},
        )
        self.assertEqual(response.status_code, 200)
        event = self.Event.search([("id", ">", self.start), ("field_name", "=", "ref")])
        self.assertRecordValues(
            event,
            [
                {
                    "origin": "api",
                    "origin_name": "Regnskapsbro",
                    "user_res_id": self.user.id,
                    "new_value": "4711",
                }
            ],
        )

    def test_xmlrpc(self):
        with mute_logger("odoo.addons.rpc.controllers.xmlrpc", "odoo.http"):
            self.xmlrpc_object.execute_kw(
                self.env.cr.dbname, self.user.id, self.user.login, "res.partner", "read",
                [self.customer.ids, ["name"]])  # fmt: skip
        event = self.looks(1)
        self.assertRecordValues(
            event, [{"kind": "seen", "origin": "api", "user_res_id": self.user.id, "address": False}]
        )

    def test_web_write_and_portal(self):
        portal = new_test_user(self.env, "kunde_portal", groups="base.group_portal", password="kunde_portal")
        self.authenticate("kunde_portal", "kunde_portal")
        portal.partner_id.with_user(portal).sudo().email = "portal@kunde.example"
        self.call("read", portal.partner_id.ids, ["name"])
        self.assertRecordValues(self.looks(1), [{"origin": "portal", "user_res_id": portal.id}])
        self.authenticate(self.user.login, self.user.login)
        self.call("web_save", self.customer.ids, {"ref": "5"}, specification={"name": {}})
        event = self.Event.search([("id", ">", self.start), ("field_name", "=", "ref")])
        self.assertRecordValues(
            event, [{"origin": "user", "user_name": "Kari Saksbehandler", "address": "127.0.0.1"}]
        )
        self.looks(2)

    def test_export(self):
        self.user.group_ids += self.env.ref("base.group_allow_export")
        self.authenticate(self.user.login, self.user.login)
        ids = [self.customer.id, self.other.id]
        response = self.url_open(
            "/web/export/csv",
            data={
                "csrf_token": Request.csrf_token(self),
                "data": json.dumps(
                    {
                        "model": "res.partner",
                        "ids": ids,
                        "domain": [],
                        "import_compat": False,
                        "groupby": [],
                        "fields": [{"name": "name", "label": "Name"}, {"name": "email", "label": "E-mail"}],
                    }
                ),
            },
        )
        self.assertEqual(response.status_code, 200)
        event = self.looks(1, kind="exported")
        self.assertEqual(event.details, {"fields": ["name", "email"], "ids": ids})
        self.assertRegex(event.new_value, "^2 records: Name, Email$")
        self.user.with_user(self.user).partner_id.export_data(["name"])
        self.looks(2, kind="exported")

    def test_export_by_way_of_another_model(self):
        """More than the names of partners is an export of partners, whatever list it begins with."""
        tag = self.env["res.partner.category"].create({"name": "Alle", "partner_ids": [(6, 0, self.customer.ids)]})
        tag.export_data(["name", "partner_ids/name", "partner_ids/email", "partner_ids/phone"])
        event = self.looks(1, kind="exported", res_model="res.partner")
        self.assertEqual(event.details, {"fields": ["email", "phone"], "ids": self.customer.ids})
        self.assertIn(event, self.Event.search(self.Event._seen_domain(self.customer.id)))

    def test_print(self):
        report = self.env["ir.actions.report"].create({
            "name": "Kundekort", "model": "res.partner", "report_type": "qweb-html",
            "report_name": "kundekartotek_addon.test_report"})  # fmt: skip
        self.env["ir.ui.view"].create({
            "type": "qweb", "key": "kundekartotek_addon.test_report", "name": "test_report",
            "arch": '<t t-name="x"><p t-foreach="docs" t-as="o" t-out="o.name"/></t>'})  # fmt: skip
        self.authenticate(self.user.login, self.user.login)
        response = self.url_open(f"/report/html/{report.report_name}/{self.customer.id},{self.other.id}")
        self.assertIn(self.customer.name, response.text)
        events = self.looks(2, kind="printed")
        self.assertEqual(set(events.mapped("new_value")), {"Kundekort"})
        self.assertEqual(events.customer_id, self.customer + self.other)

    def test_failure_does_not_reach_the_reader(self):
        self.authenticate(self.user.login, self.user.login)
        with (
            patch.object(
                type(self.Event), "_record_looks", side_effect=psycopg2.OperationalError("disk full")
            ),
            self.assertLogs("odoo.addons.kundekartotek_addon.models.audit.audit_looks", "ERROR") as logs,
        ):
            result = self.call("web_read", self.customer.ids, specification={"name": {}})
            self.assertEqual(result[0]["name"], self.customer.name)
            for _attempt in range(50):
                if logs.output:
                    break
                with self.allow_requests(all_requests=True):
                    time.sleep(0.02)
            self.assertIn("could not be recorded", logs.output[0])

    def test_the_reading_transaction_writes_nothing(self):
        """On a replica it could not."""
        self.authenticate(self.user.login, self.user.login)
        cursors = []
        note = audit_looks.note_look

        def watch(records, *args, **kwargs):
            cursors.append(records.env.cr.readonly)
            return note(records, *args, **kwargs)

        with patch.object(audit_looks, "note_look", watch):
            self.call("web_read", self.customer.ids, specification={"name": {}})
        self.looks(1)
        self.assertEqual(cursors, [True])
