# SPDX-License-Identifier: LGPL-3.0-or-later
import random
import string
from unittest.mock import patch

import openpyxl

from odoo.exceptions import ValidationError
from odoo.tests import HttpCase, tagged
from odoo.tools import html_escape, mute_logger

from ..models.audit import audit_looks
from .common import KundekartotekCase

LONG = "".join(random.Random(1).choices("æøå" + string.ascii_letters + string.digits, k=10_000))  # cannot be packed
EVIL = "<img src=x onerror=window.kundekartotek_hacked=1>"
STORED = {
    "a script": "<script>window.kundekartotek_hacked=1</script>",
    "an image": EVIL,
    "an attribute": "\" onmouseover=\"window.kundekartotek_hacked=1\" x=\"'><svg onload=window.kundekartotek_hacked=1>",
    "a template": "{{7*7}} ${7*7} <t t-out='7*7'/> %(name)s %s {0}",
    "a formula": "=cmd|' /C calc'!A0",
    "right to left": "\u202egnp.exe\u202c \u200f\u200eKunde",
    "emoji": "🐻‍❄️ Bjørn & Sønn 👩‍👩‍👧‍👦",
    "control characters": "a\x01\x0b\x1b[31mb\x7f",
    "half a pair": "Kunde \ufffd",
    "sql": "Robert'); DROP TABLE res_partner;--",
    "combining": "Z̸̨̛a̵̧l̴g̷o̸" * 10,
}
REFUSED = {"ten thousand characters": LONG, "NUL": "Kunde\0AS"}
ROUTES = ("form", "list", "kanban", "timeline")


@tagged("post_install", "-at_install")
class TestAuditHostileNames(KundekartotekCase, HttpCase):
    """Whatever a customer calls himself is kept or refused, and never run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.make_user("case_worker", password="kundekartotek_case_worker")
        cls.auditor = cls.make_user("auditor")
        cls.user.group_ids += cls.env.ref("base.group_allow_export") + cls.env.ref("account.group_account_invoice")

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(audit_looks, "write_looks", lambda dbname, looks: None))

    def call(self, model, method, *args, **kwargs):
        """:return: the answer of the web client's route; an error of the server fails the test"""
        answer = self.url_open(f"/web/dataset/call_kw/{model}/{method}", json={"params": {
            "model": model, "method": method, "args": args, "kwargs": kwargs}}).json()
        self.assertNotIn("error", answer, str(answer)[:1000])
        return answer.get("result")

    def test_stored_and_shown(self):
        self.authenticate(self.user.login, self.user.login)
        for kind, name in STORED.items():
            with self.subTest(kind):
                saved = self.call("res.partner", "web_save", [], {
                    "name": name, "is_company": True, "street": name, "comment": name, "customer_rank": 1,
                    "child_ids": [[0, 0, {"name": name}]]}, specification={"name": {}})[0]
                customer = self.env["res.partner"].browse(saved["id"])
                self.assertEqual(customer.name, name)
                self.call("res.partner", "web_read", customer.ids, specification={"name": {}, "display_name": {}})
                self.call("res.partner", "web_search_read", [["name", "ilike", name]], specification={"name": {}})
                self.call("res.partner", "name_search", name)
                self.call("res.partner", "web_save", customer.ids, {"name": f"{name}2"}, specification={"name": {}})
                self.call("res.partner", "action_archive", customer.ids)
                self.assertTrue(customer.with_user(self.user)._get_vcard_file())
                events = self.env["kundekartotek.audit.event"].with_user(self.auditor).search(
                    self.env["kundekartotek.audit.event"]._customer_domain(customer.id))
                self.assertIn(name, " ".join(events.mapped("summary")))

    def test_refused_in_words(self):
        for kind, name in REFUSED.items():
            for write in (self.make_customer, lambda name: self.user.partner_id.write({"name": name}),
                          lambda name: self.make_customer("x").write({"ref": name}),
                          self.env["res.partner"].name_create):
                with self.subTest(kind), self.assertRaisesRegex(ValidationError, "10,000|10000|NUL"):
                    write(name)
        self.authenticate(self.user.login, self.user.login)
        for name in REFUSED.values():
            with mute_logger("odoo.http"):
                error = self.url_open("/web/dataset/call_kw/res.partner/create", json={"params": {
                    "model": "res.partner", "method": "create", "args": [[{"name": name}]],
                    "kwargs": {}}}).json()["error"]
            self.assertEqual(error["data"]["name"], "odoo.exceptions.ValidationError")

    def test_import_tells_what_was_refused(self):
        result = self.env["res.partner"].with_user(self.user).with_context(import_file=True).load(
            ["name", "customer_rank"], [["God kunde", "1"], [LONG, "1"]])
        self.assertFalse(result["ids"])
        self.assertIn("too long", result["messages"][0]["message"])

    def test_imported(self):
        result = self.env["res.partner"].with_user(self.user).with_context(import_file=True).load(
            ["name", "street", "customer_rank"], [[name, name, "1"] for name in STORED.values()])
        self.assertFalse(result["messages"])
        self.assertEqual(self.env["res.partner"].browse(result["ids"]).mapped("name"), list(STORED.values()))

    def test_longest_that_is_stored(self):
        company = self.make_customer("æ" * 500)
        contact = self.make_customer("ø" * 500, parent_id=company.id, is_company=False)
        self.assertEqual(len(contact.complete_name), 1002)
        self.env.flush_all()

    def test_on_paper_and_in_mails(self):
        company = self.env["res.company"].create({"name": "Papir AS", "country_id": self.norway.id})
        self.env.user.company_ids += company
        env = self.env(context={**self.env.context, "allowed_company_ids": company.ids})
        env["account.chart.template"]._load("no", company, install_demo=False)
        for kind, name in STORED.items():
            with self.subTest(kind):
                customer = self.make_customer(name, email="post@kunde.example").with_env(env)
                invoice = env["account.move"].create({
                    "move_type": "out_invoice", "partner_id": customer.id,
                    "invoice_line_ids": [(0, 0, {"name": name, "price_unit": 1, "tax_ids": False})]})
                invoice.action_post()
                html = env["ir.actions.report"]._render_qweb_html("account.report_invoice", invoice.ids)[0].decode()
                self.assertNotIn("<img src=x", html)
                self.assertNotIn("<svg onload", html)
                self.assertNotIn("<script>window.kunde", html)
                template = env.ref("account.email_template_edi_invoice")
                body = template._render_field("body_html", invoice.ids)[invoice.id]
                self.assertNotIn("<img src=x", body)
                self.assertNotIn("<script>", body)
                statement = env["kundekartotek.statement"].create({"partner_id": customer.id, "company_id": company.id})
                html = env["ir.actions.report"]._render_qweb_html(
                    "kundekartotek_addon.statement_report", statement.ids)[0].decode()
                self.assertIn(html_escape(name)[:8], html)
                self.assertNotIn("<img src=x", html)
                self.assertNotIn("<svg onload", html)
        report = env["kundekartotek.report.aging"]
        sheet = openpyxl.load_workbook(report._report_file("xlsx", {})[1]).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        self.assertLessEqual({STORED["a formula"], EVIL}, {cell.value for cell in cells})
        self.assertNotIn("f", {cell.data_type for cell in cells}, "no formula")
        self.assertFalse([cell.value for cell in cells if cell.hyperlink])
        self.assertTrue(report._report_file("pdf", {})[1].read().startswith(b"%PDF"))

    def test_in_a_browser(self):
        """A case worker and an auditor open what shows the names. A script that runs leaves its mark."""
        self.auditor.password = "kundekartotek_auditor"
        evil = [self.make_customer(name, street=name, email="x@kunde.example") for name in STORED.values()
                if "hacked" in name]
        for customer in evil:
            self.make_customer(f"{customer.name} kontakt", parent_id=customer.id, is_company=False)
            customer.message_post(body=customer.name)
            customer.phone = "22 22 22 22"
        first = evil[1].id
        timeline = self.env.ref("kundekartotek_addon.audit_event_action").path
        pages = {self.user: [
            f"/odoo/customers/{first}", f"/odoo/kundekartotek/{first}", "/odoo/kundekartotek?view_type=list",
            "/odoo/customers?view_type=kanban", "/odoo/customers?view_type=list",
        ], self.auditor: [f"/odoo/{timeline}"]}
        for user, paths in pages.items():
            for path in paths:
                with self.subTest(path):
                    self.browser_js(path, SCRIPT, SHOWN, login=user.login, timeout=90)


SHOWN = "Boolean(document.querySelector('.o_form_view, .o_list_view, .o_kanban_view'))"
SCRIPT = """
setTimeout(() => {
    for (const element of document.querySelectorAll(".o_form_view *, .o_list_view *, .o_kanban_view *")) {
        element.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
    }
    const shown = document.querySelector(".o_form_view, .o_list_view, .o_kanban_view");
    setTimeout(() => {
        if (window.kundekartotek_hacked) {
            console.error("a name was run as a script");
        } else if (!document.body.innerHTML.includes("onerror=window")) {
            console.error("the names are not on the page: " + shown.innerText.slice(0, 300));
        } else {
            console.log("test successful");
        }
    }, 300);
}, 1500);
"""
