# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditManager(CreditCase):
    """What a credit manager may decide alone, and what can be decided at all."""

    def _held(self, *amounts, **vals):
        orders = sum((self._order(amount=amount, **vals) for amount in amounts), self.env["sale.order"])
        orders.action_confirm()
        self.assertEqual(set(orders.mapped("credit_state")), {"hold"})
        return orders

    def _held_invoice(self, **vals):
        self._rules({"checkpoint": "invoice"})
        draft = self._draft(amount=20000.0, **vals)
        draft.with_context(credit_dialog=True).action_post()
        self.assertEqual(draft.credit_state, "hold")
        return draft

    def _decide_invoice(self, draft, user=None, **vals):
        self.env["kundekartotek.credit.release"].with_user(user or self.manager).create({
            "move_ids": [Command.set(draft.ids)], "reason": "Avtalt", **vals}).action_decide()

    def test_authority_is_for_the_customer(self):
        """What is a little less than the authority may not be released again and again."""
        orders = self._held(100000.0, 100000.0, 100000.0)
        with self.assertRaisesRegex(UserError, "larger authority"):
            self._release(orders)
        self._release(orders[:2])
        with self.assertRaisesRegex(UserError, "larger authority"):
            self._release(orders[2])
        with freeze_time(TODAY + timedelta(15)):  # the others have expired
            self.env.invalidate_all()
            self._release(orders[2], date_until=TODAY + timedelta(20))
        self.assertEqual(orders[2].state, "sale")

    def test_authority_counts_orders_and_invoices(self):
        order = self._held(240000.0)
        self._release(order)
        draft = self._held_invoice()
        with self.assertRaisesRegex(UserError, "larger authority"):
            self._decide_invoice(draft)

    def test_authority_for_each_of_many_customers(self):
        other = self._make_customer("Annen AS", limit=100.0)
        orders = self._held(200000.0) + self._held(200000.0, customer=other)
        self._release(orders)
        self.assertEqual(orders.mapped("state"), ["sale", "sale"])

    def test_nobody_releases_what_they_sell(self):
        order = self._held(20000.0, user_id=self.manager.id)
        with self.assertRaisesRegex(UserError, "Somebody else"):
            self._release(order)
        self._release(order, user=self.second_manager)
        self.assertEqual(order.state, "sale")
        draft = self._held_invoice(invoice_user_id=self.manager.id)
        with self.assertRaisesRegex(UserError, "Somebody else"):
            self._decide_invoice(draft)
        self._decide_invoice(draft, user=self.second_manager)
        self.assertEqual(draft.credit_state, "released")

    def test_release_that_lets_nothing_through(self):
        order = self._held(20000.0)
        with self.assertRaisesRegex(UserError, "smaller"):
            self._release(order, amount=15000.0)
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_invoices_are_only_released(self):
        draft = self._held_invoice()
        for decision in ("reject", "prepayment"):
            with self.assertRaisesRegex(UserError, "quotation"):
                self._decide_invoice(draft, decision=decision)

    def test_confirmed_order_is_neither_rejected_nor_prepaid(self):
        """It was let through once: it is released, or cancelled."""
        order = self._order()
        order.action_confirm()
        order.order_line.price_unit = 20000.0
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))
        for decision in ("reject", "prepayment"):
            with self.assertRaisesRegex(UserError, "quotation"):
                self._release(order, decision=decision)
        self._release(order)
        self.assertEqual((order.state, order.credit_state), ("sale", "released"))
