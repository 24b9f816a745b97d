# SPDX-License-Identifier: LGPL-3.0-or-later
"""What credit control costs: confirming and posting with it switched on and off, exposures, the worklist."""

import dataclasses
import functools

from odoo.fields import Command

from dev.cache import ADDON

from .. import webclient
from ..generate.company import PRODUCT_CODE

DOCUMENTS = 200  # on either side: in pairs of ten one by one, and all in one call
PAIRS, BATCH = DOCUMENTS // 10, 10
CALLS = 6
# Who pays in time: the ordinary document passes. What is stopped besides writes messages, which is another matter.
# The largest customer does not; there what is overdue is read, and a large amount allowed.
PAYERS = """
    SELECT p.id FROM res_partner p
     WHERE p.customer_rank > 0 AND p.parent_id IS NULL AND NOT EXISTS (
           SELECT FROM account_move_line l JOIN account_account a ON a.id = l.account_id
            WHERE l.partner_id = p.id AND l.parent_state = 'posted' AND l.amount_residual > 0
              AND a.account_type = 'asset_receivable' AND coalesce(l.date_maturity, l.date) < current_date)"""
CUSTOMERS = f"SELECT array_agg(id) FROM ({PAYERS} ORDER BY hashint8(p.id) LIMIT %s) p"
LARGEST = """
    SELECT commercial_partner_id, count(*) FROM account_move WHERE move_type = 'out_invoice'
     GROUP BY 1 ORDER BY 2 DESC LIMIT 1"""
LIMIT = 100_000_000
LIST = 80
HELD = 5_000


def orders(bench):
    """Confirming orders of one line, one by one, with credit control and without."""
    yield from _one_by_one(bench, "confirming {} orders", _orders, "action_confirm")


def orders_in_one(bench):
    """Confirming 200 orders in one call, as from the list, with credit control and without."""
    yield from _in_one(bench, "confirming {} orders", _orders, "action_confirm")


def invoices(bench):
    """Posting invoices of one line, one by one, with credit control and without."""
    yield from _one_by_one(bench, "posting {} invoices", _invoices, "action_post")


def invoices_in_one(bench):
    """Posting 200 invoices in one call, as from the list, with credit control and without."""
    yield from _in_one(bench, "posting {} invoices", _invoices, "action_post")


def exposure(bench):
    """The exposures of a list's page; beside it core's own figure, what the ledger says they owe."""
    customers = bench.value(CUSTOMERS, LIST)

    def prepare(env):
        env.company.credit_control = True
        partners = env["res.partner"].browse(customers)
        return lambda: partners.mapped("credit_exposure")

    def core(env):
        return lambda: env["res.partner"].browse(customers).mapped("credit")

    yield bench.timed(f"exposure of {LIST} customers", prepare, core=core)


def worklist(bench):
    """The worklist of orders on hold: first page and count."""
    customers = bench.value(CUSTOMERS, HELD)

    def prepare(env):
        env.company.credit_control = True
        env["sale.order"].create([{"partner_id": customers[number % len(customers)]} for number in range(HELD)])
        env.flush_all()
        env.cr.execute(
            "UPDATE sale_order SET credit_state = 'hold', credit_since = now() AT TIME ZONE 'UTC'"
            " WHERE id IN (SELECT id FROM sale_order ORDER BY id DESC LIMIT %s)", [HELD])
        env.invalidate_all()
        window = webclient.action(env, f"{ADDON.name}.sale_order_action_credit")
        arguments = {
            "domain": [("credit_state", "=", "hold")],
            "specification": webclient.specification(env, "sale.order", "list", window["view_of_type"]["list"]),
            "limit": webclient.LIST_LIMIT, "count_limit": 10_001,
        }
        return lambda: webclient.call(env, "sale.order", "web_search_read", **arguments)

    yield bench.timed(f"worklist of {HELD:,} orders on hold", prepare, rounds=2)


def _one_by_one(bench, title, create, method):
    return _paired(bench, f"{title}, one by one", create, functools.partial(_call_each, method), PAIRS, BATCH)


def _in_one(bench, title, create, method):
    return _paired(bench, f"{title} in one call", create, functools.partial(_call_all, method), CALLS, DOCUMENTS)


def _paired(bench, title, create, call, pairs, number):
    """On the documents of many customers, and on those of the one with the most invoices. Each call is a transaction
    of its own, as what a user does: at its end core notes in the document's log what has changed. Also without."""
    largest, invoices = bench.row(LARGEST)
    many = bench.value(CUSTOMERS, DOCUMENTS)
    whose = {
        "": (many, _end),
        ", without the end of the transaction": (many, _flush),
        f" of the customer with {invoices:,} invoices": ([largest] * DOCUMENTS, _end)}
    for suffix, (customers, end) in whose.items():
        def variant(control, env, turn, customers=customers, end=end):
            env["res.partner"].browse(set(customers)).write({"credit_limit": LIMIT})
            env["kundekartotek.credit.rule"].search([("kind", "=", "overdue")]).amount = LIMIT
            env.company.credit_control = control
            call(create(env, customers[-1:]), end)  # fills the server's cache, which the rule has emptied
            start = turn * number % DOCUMENTS
            documents = create(env, customers[start:start + number])
            end(env)  # they were made in an earlier transaction: only then is what confirming changes noted
            return functools.partial(call, documents, end)

        row = bench.paired(
            title.format(number) + suffix, functools.partial(variant, True), functools.partial(variant, False), pairs,
            "switched off")
        more = (row.statements - row.core_statements) / number
        yield dataclasses.replace(row, note=f"{row.note}; {more:+.2f} statements a document")


def _product(env):
    return env["product.product"].search([("default_code", "=", PRODUCT_CODE)])


def _orders(env, customers):
    product = _product(env)
    return env["sale.order"].create([{
        "partner_id": customer,
        "order_line": [Command.create({"product_id": product.id, "price_unit": 1000.0})],
    } for customer in customers])


def _invoices(env, customers):
    product = _product(env)
    return env["account.move"].create([{
        "move_type": "out_invoice", "partner_id": customer,
        "invoice_line_ids": [Command.create({"product_id": product.id, "price_unit": 1000.0})],
    } for customer in customers])


def _call_each(method, documents, end):
    for document in documents:
        getattr(document.with_prefetch(), method)()
        end(document.env)


def _call_all(method, documents, end):
    getattr(documents, method)()
    end(documents.env)


def _flush(env):
    env.flush_all()


def _end(env):
    """What committing does besides telling PostgreSQL: write what is pending, run what waits for the end, forget."""
    env.cr.flush()
    env.cr.clear()
