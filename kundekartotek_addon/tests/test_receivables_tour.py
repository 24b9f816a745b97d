# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user, tagged

from ..models.audit import audit_looks
from .customer_ledger import CustomerLedgerCase


@tagged("post_install", "-at_install")
class TestReceivablesTour(CustomerLedgerCase, HttpCase):
    """In a browser: what stands below a list is of all its lines."""

    @classmethod
    def fill_ledger(cls, seed, documents):
        """Nothing: each test makes its own."""

    def setUp(self):
        super().setUp()
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        self.env["res.lang"]._activate_lang("en_US")
        self.reader = new_test_user(
            self.env, "leser_reskontro", "kundekartotek_addon.group_reader,base.group_multi_currency", lang="en_US",
            company_id=self.company.id, company_ids=self.company.ids)

    def test_sums_of_all_pages(self):
        for _number in range(82):
            self.adjust(self.customers[0], 100)
        self.start_tour("/odoo/reskontro", "kundekartotek_ledger_sums", login=self.reader.login)

    def test_sums_per_currency(self):
        self.invoice(self.customers[0], 77, currency_id=self.euro.id)
        self.invoice(self.customers[1], 1000)
        self.start_tour("/odoo/kundekartotek-aging", "kundekartotek_aging_currencies", login=self.reader.login)
