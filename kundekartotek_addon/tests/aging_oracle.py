# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the aging must say, found by walking through the ledger item by item and match by match."""
from collections import defaultdict
from datetime import date

from ..tools.aging import BUCKETS

AMOUNTS = ("not_due", *BUCKETS, "unallocated", "total", "overdue")


def rest_of(item, day):
    """What is left of an item at the end of a day: (company currency, its own currency)."""
    amount, currency = item.balance, item.amount_currency
    for match in item.matched_credit_ids:  # the item is the debit
        if match.max_date <= day:
            amount, currency = amount - match.amount, currency - match.debit_amount_currency
    for match in item.matched_debit_ids:
        if match.max_date <= day:
            amount, currency = amount + match.amount, currency + match.credit_amount_currency
    return round(amount, 2), round(currency, 2)


def bucket_of(days, limits):
    if days <= 0:
        return "not_due"
    return BUCKETS[sum(days > limit for limit in limits)]


def open_items(env, day):
    """[(item, rest, rest in its currency)] of what was open on receivable accounts of the chosen companies."""
    items = env["account.move.line"].sudo().search([
        ("account_id.account_type", "=", "asset_receivable"), ("parent_state", "=", "posted"), ("date", "<=", day),
        ("company_id", "in", env.companies.ids)])
    rests = [(item, *rest_of(item, day)) for item in items]
    return [rest for rest in rests if rest[1] or rest[2]]


def aging_of(env, day, basis="due", limits=(30, 60, 90), by=()):
    """{(company id, customer id or False, *values of ``by``): {column: amount}}, by walking through the ledger."""
    lines = defaultdict(lambda: dict.fromkeys(AMOUNTS, 0) | {"open_item_count": 0, "oldest_due_date": False})
    for item, rest, currency in open_items(env, day):
        due = item.date_maturity or item.date
        aged = due if basis == "due" else item.invoice_date or item.date
        line = lines[item.company_id.id, item.partner_id.commercial_partner_id.id, *(item[name].id for name in by)]
        names = ["unallocated"] if min(rest, currency) < 0 else [bucket_of((day - aged).days, limits)]
        if max(rest, currency) > 0:
            line["oldest_due_date"] = min(line["oldest_due_date"] or date.max, due)
            names += ["overdue"] if due < day else []
        for name in (*names, "total"):
            line[name] += rest
        line["open_item_count"] += 1
    return {
        key: {name: round(value, 2) if isinstance(value, float) else value for name, value in line.items()}
        for key, line in lines.items()}


def ledger_of(env, day):
    """{(company id, customer id or False): balance of the receivable accounts}"""
    balances = defaultdict(float)
    for item in env["account.move.line"].sudo().search([
            ("account_id.account_type", "=", "asset_receivable"), ("parent_state", "=", "posted"),
            ("date", "<=", day), ("company_id", "in", env.companies.ids)]):
        balances[item.company_id.id, item.partner_id.commercial_partner_id.id] += item.balance
    return {key: round(balance, 2) for key, balance in balances.items() if round(balance, 2)}
