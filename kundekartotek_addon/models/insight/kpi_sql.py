# SPDX-License-Identifier: LGPL-3.0-or-later
"""The statements that write key figures by the month; see ``kpi``. Each row belongs to a company, a month and one
dimension: the company as a whole, a category of its customers, or a salesperson."""

# What happened when, of the receivables, of what is overdue of them, and of the sales: added up to a month's end, it
# is what was there. A claim is overdue from the day after it is due; a match takes it away. A credit that is not
# matched is never overdue.
EVENTS = """
    item AS MATERIALIZED (
        SELECT l.id, l.partner_id, l.date, coalesce(l.date_maturity, l.date) + 1 AS late, l.balance
          FROM account_move_line l
         WHERE l.account_id IN %(accounts)s AND l.parent_state = 'posted' AND l.company_id IN %(companies)s
           AND l.date <= %(day)s),
    event AS (
        SELECT partner_id, date AS day, balance AS receivables, 0 AS overdue, 0 AS revenue, 0 AS sales FROM item
        UNION ALL SELECT partner_id, greatest(date, late), 0, balance, 0, 0 FROM item WHERE balance > 0
        UNION ALL SELECT i.partner_id, greatest(p.max_date, i.date, i.late), 0, -p.amount, 0, 0
                    FROM account_partial_reconcile p JOIN item i ON i.id = p.debit_move_id
                   WHERE p.max_date <= %(day)s
        UNION ALL SELECT m.commercial_partner_id, m.invoice_date, 0, 0, m.amount_untaxed_signed,
                         m.amount_total_signed
                    FROM account_move m
                   WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                     AND m.invoice_date <= %(day)s AND m.company_id IN %(companies)s)"""
DIMENSION = """CASE WHEN grouping(category) = 0 THEN 'category' WHEN grouping(seller) = 0 THEN 'user'
                ELSE 'company' END"""

HISTORY = """
    WITH %(events)s,
    summed AS (
        SELECT greatest((date_trunc('month', event.day) + interval '1 month - 1 day')::date, %(first)s) AS date,
               customer.customer_category_id AS category, customer.user_id AS seller,
               sum(receivables) AS receivables, sum(overdue) AS overdue,
               sum(revenue) FILTER (WHERE event.day > %(first)s) AS revenue,
               sum(sales) FILTER (WHERE event.day > %(first)s) AS sales
          FROM event
          JOIN res_partner owner ON owner.id = event.partner_id
          JOIN res_partner customer ON customer.id = owner.commercial_partner_id
         WHERE event.day < %(month)s::date + 1
         GROUP BY 1, 2, 3),
    dimension AS (
        SELECT %(dimension)s AS dimension, category, seller, date, sum(receivables) AS receivables,
               sum(overdue) AS overdue, sum(revenue) AS revenue, sum(sales) AS sales
          FROM summed GROUP BY GROUPING SETS ((date), (date, category), (date, seller))),
    month AS (
        SELECT (date_trunc('month', day) + interval '1 month - 1 day')::date AS date
          FROM generate_series(date_trunc('month', %(first)s::date), %(month)s::date, interval '1 month') day),
    filled AS (
        SELECT k.dimension, k.category, k.seller, month.date, coalesce(d.revenue, 0) AS revenue,
               coalesce(d.sales, 0) AS sales,
               sum(coalesce(d.receivables, 0)) OVER running AS receivables,
               sum(coalesce(d.overdue, 0)) OVER running AS overdue
          FROM (SELECT DISTINCT dimension, category, seller FROM dimension
                 WHERE dimension = 'company' OR coalesce(category, seller) IS NOT NULL) k
         CROSS JOIN month
          LEFT JOIN dimension d ON d.date = month.date AND d.dimension = k.dimension
               AND d.category IS NOT DISTINCT FROM k.category AND d.seller IS NOT DISTINCT FROM k.seller
        WINDOW running AS (PARTITION BY k.dimension, k.category, k.seller ORDER BY month.date)),
    rolled AS (
        SELECT *, count(*) FILTER (WHERE begun) OVER year AS months, sum(sales) OVER year AS sales_12m,
               count(*) FILTER (WHERE begun) OVER ends AS ends, avg(receivables) OVER ends AS mean
          FROM (SELECT *, max((sales <> 0 OR receivables <> 0)::int) OVER (
                          PARTITION BY dimension, category, seller ORDER BY date) = 1 AS begun FROM filled) filled
        WINDOW year AS (PARTITION BY dimension, category, seller ORDER BY date ROWS 11 PRECEDING),
               ends AS (PARTITION BY dimension, category, seller ORDER BY date ROWS 12 PRECEDING)),
    written AS (
        INSERT INTO kundekartotek_kpi (company_id, date, dimension, customer_category_id, user_id, computed_at, revenue,
                                       sales, receivables, overdue, sales_12m, dso, turnover)
        SELECT %(company)s, date, dimension, category, seller, %(now)s, revenue, sales, receivables, overdue,
               CASE WHEN months = 12 THEN sales_12m END,
               CASE WHEN months = 12 AND sales_12m > 0 THEN (receivables / sales_12m * 365)::float8 END,
               CASE WHEN ends = 13 AND mean > 0 THEN (sales_12m / mean)::float8 END
          FROM rolled WHERE date > %(first)s
            ON CONFLICT (company_id, date, dimension, coalesce(customer_category_id, 0), coalesce(user_id, 0))
            DO UPDATE SET revenue = excluded.revenue, sales = excluded.sales, receivables = excluded.receivables,
                   overdue = excluded.overdue, sales_12m = excluded.sales_12m, dso = excluded.dso,
                   turnover = excluded.turnover, computed_at = excluded.computed_at
     RETURNING id)
    DELETE FROM kundekartotek_kpi
     WHERE company_id = %(company)s AND date > %(first)s AND id NOT IN (SELECT id FROM written)"""

SALES_OF_MONTH = """
    WITH summed AS (
        SELECT (date_trunc('month', m.invoice_date) + interval '1 month - 1 day')::date AS date,
               customer.customer_category_id AS category, customer.user_id AS seller,
               sum(m.amount_untaxed_signed) AS revenue, sum(m.amount_total_signed) AS sales
          FROM account_move m
          JOIN res_partner owner ON owner.id = m.commercial_partner_id
          JOIN res_partner customer ON customer.id = owner.commercial_partner_id
         WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
           AND m.invoice_date >= date_trunc('month', %(day)s::date) AND m.invoice_date <= %(day)s
           AND m.company_id IN %(companies)s
         GROUP BY 1, 2, 3),
    dimension AS (
        SELECT %(dimension)s AS dimension, category, seller, date, sum(revenue) AS revenue, sum(sales) AS sales
          FROM summed GROUP BY GROUPING SETS ((date), (date, category), (date, seller)))
    INSERT INTO kundekartotek_kpi (company_id, date, dimension, customer_category_id, user_id, computed_at, revenue,
                                   sales)
    SELECT %(company)s, date, dimension, category, seller, %(now)s, revenue, sales FROM dimension
     WHERE dimension = 'company' OR coalesce(category, seller) IS NOT NULL
        ON CONFLICT (company_id, date, dimension, coalesce(customer_category_id, 0), coalesce(user_id, 0))
        DO UPDATE SET revenue = excluded.revenue, sales = excluded.sales, computed_at = excluded.computed_at"""

# The month we are in, from the customers' measures of today.
CURRENT = """
    WITH measured AS (
        SELECT %(dimension)s AS dimension, category, seller, sum(open_amount) AS receivables,
               sum(overdue_amount) AS overdue, sum(sales_12m) AS sales_12m, sum(opening_amount) AS opening,
               count(*) FILTER (WHERE invoice_count_12m > 0) AS customers, sum(revenue_12m) AS revenue_12m,
               avg(clv) FILTER (WHERE first_purchase IS NOT NULL) AS clv,
               sum(days_to_pay * claim_count) / nullif(sum(claim_count), 0) AS days_to_pay,
               sum(days_to_pay_weighted * claim_amount) / nullif(sum(claim_amount), 0) AS days_to_pay_weighted
          FROM (SELECT m.*, p.customer_category_id AS category, p.user_id AS seller
                  FROM kundekartotek_customer_metrics m JOIN res_partner p ON p.id = m.partner_id
                 WHERE m.company_id = %(company)s) m
         GROUP BY GROUPING SETS ((), (category), (seller))),
    named AS (
        SELECT measured.*, (
               SELECT CASE WHEN count(*) = 12 AND sum(k.receivables) + measured.receivables > 0
                           THEN (measured.sales_12m * 13 / (sum(k.receivables) + measured.receivables))::float8 END
                 FROM kundekartotek_kpi k
                WHERE k.company_id = %(company)s AND k.date >= %(y1)s AND k.date < %(month)s
                  AND k.dimension = measured.dimension AND k.customer_category_id IS NOT DISTINCT FROM category
                  AND k.user_id IS NOT DISTINCT FROM seller AND k.receivables IS NOT NULL) AS turnover
          FROM measured WHERE dimension = 'company' OR coalesce(category, seller) IS NOT NULL)
    INSERT INTO kundekartotek_kpi (company_id, date, dimension, customer_category_id, user_id, computed_at,
                                   receivables, overdue, sales_12m, dso, turnover, customers, revenue_per_customer,
                                   clv, days_to_pay, days_to_pay_weighted, cei)
    SELECT %(company)s, %(month)s, dimension, category, seller, %(now)s, coalesce(receivables, 0),
           coalesce(overdue, 0), coalesce(sales_12m, 0),
           CASE WHEN sales_12m > 0 THEN (receivables / sales_12m * %(year)s)::float8 END, turnover, customers,
           round(revenue_12m / nullif(customers, 0), 2), round(clv, 2), days_to_pay, days_to_pay_weighted,
           CASE WHEN opening + sales_12m - receivables + overdue > 0
                THEN (100 * (opening + sales_12m - receivables) / (opening + sales_12m - receivables + overdue))::float8
                END
      FROM named
        ON CONFLICT (company_id, date, dimension, coalesce(customer_category_id, 0), coalesce(user_id, 0))
        DO UPDATE SET receivables = excluded.receivables, overdue = excluded.overdue, sales_12m = excluded.sales_12m,
               dso = excluded.dso, turnover = excluded.turnover, customers = excluded.customers,
               revenue_per_customer = excluded.revenue_per_customer, clv = excluded.clv,
               days_to_pay = excluded.days_to_pay, days_to_pay_weighted = excluded.days_to_pay_weighted,
               cei = excluded.cei, computed_at = excluded.computed_at"""
