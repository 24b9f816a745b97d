# SPDX-License-Identifier: LGPL-3.0-or-later
import io
import json
import time
from unittest.mock import patch
from urllib.parse import urlencode

import openpyxl

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.orm.model_classes import add_to_registry
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.audit import audit_looks
from ..tools.sheet import Column, Line


class NumbersReport(models.AbstractModel):
    """A report on nothing: what every report gets from the mixin."""

    _module = None
    _name = "kundekartotek.report.numbers"
    _description = "Numbers"
    _inherit = ["kundekartotek.report.mixin"]
    _report_name = "numbers"

    @api.model
    def _report_title(self, options):
        return "Tall"

    @api.model
    def _report_options(self, options):
        return {"last": int(options.get("last", 3))}

    @api.model
    def _report_columns(self, options):
        return [Column("Tall", "integer")]

    @api.model
    def _report_rows(self, options):
        yield from self._stream(SQL("SELECT generate_series(1, %s)", options["last"]))

    @api.model
    def _report_totals(self, options):
        return [Line((options["last"],), "total")]


@tagged("post_install", "-at_install")
class TestReceivablesDownload(HttpCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = new_test_user(cls.env, "leser_ned", "kundekartotek_addon.group_reader")
        cls.seller = new_test_user(cls.env, "selger_ned", "sales_team.group_sale_salesman")
        add_to_registry(cls.registry, NumbersReport)
        cls.registry._setup_models__(cls.env.cr, [])
        cls.addClassCleanup(cls.registry.__delitem__, NumbersReport._name)

    def setUp(self):
        super().setUp()
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))

    def wait_for_event(self, before):
        """The export that the server writes down when it has answered."""
        for _attempt in range(200):
            self.env.invalidate_all()
            if found := self.find_events() - before:
                return found
            with self.allow_requests(all_requests=True):
                time.sleep(0.02)
        return self.fail("No export was recorded.")

    def find_events(self):
        return self.env["kundekartotek.audit.event"].search([("kind", "=", "exported")])

    def download(self, name="numbers.xlsx", login="leser_ned", companies=None, **options):
        self.authenticate(login, login)
        query = {"options": json.dumps(options)} | ({"companies": companies} if companies else {})
        before = self.find_events()
        response = self.url_open(f"/kundekartotek/report/{name}?{urlencode(query)}")
        if response.status_code == 200:
            self.event = self.wait_for_event(before)
        return response

    def test_workbook(self):
        response = self.download(last=4321)
        self.assertEqual(response.status_code, 200)
        self.assertIn("Tall.xlsx", response.headers["Content-Disposition"])
        values = [cell for (cell,) in openpyxl.load_workbook(io.BytesIO(response.content)).active.iter_rows(
            max_col=1, min_row=7, values_only=True)]
        self.assertEqual(values, [*range(1, 4322), 4321])

    def test_paper(self):
        response = self.download("numbers.pdf")
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertTrue(response.content.startswith(b"%PDF"))

    def test_who_took_it_is_recorded(self):
        self.download(last=5)
        self.assertEqual((self.event.user_name, self.event.new_value), (self.reader.name, "Tall.xlsx"))
        self.assertEqual(self.event.details, {"report": "numbers", "options": {"last": 5}, "rows": 5})

    @mute_logger("odoo.http")
    def test_only_with_a_role(self):
        self.assertEqual(self.download(login="selger_ned").status_code, 403)
        report = self.env["kundekartotek.report.numbers"].with_user(self.seller)
        for call in (lambda: report._download_report("xlsx", {}), lambda: report._report_file("pdf", {})):
            with self.assertRaises(AccessError):
                call()

    @mute_logger("odoo.http")
    def test_only_own_companies(self):
        foreign = self.env["res.company"].create({"name": "Fremmed AS"})
        self.assertEqual(self.download(companies=foreign.id).status_code, 403)

    def test_nonsense_is_refused(self):
        self.assertEqual(self.download("nothing.xlsx").status_code, 404)
        self.authenticate("leser_ned", "leser_ned")
        for query in ("options=[", "options=[]", "companies=a"):
            self.assertEqual(self.url_open(f"/kundekartotek/report/numbers.xlsx?{query}").status_code, 400, query)

    @mute_logger("odoo.http")
    def test_a_choice_that_means_nothing_is_refused_in_words(self):
        self.authenticate("leser_ned", "leser_ned")
        for report, options in (
            ("aging", {"domain": [["nonsense", "=", 1]]}), ("aging", {"domain": [["total", "??", 1]]}),
            ("aging", {"domain": ["&"]}), ("aging", {"domain": 5}), ("aging", {"domain": [["total", ">", "mye"]]}),
            ("balance-list", {"partner_ids": 5}), ("customer-specification", {"date_from": "i går"}),
        ):
            response = self.url_open(f"/kundekartotek/report/{report}.pdf?options={json.dumps(options)}")
            self.assertIn(response.status_code, (400, 422), (report, options))
            self.assertNotIn("Traceback", response.text)
