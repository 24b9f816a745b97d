# SPDX-License-Identifier: LGPL-3.0-or-later
"""What orders bring about, as functions of PostgreSQL's: they take a millisecond to plan and a tenth of one to run,
and a function is planned once a connection. Amounts have taxes included, in company currency.

``kundekartotek_order_claims(orders, moves)`` gives per ``order_id``: ``billed``, what is posted of it, and ``rest``,
what is left to invoice at the order's own rate: the quantity ordered, or delivered if more, less what is posted; down
payments that were invoiced, and not yet deducted, are owed already. What is invoiced beyond an order is owed, and
leaves nothing of it: a rest is never negative. That is ``step`` 0. Step n is how it would be with the first n of the
drafts ``moves`` posted too, for the orders that the n-th invoices.

``kundekartotek_uninvoiced_orders(customers, companies)`` sums the rest of confirmed orders: ``partner_id``, a
commercial partner among the customers, and ``amount``. An order that only drafts have invoiced is open as before,
whoever they are for.
"""

CREATE = """
    CREATE OR REPLACE FUNCTION kundekartotek_order_claims(orders int[], moves int[])
    RETURNS TABLE (order_id int, step int, billed float, rest float)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN QUERY
    WITH line AS MATERIALIZED (
           SELECT o.id AS order_id, l.id, l.product_uom_qty AS ordered, l.qty_delivered AS delivered,
                  l.is_downpayment AND l.product_uom_qty = 0 AS is_downpayment,
                  CASE WHEN l.product_uom_qty <> 0 THEN l.price_total / l.product_uom_qty
                       ELSE l.price_unit * (1 - coalesce(l.discount, 0) / 100) END
                  / coalesce(nullif(o.currency_rate, 0), 1) AS price,
                  (SELECT nullif(factor, 0) FROM uom_uom WHERE id = l.product_uom_id) AS factor
             FROM sale_order o
             JOIN sale_order_line l ON l.order_id = o.id AND l.display_type IS NULL
            WHERE o.id = ANY(orders)),
         step AS MATERIALIZED (
           SELECT unnest(orders) AS order_id, 0 AS number
            UNION
           SELECT l.order_id, draft.number::int
             FROM unnest(moves) WITH ORDINALITY AS draft(id, number)
             JOIN account_move_line i ON i.move_id = draft.id
             JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = i.id
             JOIN sale_order_line l ON l.id = r.order_line_id)
    SELECT step.order_id, step.number, coalesce(sum(posted.amount), 0)::float,
           greatest(sum(
               CASE WHEN line.is_downpayment THEN -coalesce(posted.amount, 0)
                    WHEN line.ordered < 0 THEN line.price * least(line.ordered - coalesce(posted.qty, 0), 0)
                    ELSE line.price * greatest(
                         greatest(line.ordered, coalesce(line.delivered, 0)) - coalesce(posted.qty, 0), 0)
               END), 0)::float
      FROM step JOIN line ON line.order_id = step.order_id LEFT JOIN LATERAL (
           SELECT sum(s.sign * i.quantity * coalesce(
                      (SELECT factor FROM uom_uom WHERE id = i.product_uom_id) / line.factor, 1)) AS qty,
                  sum(s.sign * i.price_total / coalesce(nullif(m.invoice_currency_rate, 0), 1)) AS amount
             FROM sale_order_line_invoice_rel r
             JOIN account_move_line i ON i.id = r.invoice_line_id
             JOIN account_move m ON m.id = i.move_id AND (m.state = 'posted' OR m.id = ANY(moves[:step.number]))
            CROSS JOIN LATERAL (SELECT CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS sign) s
            WHERE r.order_line_id = line.id) posted ON TRUE
     GROUP BY step.order_id, step.number;
    END $$;

    CREATE OR REPLACE FUNCTION kundekartotek_uninvoiced_orders(customers int[], companies int[])
    RETURNS TABLE (partner_id int, amount float)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN QUERY
    WITH payer AS MATERIALIZED (
           SELECT id, commercial_partner_id AS customer_id FROM res_partner
            WHERE commercial_partner_id = ANY(customers)),
         open AS MATERIALIZED (
           SELECT o.id FROM sale_order o JOIN payer ON payer.id = o.partner_invoice_id
            WHERE o.state = 'sale' AND (o.invoice_status <> 'invoiced' OR o.credit_payer_changed)
            UNION
           SELECT order_id FROM sale_order_line
            WHERE id = ANY(ARRAY(
                  SELECT r.order_line_id
                    FROM account_move m
                    JOIN account_move_line i ON i.move_id = m.id
                    JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = i.id
                   WHERE m.state = 'draft' AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
                     AND m.commercial_partner_id = ANY(customers)))),
         mine AS MATERIALIZED (
           SELECT o.id, payer.customer_id FROM sale_order o JOIN payer ON payer.id = o.partner_invoice_id
            WHERE o.id = ANY(ARRAY(SELECT id FROM open)) AND o.state = 'sale' AND o.company_id = ANY(companies))
    SELECT mine.customer_id, sum(claim.rest)
      FROM kundekartotek_order_claims(ARRAY(SELECT id FROM mine), '{}') claim
      JOIN mine ON mine.id = claim.order_id
     GROUP BY mine.customer_id;
    END $$"""
