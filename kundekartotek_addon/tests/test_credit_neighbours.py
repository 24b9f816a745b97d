# SPDX-License-Identifier: LGPL-3.0-or-later
"""Beside OCA's account_financial_risk, sale_financial_risk and auditlog, and the web shop: what goes wrong there,
shown, and that neither breaks the other. Only ``./kk test oca`` has these modules."""
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install", "-standard", "neighbours")
class TestCreditBesideOca(CreditCase):
    def test_foreign_invoice_counts_once_here_and_many_times_there(self):
        """They convert to kroner what is in kroner already."""
        self._invoice(amount=1000.0, currency_id=self.euro.id)
        self.customer.risk_invoice_open_include = True
        self.env.invalidate_all()  # theirs is not told of the posting
        self.assertEqual(self.customer.credit_exposure, 12500.0)
        self.assertAlmostEqual(self.customer.risk_total, 12500.0 * 12.5, 2)

    def test_posting_walks_past_their_button_and_not_past_us(self):
        """They ask in the button alone: whatever else posts does not meet them."""
        self._rules({"checkpoint": "invoice"})
        self.customer.risk_invoice_open_include = True
        self.company.sudo().credit_control = False
        asked, past = self._draft(amount=11000.0), self._draft(amount=11000.0)
        self.assertEqual(asked.action_post()["res_model"], "partner.risk.exceeded.wiz")
        past._post()
        self.assertEqual((asked.state, past.state), ("draft", "posted"))
        self.company.sudo().credit_control = True
        with self.assertRaisesRegex(UserError, "Credit control"):
            asked._post()

    def test_auto_post_job_walks_past_their_button_and_not_past_us(self):
        self._rules({"checkpoint": "invoice"})
        self.customer.risk_invoice_open_include = True
        for control, state in ((False, "posted"), (True, "draft")):
            self.company.sudo().credit_control = control
            draft = self._draft(amount=11000.0, auto_post="at_date", date=TODAY)
            with self.enter_registry_test_mode():
                self.env.ref("account.ir_cron_auto_post_draft_entry").sudo().method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(draft.state, state)

    def test_their_way_round_does_not_lead_past_us(self):
        """Who may pass their warning passes it with a word in the context."""
        self._rules({}, {"checkpoint": "invoice"})
        order = self._order(amount=20000.0)
        order.with_context(bypass_risk=True).action_confirm()
        self.assertEqual((order.state, order.credit_state), ("draft", "hold"))
        with self.assertRaises(UserError):
            self._draft(amount=20000.0).with_context(bypass_risk=True).action_post()

    def test_their_order_check_is_asked_too(self):
        """An order that passes here may still be stopped there, and is then not confirmed."""
        self.customer.sudo().risk_sale_order_include = True
        self.customer.sudo().with_context(audit_reason="x").credit_limit = 100.0
        self._rules({"percent": 1000})
        order = self._order(amount=500.0)
        self.assertEqual(order.action_confirm()["res_model"], "partner.risk.exceeded.wiz")
        self.assertEqual((order.state, order.credit_state), ("draft", "clear"))
        order.with_context(bypass_risk=True).action_confirm()
        self.assertEqual(order.state, "sale")

    def test_a_limit_that_is_approved_is_theirs_too(self):
        request = self.env["kundekartotek.credit.request"].with_user(self.seller).create({
            "partner_id": self.customer.id, "amount": 20000.0, "reason": "Økt kjøp"})
        request.with_user(self.manager).action_approve()
        self.assertEqual((self.customer.credit_limit, self.customer.risk_remaining_value), (20000.0, 20000.0))

    def test_both_logs_record_a_change(self):
        rule = self.env["auditlog.rule"].sudo().create({
            "name": "Kunder", "model_id": self.env.ref("base.model_res_partner").id, "log_write": True,
            "log_type": "full"})
        rule.set_to_confirmed()
        self.addCleanup(rule.set_to_draft)
        self.env.cr.flush()  # what follows is a change, no part of making the customer
        self.customer.sudo().write(
            {"email": "ny@fjellbekk.example", "credit_block": "all", "credit_block_reason": "Tvist"})
        self.env.cr.flush()
        theirs = self.env["auditlog.log"].sudo().search([
            ("model_id.model", "=", "res.partner"), ("res_id", "=", self.customer.id), ("method", "=", "write")])
        self.assertIn("email", theirs.line_ids.mapped("field_name"))
        ours = self.env["kundekartotek.audit.event"].sudo().search([
            ("res_model", "=", "res.partner"), ("res_id", "=", self.customer.id), ("kind", "=", "changed")])
        self.assertIn("email", ours.mapped("field_name"))


@tagged("post_install", "-at_install", "-standard", "neighbours")
class TestCreditShop(CreditCase):
    """A cart of the web shop meets the same test."""

    def _cart(self, customer, amount):
        website = self.env["website"].sudo().create({"name": "Nettbutikk", "company_id": self.company.id})
        return self._order(customer, amount=amount, website_id=website.id)

    def test_cart_without_payment(self):
        """As the shop confirms what needs no payment online."""
        self._rules({})
        held, passed = self._cart(self._make_customer("A", limit=10.0), 11.0), self._cart(self.customer, 11.0)
        for cart in (held, passed):
            cart.sudo()._validate_order()
        self.assertEqual((held.state, held.credit_state, passed.state), ("draft", "hold", "sale"))

    def test_cart_is_paid(self):
        self._rules({"action": "refuse"})
        provider = self.env["payment.provider"].sudo().search([("code", "=", "none")], limit=1)
        method = self.env["payment.method"].sudo().create({"name": "Kort", "code": "kort"})
        for paid, state in ((1000.0, "sale"), (100.0, "draft")):
            cart = self._cart(self._make_customer(f"Nett {paid}", limit=10.0), 1000.0)
            transaction = self.env["payment.transaction"].sudo().create({
                "provider_id": provider.id, "payment_method_id": method.id, "amount": paid,
                "partner_id": cart.partner_id.id, "currency_id": cart.currency_id.id, "reference": f"tx {cart.id}",
                "sale_order_ids": [Command.set(cart.ids)], "state": "done"})
            transaction._check_amount_and_confirm_order()
            self.assertEqual(cart.state, state)
