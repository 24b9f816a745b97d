# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..models.credit.account_move import CreditStop
from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditRefusal(CreditCase):
    """What an error undoes is on record all the same. Really: nobody can remove what these tests record."""

    def _recorded(self, document):
        """As another transaction sees it."""
        with self.registry.cursor() as cr:
            cr.execute(
                """SELECT decision, amount, exposure, user_res_id, reason FROM kundekartotek_credit_decision
                    WHERE document_model = %s AND document_res_id = %s""", [document._name, document.id])
            return cr.fetchall()

    def test_invoice_that_is_posted(self):
        self._rules({"checkpoint": "invoice"})
        draft, other = self._draft(amount=20000.0), self._draft(amount=100.0)
        with self.assertRaises(CreditStop):
            (draft + other).with_user(self.clerk)._post()
        self.assertEqual(self._recorded(draft), [("refused", 20000.0, 20000.0, self.clerk.id, None)])
        self.assertFalse(self._recorded(other))

    def test_order_whose_state_is_written(self):
        order, rejected = self._order(amount=20000.0), self._order(amount=30000.0)
        rejected.action_confirm()
        self._release(rejected, decision="reject", reason="Nei")
        for each in order + rejected:
            with self.assertRaises(UserError):
                each.with_user(self.seller).write({"state": "sale"})
        self.assertEqual(self._recorded(order), [("refused", 20000.0, 20000.0, self.seller.id, None)])
        self.assertEqual(self._recorded(rejected), [("refused", 30000.0, None, self.seller.id, "Nei")])
