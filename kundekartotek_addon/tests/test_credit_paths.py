# SPDX-License-Identifier: LGPL-3.0-or-later
"""Every path × what a policy says, at both checkpoints."""
import base64
import contextlib
import itertools
import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from ..models.audit import audit_looks
from ..models.credit.account_move import CreditStop
from ..models.credit.credit_policy import KINDS
from .credit_case import TODAY, CreditCase

PIXEL = base64.b64encode(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
# What becomes of an order: {action: (state, credit state, last decision)}
ORDER = {
    "nothing": ("sale", "clear", False), "warn": ("sale", "clear", "warned"), "hold": ("draft", "hold", "held"),
    "refuse": ("draft", "rejected", "refused"),
}
INVOICE = {"nothing": "posted", "warn": "posted", "hold": "draft", "refuse": "draft"}


@tagged("post_install", "-at_install")
class TestCreditPaths(CreditCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk.group_ids |= cls.env.ref("sales_team.group_sale_salesman_all_leads")
        cls.key = cls.env["res.users.apikeys"].with_user(cls.clerk).sudo(False)._generate(
            "rpc", "test", datetime.now(UTC).replace(tzinfo=None) + timedelta(1))

    def setUp(self):
        super().setUp()
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))

    # -- orders ----------------------------------------------------------------------------------------

    def _confirm_form(self, order):
        with Form(order.with_user(self.clerk)) as form:
            form.client_order_ref = "Skjema"
        order.with_user(self.clerk).with_context(validate_analytic=True).action_confirm()

    def _confirm_mass(self, order):
        order.with_user(self.clerk).with_context(active_model="sale.order", active_ids=order.ids)
        action = self.env["ir.actions.server"].sudo().create({
            "name": "Mass", "model_id": self.env.ref("sale.model_sale_order").id, "state": "code",
            "code": "records.action_confirm()"})
        action.with_user(self.clerk).sudo(False).with_context(
            active_model="sale.order", active_ids=order.ids, active_id=order.id).run()

    def _confirm_portal(self, order):
        order.sudo().write({"require_signature": True, "require_payment": False})
        token = order.sudo()._portal_ensure_token()
        answer = self.make_jsonrpc_request(f"/my/orders/{order.id}/accept", {
            "access_token": token, "name": "Kari", "signature": PIXEL.decode()})
        self.assertIn("redirect_url", answer)

    def _confirm_json2(self, order):
        self._json2("sale.order", "action_confirm", order)

    def _confirm_copy(self, order):
        order.with_user(self.clerk).action_confirm()

    def _confirm_job(self, order):
        job = self.env["ir.cron"].sudo().create({
            "name": "Confirm", "model_id": self.env.ref("sale.model_sale_order").id, "state": "code",
            "code": f"model.browse({order.id}).action_confirm()", "interval_type": "days"})
        job.method_direct_trigger()

    def _json2(self, model, method, record):
        self.url_open(
            f"/json/2/{model}/{method}", data=json.dumps({"ids": record.ids}),
            headers={"Authorization": f"bearer {self.key}", "Content-Type": "application/json"})

    def test_orders(self):
        for action, (state, credit_state, decision) in ORDER.items():
            self._rules({"action": action, "percent": 100})
            for path in ("form", "mass", "portal", "json2", "copy", "job"):
                with self.subTest(action=action, path=path):
                    customer = self._make_customer(f"{action} {path}", limit=100.0)
                    order = self._order(customer, amount=101.0)
                    if path == "copy":
                        order = order.copy()
                    self.env.flush_all()
                    getattr(self, f"_confirm_{path}")(order)
                    order.invalidate_recordset()
                    found = "draft" if order.state == "sent" else order.state
                    self.assertEqual((found, order.credit_state), (state, credit_state))
                    self.assertEqual(self._decisions(order)[-1:].decision, decision)

    def _make_transaction(self, order, amount):
        provider = self.env["payment.provider"].sudo().search([("code", "=", "none")], limit=1)
        method = self.env["payment.method"].sudo().create({"name": "Kort", "code": "kort"})
        return self.env["payment.transaction"].sudo().create({
            "provider_id": provider.id, "payment_method_id": method.id, "amount": amount, "partner_id":
            order.partner_id.id, "currency_id": order.currency_id.id, "reference": f"tx {order.id}",
            "sale_order_ids": [Command.set(order.ids)], "state": "done"})

    def test_online_payment(self):
        """Paid in full goes through whatever the rules say; a down payment meets the test."""
        self._rules({"action": "refuse"})
        for amount, share, state in ((1000.0, 1.0, "sale"), (100.0, 0.1, "draft")):
            order = self._order(self._make_customer(f"Nett {amount}", limit=10.0), amount=1000.0)
            order.sudo().write({"require_payment": True, "prepayment_percent": share})
            self._make_transaction(order, amount)._check_amount_and_confirm_order()
            self.assertEqual(order.state, state)

    # -- invoices --------------------------------------------------------------------------------------

    def _post_form(self, draft):
        draft.with_user(self.clerk).with_context(credit_dialog=True).action_post()

    def _post_mass(self, draft):
        self.env["validate.account.move"].with_user(self.clerk).create({
            "move_ids": [Command.set(draft.ids)]}).validate_move()

    def _post_direct(self, draft):
        draft.with_user(self.clerk)._post()

    def _post_superuser(self, draft):
        draft.sudo()._post(soft=False)

    def _post_json2(self, draft):
        with mute_logger("odoo.http"):
            self._json2("account.move", "action_post", draft)

    def _post_job(self, draft):
        draft.auto_post = "at_date"
        self.env.ref("account.ir_cron_auto_post_draft_entry").sudo().method_direct_trigger()

    def test_invoices(self):
        for action, state in INVOICE.items():
            self._rules({"action": action, "checkpoint": "invoice"})
            for path in ("form", "mass", "direct", "superuser", "json2", "job"):
                with self.subTest(action=action, path=path):
                    customer = self._make_customer(f"{action} {path}", limit=100.0)
                    draft = self._draft(customer, amount=101.0, day=self.env.cr.now().date())
                    self.env.flush_all()
                    self.env.cr.precommit.clear()
                    post = getattr(self, f"_post_{path}")
                    if state == "draft" and path in ("mass", "direct", "superuser"):
                        with self.assertRaises(UserError), self.env.cr.savepoint():
                            post(draft)
                    else:
                        post(draft)
                    draft.invalidate_recordset()
                    if path == "form" and action == "warn":
                        continue  # the dialog asks first
                    self.assertEqual(draft.state, state)


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditRules(CreditCase):
    """Every rule at every checkpoint with every action, on a customer who breaks that rule alone."""

    def _make_culprit(self, kind):
        """:return: (customer who breaks a rule of this kind, the rule's numbers)"""
        customer = self._make_customer(f"{kind} AS", limit=100.0 if kind == "limit" else 1e6)
        if kind in ("overdue", "oldest"):
            self._invoice(customer, amount=300.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(31))
        if kind == "review":
            customer.sudo().credit_review_date = TODAY - timedelta(31)
        if kind == "blocked":
            customer.sudo().write({"credit_block": "all", "credit_block_reason": "Tvist"})
        if kind == "register":
            self._bankrupt(customer)
        numbers = {"overdue": {"days": 30, "amount": 299.0}, "oldest": {"days": 30}, "review": {"days": 30}}
        return customer, numbers.get(kind, {})

    def test_every_rule(self):
        innocent = self._make_customer("Uskyldig AS", limit=1e6)
        for kind, _label in KINDS:
            culprit, numbers = self._make_culprit(kind)
            for checkpoint, action in itertools.product(("order", "invoice"), ORDER):
                self._rules({"kind": kind, "checkpoint": checkpoint, "action": action, **numbers})
                for customer in (culprit, innocent):
                    found = action if customer == culprit else "nothing"
                    with self.subTest(kind=kind, checkpoint=checkpoint, action=action, customer=customer.name):
                        self._check_documents(customer, checkpoint, found)

    def _check_documents(self, customer, checkpoint, action):
        """What becomes of an order and an invoice, where a rule for one of them finds something."""
        order, draft = self._order(customer, amount=101.0), self._draft(customer, amount=101.0)
        order.action_confirm()
        with contextlib.suppress(CreditStop), self.env.cr.savepoint():
            draft.action_post()
        draft.invalidate_recordset()
        for_order, for_invoice = (action, "nothing") if checkpoint == "order" else ("nothing", action)
        state, credit_state, decision = ORDER[for_order]
        self.assertEqual((order.state, order.credit_state), (state, credit_state))
        self.assertEqual(self._decisions(order)[-1:].decision, decision)
        self.assertEqual(draft.state, INVOICE[for_invoice])


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditWorklist(CreditCase):
    def test_columns_for_a_manager(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        self._pay(self.customer, 700.0)
        order.invalidate_recordset()
        row = order.with_user(self.manager).read([
            "name", "credit_customer_id", "credit_amount", "credit_words", "credit_since", "credit_overview",
            "credit_last_payment_date", "credit_last_payment_amount"])[0]
        self.assertEqual((row["credit_amount"], row["credit_last_payment_amount"]), (20000.0, 700.0))
        self.assertEqual(row["credit_last_payment_date"], TODAY)
        self.assertEqual(row["credit_overview"]["exposure"], -700.0)
        self.assertTrue(row["credit_since"])

    def test_many_at_once(self):
        orders = self._order(amount=20000.0) + self._order(amount=30000.0)
        orders.action_confirm()
        context = orders.with_user(self.manager).action_credit_release()["context"]
        wizard = self.env["kundekartotek.credit.release"].with_user(self.manager).with_context(**context).create(
            {"reason": "Avtalt"})
        self.assertEqual(wizard.count, 2)
        wizard.action_decide()
        self.assertEqual(orders.mapped("state"), ["sale", "sale"])
        self.assertEqual(orders.sudo().mapped("credit_release_amount"), [20000.0, 30000.0])
