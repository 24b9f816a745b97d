# SPDX-License-Identifier: LGPL-3.0-or-later
"""Measuring customers, the queue of those to measure, what noting them costs, and the overview that reads what was
measured."""

import contextlib
import functools
from datetime import timedelta
from unittest.mock import patch

from odoo.fields import Command
from odoo.tools import SQL

from .. import databases
from ..generate.company import PRODUCT_CODE
from ..measure import Row

METRICS = "kundekartotek.customer.metrics"
ACCOUNTS = "ARRAY(SELECT id FROM account_account WHERE account_type = 'asset_receivable')"
# Payment behaviour of all time, and ABC of 12 months, each in one statement.
PLAIN = (
    f"""SELECT m.commercial_partner_id, count(*), avg(f.paid - m.invoice_date), avg(f.paid - m.invoice_date_due),
               sum((f.paid - m.invoice_date_due) * m.amount_total_signed) / sum(m.amount_total_signed),
               avg((f.paid > m.invoice_date_due)::int)
          FROM account_move m
          JOIN account_move_line l ON l.move_id = m.id AND l.account_id = ANY ({ACCOUNTS})
          JOIN (SELECT debit_move_id, max(max_date) AS paid FROM account_partial_reconcile GROUP BY 1) f
            ON f.debit_move_id = l.id
         WHERE m.move_type = 'out_invoice' AND m.state = 'posted' AND l.reconciled AND m.company_id = 1
         GROUP BY 1""",
    """WITH s AS (SELECT commercial_partner_id, sum(amount_untaxed_signed) AS sales FROM account_move
                   WHERE state = 'posted' AND move_type IN ('out_invoice', 'out_refund') AND company_id = 1
                     AND invoice_date > current_date - 365 GROUP BY 1)
       SELECT commercial_partner_id, sales, sum(sales) OVER (ORDER BY sales DESC, commercial_partner_id)
              / sum(sales) OVER () AS share FROM s WHERE sales > 0""",
)
# Payment behaviour by the same rules as is measured, in one statement as one would write it: each payment by its amount
# and its own day, what is open and overdue as if paid today; of 12 months and of all time. No business days, no losses.
SAME = f"""
    WITH claim AS (
           SELECT m.commercial_partner_id, l.amount_residual AS open, m.invoice_date_due - m.invoice_date AS term,
                  max(c.date) AS last_paid, coalesce(sum(p.amount), 0) + l.amount_residual AS amount,
                  coalesce(sum(p.amount * (c.date - m.invoice_date)), 0)
                  + l.amount_residual * (current_date - m.invoice_date) AS days,
                  coalesce(sum(p.amount) FILTER (WHERE c.date > m.invoice_date_due), 0) + l.amount_residual AS late,
                  coalesce(max(c.date) > m.invoice_date_due, TRUE) OR l.amount_residual > 0 AS is_late
             FROM account_move m
             JOIN account_move_line l ON l.move_id = m.id AND l.account_id = ANY ({ACCOUNTS})
             LEFT JOIN (account_partial_reconcile p
                  JOIN account_move_line c ON c.id = p.credit_move_id
                  JOIN account_journal j ON j.id = c.journal_id AND j.type IN ('bank', 'cash', 'credit', 'general'))
               ON p.debit_move_id = l.id
            WHERE m.move_type = 'out_invoice' AND m.state = 'posted' AND m.company_id = 1
              AND (l.amount_residual = 0 OR m.invoice_date_due < current_date)
            GROUP BY m.id, l.id)
    SELECT commercial_partner_id, count(*), avg(days / amount), sum(days) / sum(amount), avg(days / amount - term),
           sum(days - term * amount) / sum(amount), avg(is_late::int), sum(late) / sum(amount),
           count(*) FILTER (WHERE recent), avg(days / amount) FILTER (WHERE recent),
           sum(days) FILTER (WHERE recent) / sum(amount) FILTER (WHERE recent),
           avg(days / amount - term) FILTER (WHERE recent),
           sum(days - term * amount) FILTER (WHERE recent) / sum(amount) FILTER (WHERE recent),
           avg(is_late::int) FILTER (WHERE recent),
           sum(late) FILTER (WHERE recent) / sum(amount) FILTER (WHERE recent)
      FROM claim CROSS JOIN LATERAL (SELECT open > 0 OR last_paid > current_date - 365 AS recent) r
     WHERE amount > 0 GROUP BY 1"""
RANDOM = "SELECT partner_id FROM kundekartotek_customer_metrics ORDER BY hashint8(partner_id) LIMIT %s"
CUSTOMERS = """
    SELECT array_agg(id) FROM (SELECT id FROM res_partner WHERE customer_rank > 0 AND parent_id IS NULL
                                ORDER BY hashint8(id) LIMIT %s) p"""
ROUNDS = 3
PAIRS, BATCH = 40, 10  # 400 documents on either side
NOTING = ("account.move", "account.move.line", "account.partial.reconcile", "res.partner", "sale.order")


def full(bench):
    """Measuring and classing every customer for the first time, beside the two plain statements one after the
    other."""
    yield _night("measuring all customers, the first night", bench, _measure)


def night(bench):
    """The same where the figures of yesterday are there already."""
    with _night_before(bench):
        yield _night("measuring all customers, every night", bench, _measure)


@contextlib.contextmanager
def _night_before(bench):
    """Measure as of yesterday, in a transaction that is committed: of a row that was written in the same one,
    PostgreSQL would check again what it refers to."""
    with databases.environment(bench.databases.ours) as env:
        metrics = env.registry[METRICS]
        today = metrics._measuring_day
        with patch.object(metrics, "_measuring_day", lambda *args: today(*args) - timedelta(days=1)):
            _measure(env)()
        env.cr.execute("ANALYZE kundekartotek_customer_metrics")  # as autovacuum does
        env.cr.commit()
    try:
        yield
    finally:
        with databases.environment(bench.databases.ours) as env:
            env.cr.execute("DELETE FROM kundekartotek_customer_metrics")
            env.cr.commit()


def _measure(env):
    metrics, company = env[METRICS].sudo(), env.company.root_id
    return lambda: (metrics._refresh(company), metrics._classify(company))


def plain(bench):
    """The same payment behaviour as is measured, in a plain statement, and ABC: beside the two that compute less."""
    yield _night("payment behaviour as it is measured, in one plain statement; and ABC", bench,
                 _statements(SAME, PLAIN[1]))


def _statements(*statements):
    def prepare(env):
        def run():
            for statement in statements:
                env.cr.execute(statement)
                env.cr.fetchall()
        return run
    return prepare


def _night(case, bench, prepare):
    row = bench.timed(case, prepare, core=_statements(*PLAIN), rounds=ROUNDS)
    return Row(
        row.case, row.ours, floor=row.core, statements=row.statements, peak=row.peak, note="floor: two statements")


def history(bench):
    """The key figures of three years, as every night."""

    def prepare(env):
        env["kundekartotek.kpi"].sudo().search([("dimension", "!=", False)]).unlink()
        return lambda: env["kundekartotek.kpi"].sudo()._keep(env.company.root_id)

    yield bench.timed("key figures of 37 months", prepare, rounds=1)


def queue(bench):
    """A batch of 1,000 customers from the queue."""

    def prepare(env):
        metrics, company = env[METRICS].sudo(), env.company.root_id
        if not metrics.search_count([], limit=1):
            metrics._refresh(company)
            metrics._classify(company)
        ids = [partner_id for partner_id, in env.execute_query(SQL(RANDOM, 1000))]
        return lambda: metrics._refresh_noted([(partner_id, company.id) for partner_id in ids])

    yield bench.timed("1,000 customers from the queue", prepare, rounds=ROUNDS)


def overview(bench):
    """What the opening page asks for, when the nightly job has run."""

    def prepare(env):
        metrics, company = env[METRICS].sudo(), env.company.root_id
        metrics._refresh(company)
        metrics._classify(company)
        env["kundekartotek.kpi"].sudo()._keep(company)
        return env["kundekartotek.overview"].get_insight

    yield bench.timed("overview", prepare, rounds=ROUNDS)


def posting(bench):
    """Posting invoices of one line, one by one, with the customers noted and without."""
    yield _noting(bench, f"posting {BATCH} invoices", _posting)


def matching(bench):
    """Matching invoices with their payments, one by one, with the customers noted and without."""
    yield _noting(bench, f"matching {BATCH} payments", _matching)


def _noting(bench, case, prepare):
    customers = bench.value(CUSTOMERS, PAIRS * BATCH)

    def variant(noted, env, number):
        call = prepare(env, customers[number * BATCH:][:BATCH])
        return call if noted else functools.partial(_unnoted, env, call)

    return bench.paired(
        case, functools.partial(variant, True), functools.partial(variant, False), PAIRS, "nobody is noted")


def _unnoted(env, call):
    with contextlib.ExitStack() as stack:
        for model in NOTING:
            stack.enter_context(patch.object(env.registry[model], "_note_metrics", lambda self: None))
        call()


def _drafts(env, customers):
    product = env["product.product"].search([("default_code", "=", PRODUCT_CODE)])
    return env["account.move"].create([{
        "move_type": "out_invoice", "partner_id": customer,
        "invoice_line_ids": [Command.create({"product_id": product.id, "price_unit": 1000.0})],
    } for customer in customers])


def _posting(env, customers):
    drafts = _drafts(env, customers)

    def call():
        for draft in drafts:
            draft.with_prefetch().action_post()
            env.flush_all()
            env.cr.precommit.run()

    return call


def _matching(env, customers):
    invoices = _drafts(env, customers)
    invoices.action_post()
    journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
    pairs = []
    for invoice in invoices:
        payment = env["account.payment"].create({
            "payment_type": "inbound", "partner_type": "customer", "partner_id": invoice.partner_id.id,
            "amount": invoice.amount_total, "journal_id": journal.id})
        payment.action_post()
        pairs.append((invoice | payment.move_id).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"))

    def call():
        for items in pairs:
            items.with_prefetch().reconcile()
            env.flush_all()
            env.cr.precommit.run()

    return call
