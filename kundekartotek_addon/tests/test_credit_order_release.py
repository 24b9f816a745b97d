# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditOrderRelease(CreditCase):
    """What credit managers decide on an order, and what becomes of it when the order is changed afterwards."""

    def test_release_confirms_the_order(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        order.action_confirm()
        self._release(order)
        self.assertEqual((order.state, order.credit_state), ("sale", "released"))
        self.assertEqual(order.sudo().credit_release_amount, 20000.0)
        self.assertEqual(order.credit_release_until, TODAY + timedelta(14))
        released = self._decisions(order)[-1]
        self.assertRecordValues(released, [{
            "decision": "released", "user_res_id": self.manager.id, "reason": "Avtalt med kunden", "amount": 20000.0}])

    def test_second_document_is_tested_anew(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        self._release(order)
        second = self._order(amount=1.0)
        second.action_confirm()
        self.assertEqual(second.credit_state, "hold")

    def test_release_is_for_its_customer(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        order._credit_release(20000.0, TODAY, "Avtalt")
        order.partner_id = self._make_customer("Fattig AS", limit=100.0)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_release_is_for_its_company(self):
        """The amount is in the currency of the company that decided."""
        self.other_company.sudo().credit_control = True
        self.customer.sudo().with_company(self.other_company).credit_limit = 10.0
        order = self._order(amount=20000.0)
        order.action_confirm()
        order._credit_release(20000.0, TODAY, "Avtalt")
        order.sudo().company_id = self.other_company
        order.sudo().action_confirm()
        self.assertEqual((order.sudo().state, order.sudo().credit_state), ("draft", "hold"))

    def test_confirmed_order_that_was_released_moves(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        self._release(order)
        order.partner_invoice_id = self._make_customer("Fattig AS", limit=100.0)
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_grounds_end_with_their_payer(self):
        """They were another customer's. What a person has rejected stays so."""
        other = self._make_customer("Rik AS")
        bankrupt = self._make_customer("Konkurs AS")
        self._bankrupt(bankrupt)
        held, _refused, rejected = orders = (
            self._order(amount=20000.0) + self._order(bankrupt, amount=1.0) + self._order(amount=20000.0))
        orders.with_user(self.seller).action_confirm()
        self._release(rejected, decision="reject", reason="Nei")
        self.assertEqual(orders.mapped("credit_state"), ["hold", "rejected", "rejected"])
        held.with_user(self.seller).client_order_ref = "Ny"
        self.assertFalse(held.credit_recheck)
        orders.with_user(self.seller).partner_invoice_id = other
        self.assertEqual(orders.mapped("credit_state"), ["hold", "clear", "rejected"])
        self.assertTrue(held.credit_recheck)
        self.assertFalse(held.sudo().credit_figures)
        self.assertRecordValues(self._decisions(held), [
            {"decision": "held", "customer_res_id": self.customer.id},
            {"decision": "cleared", "customer_res_id": self.customer.id},
            {"decision": "held", "customer_res_id": other.id}])
        held.sudo().company_id = self.other_company  # where there is no credit control
        self.assertEqual((held.credit_state, held.credit_words), ("clear", False))

    def test_release_that_expired(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        order._credit_release(20000.0, TODAY - timedelta(1), "For sent")
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_authority(self):
        order = self._order(amount=250001.0)
        order.action_confirm()
        with self.assertRaisesRegex(UserError, "larger authority"):
            self._release(order)

    def test_reject(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        order.action_confirm()
        self._release(order, decision="reject", reason="Nei")
        self.assertEqual((order.state, order.credit_state), ("draft", "rejected"))
        self.customer.sudo().credit_limit = 1e6
        order.action_confirm()  # what a person has rejected stays so
        self.assertEqual((order.state, order.credit_state), ("draft", "rejected"))
        self._release(order)
        self.assertEqual(order.state, "sale")

    def test_prepayment(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        self._release(order, decision="prepayment", reason="Ny kunde")
        self.assertEqual((order.credit_state, order.require_payment, order.prepayment_percent), ("hold", True, 1.0))
        self.assertEqual(self._decisions(order)[-1].decision, "prepayment")
        order.action_confirm()  # by whoever has not read it
        self.assertTrue(order.credit_prepayment)
        with self.assertRaises(AccessError):
            order.with_user(self.seller).credit_prepayment = False

    # -- changed afterwards ----------------------------------------------------------------------------

    def test_confirmed_order_that_grows_is_held(self):
        order = self._order(quantity=6).with_user(self.seller)
        order.action_confirm()
        order.order_line.product_uom_qty = 9
        self.assertEqual(order.credit_state, "clear")
        order.order_line.product_uom_qty = 12
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))
        self._release(order)
        self.assertEqual(order.credit_state, "released")
        order.order_line.product_uom_qty = 13
        self.assertEqual(order.credit_state, "hold")

    def test_confirmed_order_that_shrinks_goes_on(self):
        order = self._order(quantity=9).with_user(self.seller)
        order.action_confirm()
        order.order_line.product_uom_qty = 12
        self.assertEqual(order.credit_state, "hold")
        order.order_line.product_uom_qty = 11
        self.assertEqual(order.credit_state, "hold")
        order.order_line.product_uom_qty = 10
        self.assertEqual((order.credit_state, order.credit_words), ("clear", False))

    def test_confirmed_order_on_hold_to_be_paid_at_once(self):
        order = self._order(quantity=9).with_user(self.seller)
        order.action_confirm()
        order.order_line.product_uom_qty = 12
        order.payment_term_id = self.terms_now
        self.assertEqual(order.credit_state, "clear")

    def test_line_added_to_a_confirmed_order(self):
        order = self._order(amount=6000.0).with_user(self.seller)
        order.action_confirm()
        order.order_line = [Command.create({"product_id": self.product.id, "price_unit": 6000.0, "tax_ids": []})]
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_confirmed_order_given_to_another_payer(self):
        poor = self._make_customer("Betaler AS", limit=100.0)
        order = self._order(amount=6000.0)
        order.action_confirm()
        order.partner_invoice_id = poor
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_confirmed_order_given_to_another_customer(self):
        """The invoice address follows the customer by itself."""
        order = self._order(amount=6000.0)
        order.action_confirm()
        order.partner_id = self._make_customer("Fattig AS", limit=100.0)
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_confirmed_order_in_another_currency(self):
        """Confirmed in a weak currency, and then changed to kroner."""
        self._rules({})
        weak = self.setup_other_currency("IDR", rates=[("2020-01-01", 1500.0)])
        pricelist = self.env["product.pricelist"].create({"name": "IDR", "currency_id": weak.id})
        order = self._order(amount=60000.0, pricelist_id=pricelist.id)
        order.action_confirm()
        self.assertEqual((order.state, self.customer.credit_exposure), ("sale", 40.0))
        order.currency_id = self.company.currency_id
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_line_that_gets_its_order_from_the_context(self):
        order = self._order(amount=6000.0)
        order.action_confirm()
        self.env["sale.order.line"].with_context(default_order_id=order.id).create({
            "product_id": self.product.id, "price_unit": 6000.0, "tax_ids": []})
        self.assertEqual(order.credit_state, "hold")

    def test_line_moved_to_a_confirmed_order(self):
        order, other = self._order(amount=6000.0), self._order(amount=6000.0)
        order.action_confirm()
        other.order_line.order_id = order
        self.assertEqual((order.amount_total, order.credit_state), (12000.0, "hold"))

    def test_confirmed_order_no_longer_paid_at_once(self):
        order = self._order(amount=60000.0, payment_term_id=self.terms_now.id)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))
        order.payment_term_id = self.terms_30
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))
