# SPDX-License-Identifier: LGPL-3.0-or-later
"""What is invoiced, credited and paid, and when: temporary tables only, see `documents`."""

PARAMS = {
    "contact_invoice_share": 0.3,  # of the invoices of a company that has a contact person
    "sigma_invoice": 0.7,  # spread (lognormal) of one customer's invoices
    "very_late_never": 0.12,  # of a very late payer's invoices are never paid, on top
}
# Shares of the invoices; what is left over is a normal payment.
FATES = {
    "credited": 0.015,
    "part_credit": 0.010,
    "credit_open": 0.003,
    "two_parts": 0.025,
    "over": 0.003,
    "unallocated": 0.007,
    "never": 0.012,
}


def load(loader):
    """Leave t_inv, t_cn (credit notes), t_pay (payments) and t_alloc (payment per invoice)."""
    loader.params.update(PARAMS, fates=list(FATES), fate_shares=list(FATES.values()))
    _plan_invoices(loader)
    _plan_credit_notes(loader)
    _plan_payments(loader)


def _plan_invoices(loader):
    loader.step("invoice plan", """
        CREATE TEMP TABLE t_inv AS
        WITH fates AS (
            SELECT fate, sum(share) OVER (ORDER BY i) - share AS lower, sum(share) OVER (ORDER BY i) AS upper
              FROM unnest(%(fates)s::text[], %(fate_shares)s::numeric[]) WITH ORDINALITY f(fate, share, i)
        ), raw AS (
            SELECT row_number() OVER (ORDER BY c.n, i) AS k, c.* FROM t_cust c, generate_series(1, c.n_inv) i
        ), dated AS (
            SELECT *, least(%(as_of)s::date, pg_temp.workday(%(as_of)s::date - %(days)s + first_day
                   + floor((%(days)s - first_day) * active_part * power(pg_temp.u(30, k), .9))::int)) AS date,
                   round(exp(mu + %(sigma_invoice)s * pg_temp.g(31, k))::numeric + 50, 2) AS untaxed,
                   pg_temp.u(32, k) AS u_fate
              FROM raw
        ), fated AS (
            SELECT d.*, date + term AS due, round(untaxed * rate, 2) AS tax,
                   CASE WHEN very_late AND pg_temp.u(33, k) < %(very_late_never)s THEN 'never'
                        ELSE coalesce(f.fate, 'normal') END AS fate,
                   greatest(0, term + round(delay + delay_sd * pg_temp.g(34, k)
                            + drift * (date - (%(as_of)s::date - %(days)s)) / %(days)s))::int AS days_paid
              FROM dated d LEFT JOIN fates f ON d.u_fate >= f.lower AND d.u_fate < f.upper
        ), timed AS (
            SELECT *, untaxed + tax AS total, date + 3 + floor(25 * pg_temp.u(35, k))::int AS cn_date,
                   CASE WHEN run_payer      -- next fortnightly run, a Thursday
                        THEN '2000-01-06'::date
                             + 14 * (ceil((date + days_paid - '2000-01-06'::date) / 14.0))::int
                        ELSE pg_temp.workday(date + days_paid) END AS pay_date
              FROM fated
        )
        SELECT k, n, id AS partner_id, lpad(id::text, 7, '0') || lpad(k::text, 8, '0') AS kid,
               CASE WHEN has_contact = 1 AND pg_temp.u(36, k) < %(contact_invoice_share)s
                    THEN contact_id ELSE id END AS addressee,
               date, due, term, rate, untaxed, tax, total, wizard, pay_date, cn_date,
               -- a credit note that is still to come changes nothing yet
               CASE WHEN fate IN ('part_credit', 'credit_open') AND cn_date > %(as_of)s::date
                    THEN 'normal' ELSE fate END AS fate,
               CASE fate WHEN 'credited' THEN untaxed
                         WHEN 'part_credit' THEN round(untaxed * (.1 + .4 * pg_temp.u(37, k))::numeric, 2)
                         WHEN 'credit_open' THEN round(untaxed * (.05 + .15 * pg_temp.u(37, k))::numeric, 2)
                    END AS cn_untaxed,
               round((untaxed + tax) * (.3 + .4 * pg_temp.u(38, k))::numeric, 2) AS part1,
               pg_temp.workday(pay_date + 30 + floor(60 * pg_temp.u(39, k))::int) AS pay2_date,
               pg_temp.u(40, k) < .6 AS second_comes
          FROM timed;
        CREATE UNIQUE INDEX ON t_inv (k); ANALYZE t_inv
    """)


def _plan_credit_notes(loader):
    loader.step("credit note plan", """
        CREATE TEMP TABLE t_cn AS
        SELECT k, n, partner_id, addressee, cn_date AS date, term, rate, cn_untaxed AS untaxed,
               round(cn_untaxed * rate, 2) AS tax, cn_untaxed + round(cn_untaxed * rate, 2) AS total,
               fate <> 'credit_open' AS allocated
          FROM t_inv WHERE fate IN ('credited', 'part_credit', 'credit_open') AND cn_date <= %(as_of)s::date;
        CREATE UNIQUE INDEX ON t_cn (k); ANALYZE t_cn
    """)


def _plan_payments(loader):
    """g is a payment's group: 'R' a date's normal payments of a customer together, else one invoice's.

    allocated: what is reconciled with invoices; extra: what is left open.
    """
    loader.step("payment plan", """
        CREATE TEMP TABLE t_alloc AS
        SELECT i.k, i.partner_id, i.pay_date AS date, i.wizard, 'R' AS g, 0::bigint AS solo,
               i.total - coalesce(CASE WHEN c.allocated THEN c.total END, 0) AS amount,
               0::numeric AS extra
          FROM t_inv i LEFT JOIN t_cn c USING (k)
         WHERE i.fate IN ('normal', 'part_credit', 'credit_open') AND i.pay_date <= %(as_of)s::date
        UNION ALL
        SELECT k, partner_id, pay_date, wizard, 'A', k, part1, 0
          FROM t_inv WHERE fate = 'two_parts' AND pay_date <= %(as_of)s::date
        UNION ALL
        SELECT k, partner_id, pay2_date, wizard, 'B', k, total - part1, 0
          FROM t_inv WHERE fate = 'two_parts' AND second_comes AND pay2_date <= %(as_of)s::date
        UNION ALL
        SELECT k, partner_id, pay_date, wizard, 'O', k, total, round(total * .05, 2)
          FROM t_inv WHERE fate = 'over' AND pay_date <= %(as_of)s::date
        UNION ALL
        SELECT k, partner_id, pay_date, wizard, 'U', k, 0, total
          FROM t_inv WHERE fate = 'unallocated' AND pay_date <= %(as_of)s::date;
        CREATE TEMP TABLE t_pay AS
        SELECT row_number() OVER (ORDER BY date, partner_id, g, solo) AS pay, *
          FROM (SELECT partner_id, date, wizard, g, solo, sum(amount) AS allocated,
                       sum(extra) AS extra, count(*) AS n_inv, min(k) AS first_k
                  FROM t_alloc GROUP BY partner_id, date, wizard, g, solo) grouped;
        CREATE UNIQUE INDEX ON t_pay (pay);
        ALTER TABLE t_alloc ADD pay bigint;
        UPDATE t_alloc a SET pay = p.pay FROM t_pay p
         WHERE (p.partner_id, p.date, p.g, p.solo) = (a.partner_id, a.date, a.g, a.solo);
        ANALYZE t_alloc; ANALYZE t_pay
    """)
