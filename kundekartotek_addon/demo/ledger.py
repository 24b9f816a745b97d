# SPDX-License-Identifier: LGPL-3.0-or-later
"""Two years of invoices and payments up to today, the same every time for the same day.

Habits: *good* pays around the due date; *slow* one to four weeks late; *partial* pays half in time and the
rest later or not yet; *bad* leaves every third invoice unpaid and pays the rest late; *unallocated* pays
in time, but the bookkeeper has not matched the last payments.
"""
import random

from dateutil.relativedelta import relativedelta

from odoo import Command, fields

MONTHS = 24
DAYS_LATE = {"good": (-4, 2), "slow": (8, 30), "partial": (-2, 5), "bad": (20, 80), "unallocated": (-3, 1)}
CREDIT_NOTE_SHARE = 0.03


class DemoLedger:
    """Invoices one company's customers through the ORM, then pays what habit and calendar say is paid."""

    def __init__(self, company, products, seed):
        self.company = company
        self.env = company.with_company(company).env(context={
            **company.env.context, "allowed_company_ids": company.ids, "lang": "nb_NO", "tracking_disable": True,
            "mail_notrack": True})
        self.products = products
        self.random = random.Random(seed)
        self.today = fields.Date.context_today(company)
        self.payments = []

    def invoice(self, customers):
        """Create and post invoices.

        :param customers: list of (partner, habit, invoices a month, typical amount)
        """
        plans = []
        for partner, habit, rate, amount in customers:
            for month in range(MONTHS):
                for _number in range(int(rate) + (self.random.random() < rate % 1)):
                    day = self.today - relativedelta(months=month) - relativedelta(days=self.random.randint(0, 27))
                    plans.append((day, partner, habit, round(amount * self.random.lognormvariate(0, 0.35), -1)))
        plans.sort(key=lambda plan: (plan[0], plan[1].id))
        moves = self.env["account.move"].create([
            self._prepare_invoice_vals(day, partner, amount) for day, partner, _habit, amount in plans])
        moves.action_post()
        credited = moves.filtered(lambda move: self.random.random() < CREDIT_NOTE_SHARE)
        self._credit(credited)
        for move, (_day, _partner, habit, _amount) in zip(moves, plans):
            if move not in credited:
                self._plan_payment(move, habit)
        self._pay()
        return moves

    def _prepare_invoice_vals(self, day, partner, amount):
        lines, rest, ours = [], amount, self.company.currency_id
        currency = partner.specific_property_product_pricelist.currency_id or ours
        for product in self.random.sample(self.products, k=self.random.choice((1, 1, 2))):
            price = rest if len(lines) else round(rest * self.random.choice((1, 0.7)), -1)
            rest -= price
            unit = round(ours._convert(product.list_price, currency, self.company, day), -1)
            lines.append(Command.create({
                "product_id": product.id, "quantity": round(price / unit, 2), "price_unit": unit}))
            if rest <= 0:
                break
        return {
            "move_type": "out_invoice", "partner_id": partner.id, "invoice_date": day, "company_id": self.company.id,
            "invoice_user_id": partner.user_id.id, "currency_id": currency.id, "invoice_line_ids": lines,
        }

    def _credit(self, moves):
        """Credit invoices in full; core matches a posted credit note with the invoice that it reverses."""
        moves._reverse_moves([{
            "invoice_date": min(self.today, move.invoice_date + relativedelta(days=6)), "ref": move.name,
        } for move in moves]).action_post()

    def _plan_payment(self, move, habit):
        if habit == "bad" and self.random.random() < 1 / 3:
            return
        parts = (0.5, 0.5) if habit == "partial" else (1,)
        for number, part in enumerate(parts):
            late = self.random.randint(*DAYS_LATE[habit]) + number * self.random.randint(15, 90)
            day = move.invoice_date_due + relativedelta(days=late)
            if day <= self.today:
                matched = habit != "unallocated" or day < self.today - relativedelta(months=3)
                self.payments.append((day, move, round(move.amount_total * part, 2), matched))

    def _pay(self):
        """Register the planned payments through the bank journal and match those that are matched."""
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1)
        journal.inbound_payment_method_line_ids.name = "Innbetaling"  # which is the payments' text
        self.payments.sort(key=lambda payment: (payment[0], payment[1].id))
        payments = self.env["account.payment"].create([{
            "payment_type": "inbound", "partner_type": "customer", "journal_id": journal.id, "date": day,
            "partner_id": move.commercial_partner_id.id, "amount": amount, "currency_id": move.currency_id.id,
            "memo": move.payment_reference or move.name,
        } for day, move, amount, _matched in self.payments])
        payments.action_post()
        self.env["account.move.line"]._reconcile_plan([
            (payment.move_id.line_ids + move.line_ids).filtered(lambda line: line.account_type == "asset_receivable")
            for payment, (_day, move, _amount, matched) in zip(payments, self.payments) if matched])
