# SPDX-License-Identifier: LGPL-3.0-or-later
import csv
import io
import json
import time
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..controllers.export import neutralise
from ..models.audit import audit_looks
from .common import AS_A_BROWSER, KundekartotekCase

FORMULAS = ["=cmd|' /C calc'!A0", "+1+cmd|'x'!A0", "-2+3", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1",
            "\uff1d1+1", "http://ond.example", "internal:Sheet1!A1"]


@tagged("post_install", "-at_install")
class TestAuditExport(KundekartotekCase, HttpCase):
    """Customers leave in files by those with the right, recorded, and as plain text."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.user = cls.make_user("case_worker", password="kundekartotek_case_worker", name="Kari Saksbehandler")
        cls.user.group_ids += cls.env.ref("base.group_allow_export")
        cls.right = cls.env.ref("kundekartotek_addon.group_customer_export")
        cls.customer = cls.make_customer(email="post@fjellbekk.example")
        cls.contact = cls.make_customer("Bo Bekk", parent_id=cls.customer.id, customer_rank=0, is_company=False)
        cls.supplier = cls.make_customer("Leverandør AS", customer_rank=0)
        cls.env.cr.flush()

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(audit_looks, "write_looks", self.write_looks))
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        self.record = False

    def write_looks(self, dbname, looks, write=audit_looks.write_looks):
        """After the answer, so only where the test waits for it."""
        if self.record:
            write(dbname, looks)

    def export(self, kind, records, fields, groupby=()):
        self.authenticate(self.user.login, self.user.login)
        with mute_logger("odoo.addons.web.controllers.export", "odoo.http"):
            return self.url_open(f"/web/export/{kind}", data={
                "csrf_token": Request.csrf_token(self),
                "data": json.dumps({
                    "model": records._name, "ids": records.ids, "domain": [["id", "in", records.ids]],
                    "import_compat": False, "groupby": list(groupby),
                    "fields": [{"name": name, "label": name, "type": "char"} for name in fields]})})

    def test_off_nothing_changes(self):
        self.assertEqual(self.export("csv", self.customer, ["name"]).status_code, 200)

    def test_only_with_the_right(self):
        self.company.customer_export_restricted = True
        for kind in ("csv", "xlsx"):
            for records in (self.customer, self.contact, self.customer + self.supplier):
                response = self.export(kind, records, ["name", "email"])
                self.assertEqual(response.status_code, 500, "what Odoo answers to an export that is refused")
                self.assertIn("odoo.exceptions.AccessError", response.text)
                self.assertNotIn("fjellbekk.example", response.text)
        self.assertEqual(self.export("csv", self.supplier, ["name"]).status_code, 200, "no customer")
        self.user.group_ids += self.right
        self.record = True
        last = self.env["kundekartotek.audit.event"].search([], order="id desc", limit=1).id
        self.assertEqual(self.export("csv", self.customer, ["name"]).status_code, 200)
        for _attempt in range(100):
            self.env.invalidate_all()
            event = self.env["kundekartotek.audit.event"].search([("id", ">", last), ("kind", "=", "exported")])
            if event:
                break
            with self.allow_requests(all_requests=True):
                time.sleep(0.02)
        self.assertEqual((event.user_name, event.details["ids"]), ("Kari Saksbehandler", self.customer.ids))

    def test_no_way_round(self):
        self.company.customer_export_restricted = True
        order = self.env["sale.order"].create({"partner_id": self.customer.id}).with_user(self.user)
        self.assertTrue(order.export_data(["name", "partner_id", "partner_id/name", "partner_id/id"]))
        for path in ("partner_id/email", "order_line/order_partner_id/phone", "partner_id/bank_ids/acc_number"):
            with self.subTest(path), self.assertRaises(AccessError):
                order.export_data([path])
        with self.assertRaises(AccessError):
            self.customer.with_user(self.user).export_data(["id"])
        with self.assertRaises(AccessError):
            self.customer.with_user(self.user)._get_vcard_file()
        bank = self.env["res.partner.bank"].create({"partner_id": self.customer.id, "acc_number": "86011117947"})
        with self.assertRaises(AccessError):
            bank.with_user(self.user).export_data(["acc_number"])

    def test_lists_as_files(self):
        """Odoo's /json/1 gives lists as files, where it is switched on."""
        self.env["ir.config_parameter"].sudo().set_param("web.json.enabled", True)
        self.user.group_ids += self.env.ref("base.group_system")  # even who sets Odoo up
        self.authenticate(self.user.login, self.user.login)
        address = "/json/1/kundekartotek?view_type=list"
        self.assertIn("Fjellbekk", self.url_open(address, headers=AS_A_BROWSER).text)
        self.company.customer_export_restricted = True
        with mute_logger("odoo.http"):
            response = self.url_open(address, headers=AS_A_BROWSER)
        self.assertRegex(response.text, "Export Customers|Eksporter kunder")  # as the user reads it
        self.assertNotIn("Fjellbekk", response.text)

    def test_workbooks_of_reports(self):
        report = self.env["kundekartotek.report.aging"].with_user(self.user)
        for kind in ("xlsx", "pdf"):
            report._report_file(kind, {})[1].close()
        self.company.customer_export_restricted = True
        for call in (report._report_file, report._download_report):
            with self.assertRaisesRegex(AccessError, "Export Customers"):
                call("xlsx", {})
            self.assertTrue(call("pdf", {}))
        self.user.group_ids += self.right
        report._report_file("xlsx", {})[1].close()

    def test_formulas_are_plain_text(self):
        for number, name in enumerate(FORMULAS):
            # Odoo trims what a person types in a form, not what a program writes
            self.make_customer(f"x{number}").write({"name": name, "comment": name})
        customers = self.env["res.partner"].search([("name", "in", FORMULAS)])
        self.assertEqual(len(customers), len(FORMULAS))
        text = self.export("csv", customers, ["name", "street"]).content.decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
        self.assertEqual(len(rows), len(FORMULAS) + 1)
        for row in rows[1:]:
            self.assertNotIn(row[0][0], "=+-@\t\r\n\uff1d")
        for groupby in ((), ("name",)):
            response = self.export("xlsx", customers, ["name"], groupby)
            self.assertEqual(response.status_code, 200, response.text[:500])
            sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
            cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
            self.assertGreater(len(cells), len(FORMULAS))
            self.assertEqual({cell.data_type for cell in cells} - {"n"}, {"s"}, "no formula")
            self.assertFalse([cell.value for cell in cells if cell.hyperlink])

    def test_what_is_harmless_stays(self):
        for value in ("Fjellbekk", "", -5, None, False, 3.5):
            self.assertEqual(neutralise(value), value)
        response = self.export("xlsx", self.customer, ["name", "customer_rank"])
        sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
        self.assertEqual([cell.value for cell in sheet[2]], [self.customer.name, 1])
