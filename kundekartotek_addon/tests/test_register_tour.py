# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch
from urllib.parse import unquote

from odoo.tests import HttpCase, tagged

from ..models.audit import audit_looks
from .register_case import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterTour(RegisterCase, HttpCase):
    """In a browser, as a case worker: a customer by typing half a name."""

    def setUp(self):
        super().setUp()
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        self.env["res.lang"]._activate_lang("en_US")
        self.make_user("case_worker", lang="en_US")

    def find(self):
        return self.env["res.partner"].search([("name", "=", "BERGFRUA EIENDOM AS"), ("parent_id", "=", False)])

    def test_new_customer_by_half_a_name(self):
        self.start_tour(
            "/odoo/kundekartotek", "kundekartotek_register_lookup", login="kundekartotek_case_worker")
        customer = self.find()
        self.assertTrue(customer.is_customer)
        self.assertEqual(customer.vat, f"NO{customer.company_registry}MVA")
        self.assertRecordValues(customer.child_ids, [
            {"type": "invoice", "street": "Postboks 1212 Sentrum", "zip": "0101", "city": "OSLO"}])
        self.assertFalse(any("navn=be&" in path for path in self.server.log.paths))

    def test_one_question_after_the_last_key_and_the_last_answer_counts(self):
        """The first answer comes after the second: what is listed is what was typed last."""
        self.start_tour(
            "/odoo/kundekartotek", "kundekartotek_register_last_answer", login="kundekartotek_case_worker")
        asked = [unquote(path).partition("navn=")[2].partition("&")[0] for path in self.server.log.paths]
        self.assertEqual([name for name in asked if name], ["blåskjell", "bergfrua"])

    def test_new_contact_by_half_a_name(self):
        self.start_tour(
            "/odoo/contacts", "kundekartotek_register_lookup_contacts", login="kundekartotek_case_worker")
        self.assertFalse(self.find().is_customer)
        self.assertEqual(len(self.find().child_ids), 1)
