# SPDX-License-Identifier: LGPL-3.0-or-later
"""Measuring customers, the queue of those to measure, and the overview that reads what was measured."""

from odoo.tools import SQL

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
RANDOM = "SELECT partner_id FROM kundekartotek_customer_metrics ORDER BY hashint8(partner_id) LIMIT %s"
ROUNDS = 3


def full(bench):
    """Measuring and classing every customer, beside the two plain statements one after the other."""

    def prepare(env):
        metrics, company = env[METRICS].sudo(), env.company.root_id
        return lambda: (metrics._refresh(company), metrics._classify(company))

    def floor(env):
        def run():
            for statement in PLAIN:
                env.cr.execute(statement)
                env.cr.fetchall()
        return run

    row = bench.timed("measuring all customers", prepare, core=floor, rounds=ROUNDS)
    yield Row(
        row.case, row.ours, floor=row.core, statements=row.statements, peak=row.peak, note="floor: two statements")


def history(bench):
    """The key figures of three years, the first night."""

    def prepare(env):
        env["kundekartotek.kpi"].sudo().search([]).unlink()
        return lambda: env["kundekartotek.kpi"].sudo()._keep(env.company.root_id)

    yield bench.timed("key figures of 37 months, once", prepare, rounds=1)


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
