# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import Command, fields
from odoo.tools import SQL

from ..models.insight.customer_metrics import MEASURES
from ..tools.business_days import next_business_day
from .customer_ledger import TODAY, CustomerLedgerCase

SALES = ("out_invoice", "out_refund", "out_receipt")


def ratio(above, below):
    return above / below if below else None


class InsightLedgerCase(CustomerLedgerCase):
    """``CustomerLedgerCase`` with four years of ledger, and every measure calculated a second time in plain Python
    from the records, sharing nothing with the statement but the names. Freeze time at ``TODAY``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Metrics = cls.env["kundekartotek.customer.metrics"].sudo()
        cls.company.partner_id.tz = cls.other_company.partner_id.tz = "Europe/Oslo"
        cls.product = cls.env["product.product"].create({"name": "Vare", "type": "consu"})
        for company, cost in ((cls.company, 60.0), (cls.other_company, 7.0)):
            cls.product.with_company(company).standard_price = cost
        cls.loss_account = cls.company_data["default_account_expense"]
        cls.fill_years(seed=1814, documents=40)

    # ---- a ledger over years -----------------------------------------------------------------------

    @classmethod
    def sell(cls, partner, amount, day, quantity=1, due=None, company=None, **vals):
        """A posted invoice of a product that has a cost."""
        company = company or cls.company
        data = cls.other_company_data if company == cls.other_company else cls.company_data
        line = Command.create({
            "product_id": cls.product.id, "quantity": quantity, "price_unit": amount / quantity, "tax_ids": [],
            "account_id": data["default_account_revenue"].id})
        return cls.invoice(partner, amount, day, due, company, **{"invoice_line_ids": [line], **vals})

    @classmethod
    def fill_years(cls, seed, documents):
        """Invoices of four years, most of them paid in one or two parts, early or late, some written off or
        credited; in two companies and two currencies."""
        rng = random.Random(seed)
        for _number in range(documents):
            partner = rng.choice(cls.customers[1:] + cls.contacts[1:])
            day = TODAY - timedelta(rng.randrange(4 * 365))
            amount = rng.randrange(1000, 900000) / 100
            company = rng.choice((cls.company, cls.company, cls.company, cls.other_company))
            vals = {"currency_id": cls.euro.id} if rng.random() < 0.2 else {}
            invoice = cls.sell(partner, amount, day, rng.randint(1, 5), day + timedelta(rng.choice((0, 14, 30))),
                               company, **vals)
            if company != cls.company:
                continue
            match rng.randrange(8):
                case 0:
                    cls._reverse_invoice(invoice, post=True, date=min(TODAY, day + timedelta(10)))
                case 1:
                    cls.write_off(invoice, min(TODAY, day + timedelta(100)))
                case 2 | 3:
                    cls.pay(invoice, round(invoice.amount_total * 0.4, 2), cls._paid(rng, invoice))
                    if rng.random() < 0.6:
                        cls.pay(invoice, day=cls._paid(rng, invoice))
                case 4 | 5 | 6:
                    cls.pay(invoice, day=cls._paid(rng, invoice))

    @classmethod
    def _paid(cls, rng, invoice):
        return min(TODAY, max(invoice.invoice_date, invoice.invoice_date_due + timedelta(rng.randint(-20, 60))))

    @classmethod
    def write_off(cls, invoice, day):
        """Settle an invoice by a journal entry: no payment."""
        item = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        entry = cls.adjust(invoice.commercial_partner_id, -item.amount_residual, day)
        (item + entry.line_ids.filtered(lambda line: line.account_id == item.account_id)).reconcile()

    @classmethod
    def match_with_bank(cls, invoice, amount, day):
        """Match an invoice with a bank transaction of less, whose entry charges the rest to a loss account."""
        item = invoice.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        transaction = cls.env["account.bank.statement.line"].create({
            "journal_id": cls.bank_journal.id, "date": day, "payment_ref": "Innbetaling", "amount": amount,
            "partner_id": item.partner_id.id})
        _liquidity, suspense, _other = transaction._seek_for_lines()
        transaction.move_id.with_context(skip_readonly_check=True).write({"line_ids": [
            Command.update(suspense.id, {"account_id": item.account_id.id, "balance": -item.amount_residual,
                                         "amount_currency": -item.amount_residual}),
            Command.create({"account_id": cls.loss_account.id, "balance": item.amount_residual - amount})]})
        (item + suspense).reconcile()

    # ---- a second calculation ------------------------------------------------------------------------

    def calculate(self, company, today=TODAY):
        """:return: {partner: {measure: value}} of a root company"""
        env = self.env(su=True, context={**self.env.context, "active_test": False})
        companies = env["res.company"].search([("id", "child_of", company.id)])
        moves = env["account.move"].search([("company_id", "in", companies.ids), ("state", "=", "posted")])
        items = env["account.move.line"].search([
            ("company_id", "in", companies.ids), ("parent_state", "=", "posted"),
            ("account_id.account_type", "=", "asset_receivable"), ("partner_id", "!=", False)])
        orders = env["sale.order"].search([("company_id", "in", companies.ids), ("state", "=", "sale")])
        docs, owned, ordered = defaultdict(list), defaultdict(list), defaultdict(list)
        for move in moves:
            if move.move_type in SALES and move.invoice_date <= today:
                docs[move.commercial_partner_id.commercial_partner_id].append(move)
        for item in items:
            owned[item.partner_id.commercial_partner_id].append(item)
        for order in orders:
            ordered[order.partner_id.commercial_partner_id].append(order)
        return {
            partner: {
                **self._worth(docs[partner], ordered[partner], today),
                **self._paying(owned[partner], today),
                **self._owing(owned[partner], docs[partner], today),
            } for partner in {*docs, *owned, *ordered}}

    def _worth(self, docs, orders, today):
        def within(first, last=today):
            return [move for move in docs if first < move.invoice_date <= last]

        def margin(moves):
            return sum(move.amount_untaxed_signed - sum(
                round((-1 if move.move_type == "out_refund" else 1) * line.quantity
                      * line.product_id.with_company(move.company_id).standard_price, 2)
                for line in move.invoice_line_ids if line.product_id) for move in moves)

        year, two, three = (today - relativedelta(years=count) for count in (1, 2, 3))
        spans = {"12m": within(year), "prev_12m": within(two, year), "36m": within(three), "lifetime": docs}
        invoices = [move for move in docs if move.move_type != "out_refund"]
        first = min((move.invoice_date for move in invoices), default=None)
        years = max(1, (today - first).days / 365.25) if first else 1
        result = {
            **{f"revenue_{span}": sum(move.amount_untaxed_signed for move in moves) for span, moves in spans.items()},
            **{f"margin_{span}": margin(moves) for span, moves in spans.items()},
            "sales_12m": sum(move.amount_total_signed for move in spans["12m"]),
            "invoice_count_12m": sum(move in spans["12m"] for move in invoices),
            "invoice_count_36m": sum(move in spans["36m"] for move in invoices),
            "invoice_count": len(invoices),
            "order_count_12m": sum(
                fields.Datetime.context_timestamp(order.with_context(tz="Europe/Oslo"), order.date_order).date() > year
                for order in orders),
            "order_count": len(orders),
            "first_purchase": first, "last_purchase": max((move.invoice_date for move in invoices), default=None),
        }  # fmt: skip
        return result | {
            "clv": result["revenue_36m"] / min(3, years) * years,
            "clv_margin": result["margin_36m"] / min(3, years) * years}

    def _paying(self, items, today):
        year, claims = today - relativedelta(years=1), []
        for item in items:
            if (item.move_id.move_type not in ("out_invoice", "out_receipt") or item.balance <= 0
                    or item.date > today):
                continue
            due = next_business_day(item.date_maturity)
            pieces = [piece for match in item.matched_credit_ids if (piece := self._piece(match, item, due))]
            if item.amount_residual:
                if due >= today:
                    continue
                pieces.append((item.amount_residual, today))
            if pieces:
                claims.append((item.invoice_date, due, pieces, bool(item.amount_residual)))
        result = {}
        for span, chosen in (("", [claim for claim in claims if claim[3] or max(
                day for _amount, day in claim[2]) > year]), ("_lifetime", claims)):
            count = len(chosen)
            amount = sum(part for claim in chosen for part, _day in claim[2])
            days = [sum(part * (day - invoiced).days for part, day in pieces) for invoiced, _due, pieces, _o in chosen]
            late = [sum(part * (day - due).days for part, day in pieces) for _invoiced, due, pieces, _o in chosen]
            sizes = [sum(part for part, _day in claim[2]) for claim in chosen]
            is_late = sum(max(day for _part, day in pieces) > due for _i, due, pieces, _o in chosen)
            result |= {
                f"claim_count{span}": count, f"late_count{span}": is_late, f"claim_amount{span}": amount,
                f"days_to_pay{span}": ratio(sum(d / s for d, s in zip(days, sizes)), count),
                f"days_to_pay_weighted{span}": ratio(sum(days), amount),
                f"days_late{span}": ratio(sum(d / s for d, s in zip(late, sizes)), count),
                f"days_late_weighted{span}": ratio(sum(late), amount),
                f"share_late{span}": ratio(is_late, count),
                f"share_late_amount{span}": ratio(sum(
                    part for _i, due, pieces, _o in chosen for part, day in pieces if day > due), amount),
            }  # fmt: skip
        return result

    def _piece(self, match, item, due):
        """:return: (amount, day) of what was paid of a claim, or is lost since that day; None of neither"""
        credit = match.credit_move_id
        exchange = self.env["res.company"].sudo().search([]).currency_exchange_journal_id
        if credit.journal_id in exchange or credit.journal_id.type not in ("bank", "cash", "credit", "general"):
            return None
        money = 0 if credit.journal_id.type == "general" else match.amount
        if payment := credit.move_id.origin_payment_id:
            brought = sum(payment.move_id.line_ids.filtered(
                lambda line: line.account_id.account_type != "asset_receivable" and line.balance > 0
                and line.account_id != self.loss_account).mapped("balance"))
            money *= min(1, brought / -credit.balance)
        elif self.loss_account in (entry := credit.move_id.line_ids).account_id:
            brought = entry.filtered(lambda line: line.account_id == credit.journal_id.default_account_id)
            money *= max(0, sum(brought.mapped("balance"))) / sum(entry.mapped("debit"))
        if credit.date <= due:
            return (money, credit.date) if money else None
        return (match.amount, credit.date) if money or match.amount > 0.01 * item.balance else None

    def _owing(self, items, docs, today):
        year = today - relativedelta(years=1)
        items = [item for item in items if item.date <= today]
        sales = sum(move.amount_total_signed for move in docs if move.invoice_date > year)
        overdue = [item for item in items if (item.date_maturity or item.date) < today]
        owed = sum(item.amount_residual for item in items)
        late = sum(item.amount_residual for item in overdue if item.amount_residual > 0)
        opening = running = peak = sum(item.balance for item in items if item.date <= year)
        for day in range((today - year).days):
            running += sum(item.balance for item in items if item.date == year + timedelta(day + 1))
            peak = max(peak, running)
        not_due = owed - late
        best = max(0, not_due)
        return {
            "open_amount": owed, "overdue_amount": late, "opening_amount": opening, "peak_amount": peak,
            "oldest_due": min((item.date_maturity or item.date for item in overdue if item.amount_residual > 0),
                              default=None),
            "dso": owed / sales * 365 if sales > 0 else None,
            "dso_best": best / sales * 365 if sales > 0 else None,
            "days_delinquent": (max(0, owed) - best) / sales * 365 if sales > 0 else None,
            "cei": 100 * (opening + sales - owed) / (opening + sales - not_due)
            if opening + sales - not_due > 0.001 else None,
        }  # fmt: skip

    # ---- comparing ---------------------------------------------------------------------------------

    def stored(self, company):
        """:return: {partner: {measure: value}} as it stands in the table, empty values as None"""
        self.env.flush_all()
        rows = self.env.execute_query(SQL(
            "SELECT partner_id, %s FROM kundekartotek_customer_metrics WHERE company_id = %s",
            SQL(", ").join(map(SQL.identifier, MEASURES)), company.id))
        return {self.env["res.partner"].browse(partner_id): dict(zip(MEASURES, row)) for partner_id, *row in rows}

    def assert_stored(self, found, expected, digits=6):
        """Two states of the table are the same; sums may have been added up in another order."""
        self.assertEqual(set(found), set(expected))
        for partner, values in expected.items():
            for name in MEASURES:  # hypothesis does not allow subtests
                of, is_sum = f"{name} of {partner.name}", isinstance(values[name], (int, float, Decimal))
                self.assertEqual(isinstance(found[partner][name], (int, float, Decimal)), is_sum, of)
                if is_sum:
                    self.assertAlmostEqual(float(found[partner][name]), float(values[name]), digits, of)
                else:
                    self.assertEqual(found[partner][name], values[name], of)

    def assert_metrics(self, company, today=TODAY):
        """The table holds what is calculated anew from the records."""
        self.assert_stored(self.stored(company), self.calculate(company, today), 2)
