# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..models.audit import audit_looks
from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestCustomerTour(KundekartotekCase, HttpCase):
    """In a browser, as a case worker."""

    def test_register_a_customer_from_nothing(self):
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        self.env["res.lang"]._activate_lang("en_US")
        self.make_user("case_worker", lang="en_US")
        self.env["kundekartotek.category"].create({
            "name": "Bakeries",
            "payment_term_id": self.env["account.payment.term"].create({"name": "Bakery terms"}).id,
            "number_scheme_id": self.env["kundekartotek.number.scheme"].create({
                "name": "Bakeries", "pattern": "BAK-{seq:04}"}).id,
        })
        self.start_tour(
            "/odoo/kundekartotek", "kundekartotek_register_customer", login="kundekartotek_case_worker")
        customer = self.env["res.partner"].search([("customer_lookup", "in", ["BAK-0001"])])
        self.assertRecordValues(customer, [{
            "name": "Nordfjell Bakeri AS", "ref": "7007", "company_registry": "310410004",
            "customer_type": "business", "country_id": self.norway.id, "customer_completeness": "complete",
        }])
