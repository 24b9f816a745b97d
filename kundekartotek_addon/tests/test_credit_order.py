# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditOrder(CreditCase):
    """What confirming an order does, and that nothing goes past it."""

    def test_within_the_limit(self):
        order = self._order(amount=7000.0).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))
        self.assertFalse(self._decisions(order))

    def test_near_the_limit_warns(self):
        order = self._order(amount=8000.0).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))
        self.assertEqual(self._decisions(order).mapped("decision"), ["warned"])

    def test_over_the_limit_holds(self):
        """In words for who sells, with figures for who may see them, and on record."""
        order = self._order(amount=10001.0).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))
        self.assertEqual(order.credit_words, "Over the credit limit")
        with self.assertRaises(AccessError):
            order.read(["credit_figures"])
        with self.assertRaises(AccessError):
            order.read(["credit_overview"])
        self.assertRegex(order.sudo().credit_figures, r"10.001[.,]00")
        decision = self._decisions(order)
        self.assertRecordValues(decision, [{
            "decision": "held", "customer_res_id": self.customer.id, "amount": 10001.0, "exposure": 10001.0,
            "limit_amount": 10000.0, "user_res_id": self.seller.id, "rule": "limit"}])
        self.assertNotRegex(order.message_ids[0].body, r"\d{4}")

    def test_overdue_holds(self):
        self._invoice(amount=5001.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(15))
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.credit_words, "Has not paid what fell due more than 14 days ago")

    def test_overdue_by_a_day_less_does_not(self):
        self._invoice(amount=5001.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(14))
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_unallocated_payment_covers_what_is_overdue(self):
        self._invoice(amount=6000.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(20))
        self._pay(self.customer, 1500.0)
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_blocked_by_hand(self):
        self.customer.with_user(self.manager).write({"credit_block": "orders", "credit_block_reason": "Tvist"})
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.credit_words, "Blocked by hand: Tvist")
        self.assertEqual(self.customer.customer_hold_reason, "Blocked by hand (orders): Tvist")

    def test_block_of_invoices_leaves_orders_alone(self):
        self.customer.with_user(self.manager).write({"credit_block": "invoices", "credit_block_reason": "Tvist"})
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_only_managers_block(self):
        with self.assertRaises(UserError):
            self.customer.with_user(self._make_user("saksb", "kundekartotek_addon.group_case_worker")).write(
                {"credit_block": "all", "credit_block_reason": "x"})

    def test_bankrupt_is_refused(self):
        self._bankrupt(self.customer)
        order = self._order(amount=10.0)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "rejected"))
        self.assertEqual(order.credit_words, "Brønnøysund: Bankrupt")
        self.assertEqual(self._decisions(order).decision, "refused")

    def test_immediate_payment_is_exempt(self):
        order = self._order(amount=99000.0, payment_term_id=self.terms_now.id)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.assertEqual(self._decisions(order).mapped("decision"), ["exempt"])

    def test_immediate_term_lifts_no_block(self):
        """Whoever sells can write a payment term, and must not lift so what a credit manager decided."""
        self.customer.with_user(self.manager).write({"credit_block": "orders", "credit_block_reason": "Tvist"})
        order = self._order(amount=10.0, payment_term_id=self.terms_now.id).with_user(self.seller)
        order.action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_disputed_is_owed_but_not_overdue(self):
        invoice = self._invoice(amount=6000.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(50))
        self._rules({}, {"kind": "overdue", "days": 14, "amount": 5000.0}, {"kind": "oldest", "days": 30})
        invoice.sudo()._note_followup({"dispute_since": TODAY, "dispute_reason": "Feil vare"})
        order, larger = self._order(amount=10.0), self._order(amount=4000.0)
        (order + larger).action_confirm()
        self.assertEqual((order.state, larger.credit_words), ("sale", "Over the credit limit"))
        invoice.sudo()._note_followup({"dispute_since": False, "dispute_reason": False})
        again = self._order(amount=10.0)
        again.action_confirm()
        self.assertEqual(again.credit_words.count("\n"), 1)

    def test_no_payment_term_is_not_immediate(self):
        order = self._order(amount=99000.0, payment_term_id=False)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")

    def test_cash_only(self):
        cash = self._make_customer("Kontant AS", mode="cash_only")
        self.assertEqual(cash.credit_limit_mode, "cash_only")
        held, paid = self._order(cash, amount=1.0), self._order(cash, amount=1.0, payment_term_id=self.terms_now.id)
        (held + paid).action_confirm()
        self.assertEqual((held.credit_state, held.state, paid.state), ("hold", "draft", "sale"))

    def test_mass_confirmation_counts_one_after_the_other(self):
        orders = self._order(amount=6000.0) + self._order(amount=6000.0) + self._order(amount=3000.0)
        orders.with_user(self.seller).action_confirm()
        self.assertEqual(orders.mapped("state"), ["sale", "draft", "sale"])

    def test_many_are_decided_with_the_statements_of_one(self):
        """What is known of the customers, who shares limits, and what they owe, with the turn to decide on them."""
        customers = [self._make_customer(f"Kunde {number} AS", limit=10000.0) for number in range(10)]
        self.env["kundekartotek.credit.group"].sudo().create({
            "name": "Konsern", "company_id": self.company.id, "credit_limit": 100.0,
            "partner_ids": [Command.set([customer.id for customer in customers[:2]])]})
        orders = sum((self._order(customer) for customer in customers), self.env["sale.order"]).sudo()
        orders._credit_test()  # what the server caches is warm, and the orders are read
        self.env.flush_all()
        for some in (orders[:1], orders):
            with self.assertQueryCount(3):
                results = some._credit_test()
            self.assertEqual(len(results), len(some))
        self.assertEqual([bool(findings) for findings, *_rest in results.values()], [True, True] + [False] * 8)

    def test_held_orders_do_not_count(self):
        held = self._order(amount=20000.0)
        held.action_confirm()
        self.assertEqual(self.customer.credit_exposure, 0.0)
        parts = {part["name"]: part["counted"] for part in self.customer.credit_overview["parts"]}
        self.assertEqual(parts, {"held": False})

    # -- no way past -----------------------------------------------------------------------------------

    def test_state_cannot_be_written_past_the_test(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        with self.assertRaisesRegex(UserError, "Over the credit limit"):
            order.write({"state": "sale"})
        with self.assertRaises(UserError):
            order.with_context(credit_passed=True).write({"state": "sale"})

    def test_what_is_written_beside_the_state_counts(self):
        """One call over the API that confirms a harmless quotation and makes it another one."""
        broke = self._make_customer("Tom Kasse AS", limit=10.0)
        quotation, at_once = self._order(amount=9000.0), self._order(amount=20000.0, payment_term_id=self.terms_now.id)
        for order, vals in (
            (quotation, {"partner_invoice_id": broke.id}),
            (quotation, {"order_line": [Command.update(quotation.order_line.id, {"price_unit": 20000.0})]}),
            (at_once, {"payment_term_id": self.terms_30.id}),
        ):
            with self.assertRaisesRegex(UserError, "Over the credit limit"), self.env.cr.savepoint():
                order.with_user(self.seller).write({"state": "sale", **vals})
            order.invalidate_recordset()
            self.assertEqual(order.state, "draft")
        quotation.with_user(self.seller).write({"state": "sale", "client_order_ref": "Skjema"})
        self.assertEqual((quotation.state, quotation.client_order_ref), ("sale", "Skjema"))

    def test_old_quotation_at_the_rate_it_is_confirmed_at(self):
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": self.euro.id})
        order = self._order(amount=900.0, pricelist_id=pricelist.id, date_order="2026-05-01 10:00:00")
        order.action_confirm()  # 9,000 kr then, 11,250 kr now
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))

    def test_totals_cannot_be_written_past_the_test(self):
        """What the forms only show could be written over the API, and the test would believe it."""
        order = self._order(amount=20000.0).with_user(self.seller)
        for vals in ({"amount_total": 1.0}, {"currency_rate": 1e6}, {"invoice_status": "invoiced"},
                     {"amount_paid": 1e9}, {"transaction_ids": [Command.clear()]}):
            with self.assertRaises(AccessError):
                order.write(vals)
        for vals in ({"price_total": 1.0}, {"invoice_lines": [Command.clear()]}, {"invoice_status": "invoiced"},
                     {"qty_invoiced": 1.0}, {"qty_to_invoice": 0.0}, {"untaxed_amount_to_invoice": 0.0}):
            with self.assertRaises(AccessError):
                order.order_line.write(vals)
        with self.assertRaises(AccessError):
            order.create({"partner_id": self.customer.id, "state": "sale", "amount_paid": 1e9})
        with self.assertRaises(AccessError):  # nor from another company, without credit control
            self._from_elsewhere(order).write({"amount_total": 1.0})

    def _from_elsewhere(self, record):
        return record.with_context(allowed_company_ids=[self.other_company.id, self.company.id])

    def test_ordinary_line_is_no_down_payment(self):
        order = self._order(amount=9000.0)
        order.order_line.sudo().is_downpayment = True
        order.action_confirm()
        self.assertEqual((order.state, self.customer.credit_exposure), ("sale", 9000.0))

    def test_created_confirmed(self):
        with self.assertRaises(UserError):
            self._order(amount=20000.0, state="sale")
        with self.assertRaises(UserError):
            self.env["sale.order"].with_context(default_state="sale").create({
                "partner_id": self.customer.id, "order_line": [
                    Command.create({"product_id": self.product.id, "price_unit": 20000.0})]})
        with self.assertRaisesRegex(UserError, "Over the credit limit"):
            self._from_elsewhere(self.env["sale.order"].with_user(self.seller)).with_context(
                default_company_id=self.company.id, default_state="sale").create({
                    "partner_id": self.customer.id, "order_line": [
                        Command.create({"product_id": self.product.id, "price_unit": 20000.0})]})
        self.assertEqual(self._order(amount=10.0, state="sale").state, "sale")

    def test_release_cannot_be_written(self):
        order = self._order(amount=20000.0).with_user(self.seller)
        order.action_confirm()
        for vals in ({"credit_state": "released"}, {"credit_release_amount": 1e9}, {"credit_state": "clear"}):
            with self.assertRaises(AccessError):
                order.write(vals)
        orders = self.env["sale.order"].with_user(self.seller).with_context(
            default_credit_state="released", default_credit_release_until="2099-01-01")
        self.assertEqual(orders.create({"partner_id": self.customer.id}).credit_state, "clear")
        with self.assertRaises(AccessError):
            orders.with_context(default_credit_release_amount=1e9).create({"partner_id": self.customer.id})

    def test_sellers_do_not_release(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        with self.assertRaises(AccessError):
            order.with_user(self.seller).action_credit_release()
        with self.assertRaises(AccessError):
            self._release(order, user=self.seller)

    def test_limit_is_not_written_past_the_request(self):
        worker = self._make_user("saksb", "kundekartotek_addon.group_case_worker")
        customer = self.customer.with_user(worker)
        with self.assertRaisesRegex(UserError, "limit request"):
            customer.write({"credit_limit": 99000.0})
        with self.assertRaises(UserError):
            customer.write({"credit_own_mode": "unlimited"})
        customer.write({"credit_limit": 10000.0})  # importing what is there changes nothing
        with self.assertRaises(UserError):
            self.env["res.partner"].with_user(worker).create({"name": "Ny", "is_company": True, "credit_limit": 5.0})
        self.assertEqual(customer.copy().credit_limit, 0.0)
        self.env["res.partner"].with_user(worker).create({"name": "Kontakt", "parent_id": customer.id})

    def test_contact_does_not_take_the_limit_along(self):
        contact = self.env["res.partner"].create({"name": "Avhopper", "parent_id": self.customer.id})
        self.assertEqual(contact.credit_limit, 10000.0)
        contact.parent_id = False
        self.assertEqual(contact.credit_limit, 0.0)
