# SPDX-License-Identifier: LGPL-3.0-or-later
"""What is left to invoice of confirmed orders, as a function of PostgreSQL's: it takes a millisecond to plan and a
tenth of one to run, and a function is planned once a connection.

``kundekartotek_uninvoiced_orders(customers, companies)`` gives ``partner_id``, a commercial partner among the
customers, and ``amount``: taxes included, in company currency at the order's own rate. It is the quantity ordered, or
delivered if more, less what is posted; down payments that were invoiced, and not yet deducted, are owed already. An
order that only drafts have invoiced is open as before.
"""

CREATE = """
    CREATE OR REPLACE FUNCTION kundekartotek_uninvoiced_orders(customers int[], companies int[])
    RETURNS TABLE (partner_id int, amount float)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN QUERY
    WITH payer AS MATERIALIZED (
           SELECT id, commercial_partner_id AS customer_id FROM res_partner
            WHERE commercial_partner_id = ANY(customers)),
         open AS MATERIALIZED (
           SELECT o.id FROM sale_order o JOIN payer ON payer.id = o.partner_invoice_id
            WHERE o.state = 'sale' AND o.invoice_status <> 'invoiced'
            UNION
           SELECT order_id FROM sale_order_line
            WHERE id = ANY(ARRAY(
                  SELECT r.order_line_id
                    FROM account_move m
                    JOIN account_move_line i ON i.move_id = m.id
                    JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = i.id
                   WHERE m.state = 'draft' AND m.move_type IN ('out_invoice', 'out_receipt', 'out_refund')
                     AND m.commercial_partner_id = ANY(customers)))),
         line AS MATERIALIZED (
           SELECT payer.customer_id, l.id, l.product_uom_qty AS ordered, l.qty_delivered AS delivered,
                  l.is_downpayment AND l.product_uom_qty = 0 AS is_downpayment,
                  CASE WHEN l.product_uom_qty <> 0 THEN l.price_total / l.product_uom_qty
                       ELSE l.price_unit * (1 - coalesce(l.discount, 0) / 100) END
                  / coalesce(nullif(o.currency_rate, 0), 1) AS price,
                  (SELECT nullif(factor, 0) FROM uom_uom WHERE id = l.product_uom_id) AS factor
             FROM sale_order o
             JOIN payer ON payer.id = o.partner_invoice_id
             JOIN sale_order_line l ON l.order_id = o.id AND l.display_type IS NULL
            WHERE o.id = ANY(ARRAY(SELECT id FROM open)) AND o.state = 'sale' AND o.company_id = ANY(companies))
    SELECT line.customer_id,
           sum(CASE WHEN line.is_downpayment THEN -coalesce(posted.amount, 0)
                    WHEN line.ordered < 0 THEN line.price * least(line.ordered - coalesce(posted.qty, 0), 0)
                    ELSE line.price * greatest(
                         greatest(line.ordered, coalesce(line.delivered, 0)) - coalesce(posted.qty, 0), 0)
               END)::float
      FROM line LEFT JOIN LATERAL (
           SELECT sum(s.sign * i.quantity * coalesce(
                      (SELECT factor FROM uom_uom WHERE id = i.product_uom_id) / line.factor, 1)) AS qty,
                  sum(s.sign * i.price_total / coalesce(nullif(m.invoice_currency_rate, 0), 1)) AS amount
             FROM sale_order_line_invoice_rel r
             JOIN account_move_line i ON i.id = r.invoice_line_id
             JOIN account_move m ON m.id = i.move_id AND m.state = 'posted'
            CROSS JOIN LATERAL (SELECT CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS sign) s
            WHERE r.order_line_id = line.id) posted ON TRUE
     GROUP BY line.customer_id;
    END $$"""
