# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditWaysRound(CreditCase):
    """Ways round a hold that a seller and a bookkeeper might try, alone or together. The limit is 10,000, over it
    both orders and invoices are held."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rules({}, {"checkpoint": "invoice"})

    def _confirm(self, amount=1000.0, quantity=1.0, **vals):
        order = self._order(amount=amount, quantity=quantity, user_id=self.seller.id, **vals).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))
        return order

    def _release_confirmed(self, amount):
        order = self._order(amount=amount).with_user(self.seller)
        order.action_confirm()
        self._release(order)
        self.assertEqual((order.state, order.credit_state), ("sale", "released"))
        return order

    def _add_line(self, order, amount, quantity=1.0, **vals):
        return order.env["sale.order.line"].create({
            "order_id": order.id, "product_id": self.product.id, "product_uom_qty": quantity, "price_unit": amount,
            "tax_ids": [Command.clear()], **vals})

    def _draft_of(self, order, method="delivered", **vals):
        order = order.with_user(self.env.user)
        return self.env["sale.advance.payment.inv"].with_context(active_model="sale.order").create({
            "sale_order_ids": [Command.set(order.ids)], "advance_payment_method": method, **vals,
        })._create_invoices(order)

    def _assert_stopped(self, drafts):
        with self.assertRaisesRegex(UserError, "Over the credit limit"), self.env.cr.savepoint():
            drafts.with_user(self.clerk).action_post()
        drafts.invalidate_recordset()
        self.assertEqual(set(drafts.mapped("state")), {"draft"})

    def _exposure(self, customer=None):
        customer = customer or self.customer
        return customer._credit_exposures()[customer.id]

    # -- what grew after it was confirmed --------------------------------------------------------------

    def test_order_on_hold_covers_no_invoice(self):
        for start in (0.0, 1.0):
            order = self._confirm(start)
            order.order_line.price_unit = 99999.0
            self.assertEqual((order.state, order.credit_state), ("sale", "hold"))
            draft = self._draft_of(order)
            self._assert_stopped(draft)
            self._release(order)
            draft.with_user(self.clerk).action_post()  # what a manager lets through, is invoiced
            self.assertEqual(draft.state, "posted")
            self._pay(self.customer, 99999.0)

    def test_order_of_nothing_meets_a_block(self):
        self._rules({"kind": "blocked"}, {"kind": "register", "action": "refuse"}, {})
        self.customer.sudo().write({"credit_block": "all", "credit_block_reason": "Svindel"})
        bankrupt = self._make_customer("Konkurs AS")
        self._bankrupt(bankrupt)
        blocked, refused, other = orders = (
            self._order(amount=0.0) + self._order(bankrupt, amount=0.0)
            + self._order(self._make_customer("Kontant AS", mode="cash_only"), amount=0.0))
        orders.with_user(self.seller).action_confirm()
        self.assertEqual(orders.mapped("credit_state"), ["hold", "rejected", "clear"])
        self.assertEqual(other.state, "sale")
        self.assertEqual((blocked + refused).mapped("state"), ["draft", "draft"])

    def test_block_leaves_invoices_of_passed_orders_alone(self):
        """What was delivered must be invoiced, and soon: a block stops what comes, not what has passed."""
        self._rules({"kind": "blocked"}, {"kind": "blocked", "checkpoint": "invoice"})
        passed, grown = self._draft_of(self._confirm()), self._confirm()
        self.customer.sudo().write({"credit_block": "all", "credit_block_reason": "Tvist"})
        passed.with_user(self.clerk).action_post()
        self.assertEqual(passed.state, "posted")
        grown.order_line.price_unit = 1001.0
        with self.assertRaisesRegex(UserError, "Tvist"):
            self._draft_of(grown).with_user(self.clerk).action_post()

    # -- more is invoiced than is left of the order ----------------------------------------------------

    def test_down_payment_of_more_than_the_order(self):
        order = self._confirm()
        self._assert_stopped(self._draft_of(order, "fixed", fixed_amount=500000.0))
        self.company.sudo().credit_control = False
        self._draft_of(order, "fixed", fixed_amount=500000.0).action_post()
        self.company.sudo().credit_control = True
        self.assertEqual(self._exposure(), 500000.0, "what is owed is no less because of the order")

    def test_discount_left_out_of_the_invoice(self):
        order = self._order(amount=500000.0)
        self._add_line(order, -499000.0)
        order.with_user(self.seller).action_confirm()
        self.assertEqual((order.state, self._exposure()), ("sale", 1000.0))
        draft = self._draft_of(order)
        draft.invoice_line_ids.filtered(lambda line: line.price_unit < 0).unlink()
        self._assert_stopped(draft)

    def test_two_drafts_of_one_order(self):
        """Each would be covered alone; so would two lines of one draft."""
        order = self._confirm(9000.0)
        draft = self._draft_of(order)
        double = draft.copy()
        double.invoice_line_ids.sale_line_ids = order.order_line
        double.write({"invoice_date": TODAY, "invoice_payment_term_id": False})
        self._assert_stopped(draft + double)
        double.unlink()
        draft.invoice_line_ids.copy({"move_id": draft.id, "sale_line_ids": [Command.set(order.order_line.ids)]})
        self.assertEqual(draft.amount_total, 18000.0)
        self._assert_stopped(draft)

    def test_order_of_another_company_covers_nothing(self):
        order = self._order(amount=50000.0)
        order.sudo().company_id = self.other_company
        order.sudo().action_confirm()
        self.assertEqual(order.sudo().state, "sale")
        draft = self._draft(amount=50000.0)
        draft.sudo().invoice_line_ids.sale_line_ids = order.order_line
        self._assert_stopped(draft)

    # -- what was delivered ----------------------------------------------------------------------------

    def test_delivered_by_hand_is_tested(self):
        order = self._confirm()
        order.order_line.qty_delivered = 10
        self.assertEqual(order.credit_state, "clear")
        order.order_line.qty_delivered = 100
        self.assertEqual((order.credit_state, self._exposure()), ("hold", 100000.0))
        draft = self._draft_of(order)
        draft.invoice_line_ids.quantity = 100
        self._assert_stopped(draft)

    def test_delivered_by_hand_beyond_a_release(self):
        order = self._release_confirmed(20000.0)
        order.order_line.qty_delivered = 2
        self.assertEqual(order.credit_state, "hold")

    def test_delivered_before_it_is_confirmed(self):
        order = self._order().with_user(self.seller)
        order.order_line.qty_delivered = 100
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    # -- a release, used again -------------------------------------------------------------------------

    def test_invoiced_line_made_free_for_another(self):
        for order in (self._release_confirmed(20000.0), self._release_confirmed(9000.0)):
            price = order.order_line.price_unit
            self._draft_of(order).action_post()
            order.order_line.price_unit = 0.0
            self._add_line(order, price)
            self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_release_ends_with_the_confirmation(self):
        order = self._release_confirmed(20000.0)
        self._draft_of(order).action_post()
        order = order.with_user(self.env.user)
        order._action_cancel()
        self.assertEqual((order.credit_state, order.sudo().credit_release_amount), ("clear", 0.0))
        self.assertEqual(self._decisions(order)[-1].decision, "cleared")
        order.action_draft()
        order.with_user(self.seller).action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    # -- lines and defaults ----------------------------------------------------------------------------

    def test_discount_line_deleted(self):
        order = self._order(amount=500000.0)
        line = self._add_line(order, -499000.0, is_downpayment=True)
        order = order.with_user(self.seller)
        order.action_confirm()
        line.with_user(self.seller).unlink()
        self.assertEqual((order.amount_total, order.credit_state), (500000.0, "hold"))

    def test_no_line_becomes_a_down_payment(self):
        order = self._confirm()
        with self.assertRaises(AccessError):
            order.order_line.is_downpayment = True

    def test_confirmed_by_default(self):
        sellers = self.env["sale.order"].with_user(self.seller)
        sellers.env["ir.default"].set("sale.order", "state", "sale", user_id=True)
        vals = {"partner_id": self.customer.id, "order_line": [Command.create({
            "product_id": self.product.id, "price_unit": 20000.0, "tax_ids": [Command.clear()]})]}
        for orders in (sellers, sellers.sudo()):
            with self.assertRaisesRegex(UserError, "Over the credit limit"), self.env.cr.savepoint():
                orders.create(vals)

    # -- the payer -------------------------------------------------------------------------------------

    def test_payer_moved_to_another_customer(self):
        rich = self._make_customer("Rik AS", mode="unlimited")
        self.seller.sudo().group_ids |= self.env.ref("base.group_partner_manager")
        kari = self.env["res.partner"].create({"name": "Kari", "parent_id": rich.id, "type": "invoice"})
        desk = self.env["res.partner"].create({"name": "Pult", "parent_id": kari.id})
        order, under, done = (
            self._confirm(99999.0, customer=rich, partner_invoice_id=payer.id) for payer in (kari, desk, kari))
        self._draft_of(done).action_post()
        kari.with_user(self.seller).parent_id = self.customer
        self.assertEqual((order.credit_state, under.credit_state), ("hold", "hold"))
        self.assertEqual(done.credit_state, "clear", "nothing is left of it")
        self.assertEqual(self._decisions(order)[-1].customer_res_id, self.customer.id)
