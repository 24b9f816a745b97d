# SPDX-License-Identifier: LGPL-3.0-or-later
"""What people noted about late customers, and what the company's rules have stopped: something for each worklist."""
from datetime import timedelta

from odoo import Command, fields

PROMISE_DAYS, DISPUTE_DAYS = 5, -9
ORDERS = 3


class DemoDecisions:
    """Notes and stops in one company; ``keep(xml_id, record)`` remembers the records."""

    def __init__(self, company, products, keep):
        self.company, self.products, self.keep = company, products, keep
        self.env = company.with_company(company).env(context={
            **company.env.context, "allowed_company_ids": company.ids, "lang": "nb_NO"})
        self.today = fields.Date.context_today(company)

    def make(self):
        late = self._late_invoices()
        self._note(late)
        self._hold_orders(late.commercial_partner_id[:ORDERS])
        self._share_limit(late.commercial_partner_id[ORDERS:ORDERS + 2])
        self._hold_bank_account(late.commercial_partner_id[-1])
        self._plan_statements(late.commercial_partner_id)

    def _late_invoices(self):
        """:return: the oldest unpaid invoice of each customer that is late, largest first"""
        late = self.env["account.move"].search([
            ("company_id", "=", self.company.id), ("move_type", "=", "out_invoice"), ("state", "=", "posted"),
            ("payment_state", "in", ("not_paid", "partial")),
            ("invoice_date_due", "<", self.today - timedelta(days=20)),
        ], order="invoice_date_due, id")
        first = {move.commercial_partner_id: move for move in reversed(late)}
        return self.env["account.move"].union(*first.values()).sorted("amount_residual_signed", reverse=True)

    def _note(self, late):
        late = late.with_user(self.env.ref("kundekartotek_addon.demo_user_saksbehandler"))
        late[0]._note_followup({
            "promise_date": self.today + timedelta(days=PROMISE_DAYS), "promise_amount": late[0].amount_residual})
        late[1]._note_followup({
            "dispute_reason": "Mener at halve leveransen manglet",
            "dispute_since": self.today + timedelta(days=DISPUTE_DAYS)})

    def _hold_orders(self, customers):
        """Credit control is on from here: what these customers order waits for the credit manager."""
        self.company.credit_control = True
        seller = customers.user_id = self.env.ref("kundekartotek_addon.demo_user_selger")
        for number, customer in enumerate(customers):
            order = self.keep(f"demo_held_order_{number}", self.env["sale.order"].create({
                "partner_id": customer.id, "user_id": seller.id, "company_id": self.company.id,
                "order_line": [Command.create({
                    "product_id": self.products[0].id, "product_uom_qty": 18.5 * (number + 1), "price_unit": 1000})],
            }))
            order.with_user(seller).action_confirm()

    def _share_limit(self, customers):
        """A concern and an insurance; what the credit manager wants to change waits for the administrator."""
        manager = self.env.ref("kundekartotek_addon.demo_user_kreditt")
        group = self.keep("demo_credit_group", self.env["kundekartotek.credit.group"].create({
            "name": "Fjordkonsernet", "company_id": self.company.id, "credit_limit": 400_000,
            "partner_ids": [Command.set(customers.ids)]}))
        group.with_user(manager).credit_limit = 600_000
        self.keep("demo_credit_security", self.env["kundekartotek.credit.security"].with_user(manager).create({
            "partner_id": customers[0].id, "company_id": self.company.id, "name": "Kredittforsikring Nord",
            "reference": "KF-2207", "amount": 150_000, "date_to": self.today + timedelta(days=365)}).sudo())

    def _hold_bank_account(self, customer):
        """A changed account waits until a second person has looked at it."""
        self.company.write({"bank_four_eyes": True, "customer_export_restricted": True})
        case_worker = self.env.ref("kundekartotek_addon.demo_user_saksbehandler")
        self.keep("demo_bank_account", self.env["res.partner.bank"].with_user(case_worker).create({
            "partner_id": customer.id, "acc_number": "8601 11 17947"}).sudo())

    def _plan_statements(self, customers):
        """From next month on statements go out by themselves, but to a customer who wants none; this month some were
        printed."""
        case_worker = self.env.ref("kundekartotek_addon.demo_user_saksbehandler")
        self.company.write({
            "statement_monthly": True, "statement_day": 5, "statement_user_id": case_worker.id,
            "statement_planned_month": self.today.replace(day=1)})
        customers[-1].statement_opt_out = True
        self.env["kundekartotek.statement"].with_user(case_worker)._make(
            customers[:4].with_user(case_worker), state="printed")
