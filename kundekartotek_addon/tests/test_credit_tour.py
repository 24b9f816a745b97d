# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from ..models.audit import audit_looks
from .credit_case import CreditCase


@tagged("post_install", "-at_install")
class TestCreditTour(CreditCase, HttpCase):
    """In a browser: whoever sells meets the hold, a credit manager decides on it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("en_US")
        for user in (cls.seller, cls.manager):
            user.write({"lang": "en_US", "password": user.login})
        cls.order = cls._order(amount=20000.0, user_id=cls.seller.id)
        cls.form = f"/odoo/action-sale.action_orders/{cls.order.id}"

    def setUp(self):
        super().setUp()
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))

    def test_hold_worklist_release(self):
        self.start_tour(self.form, "kundekartotek_credit_hold", login=self.seller.login)
        self.assertEqual(self.order.credit_state, "hold")
        self.start_tour("/odoo/credit-worklist", "kundekartotek_credit_release", login=self.manager.login)
        self.assertEqual((self.order.state, self.order.credit_state), ("sale", "released"))
        self.assertEqual(self._decisions(self.order)[-1].reason, "Agreed by phone")

    def test_request_and_approval(self):
        self.order.with_user(self.seller).action_confirm()
        self.start_tour(self.form, "kundekartotek_credit_request", login=self.seller.login)
        self.start_tour("/odoo/limit-requests", "kundekartotek_credit_approve", login=self.manager.login)
        request = self.env["kundekartotek.credit.request"].sudo().search([("partner_id", "=", self.customer.id)])
        self.assertRecordValues(request, [{
            "state": "approved", "amount": 30000.0, "requester_id": self.seller.id, "order_id": self.order.id,
            "decided_by_id": self.manager.id, "decision_note": "Good customer"}])
        self.assertEqual(self.customer.credit_limit, 30000.0)
        self.assertTrue(self.order.credit_recheck)
