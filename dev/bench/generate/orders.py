# SPDX-License-Identifier: LGPL-3.0-or-later
"""What is not in the ledger: draft invoices, and confirmed orders that are not yet invoiced."""

from .documents import TERM

STAMP = {
    "create_uid": "%(uid)s", "write_uid": "%(uid)s",
    "create_date": "t.date::timestamp", "write_date": "t.date::timestamp",
}


def load(loader):
    """Draft invoices of the last ten days (they must not count as debt) and orders of the last 60."""
    _load_drafts(loader)
    _load_sale_orders(loader)


def _load_drafts(loader):
    loader.step("draft plan", """
        CREATE TEMP TABLE t_draft AS
        WITH next AS (SELECT max(id) AS move, (SELECT max(id) FROM account_move_line) AS line
                        FROM account_move),
        raw AS (SELECT row_number() OVER (ORDER BY c.n, i) AS k, c.*
                  FROM t_cust c, generate_series(1, c.n_draft) i)
        SELECT r.k, r.id AS partner_id, r.term, next.move + r.k AS id, next.line + 2 * r.k - 1 AS line_id,
               %(as_of)s::date - floor(10 * pg_temp.u(50, r.k))::int AS date,
               round(exp(r.mu + %(sigma_invoice)s * pg_temp.g(51, r.k))::numeric + 50, 2) AS total
          FROM raw r, next
    """)
    total = ("untaxed", "total", "residual", "untaxed_signed", "total_signed", "residual_signed",
             "untaxed_in_currency_signed", "total_in_currency_signed")
    loader.insert("draft invoices", "account_move", {
        **STAMP, "id": "t.id", "journal_id": "%(sale_j)s", "company_id": "%(co)s", "currency_id": "%(cur)s",
        "partner_id": "t.partner_id", "commercial_partner_id": "t.partner_id",
        "partner_shipping_id": "t.partner_id", "state": "'draft'", "move_type": "'out_invoice'",
        "auto_post": "'no'", "date": "t.date", "invoice_date": "t.date",
        "invoice_date_due": "t.date + t.term", "payment_state": "'not_paid'",
        "sequence_prefix": "''", "sequence_number": 0, "invoice_payment_term_id": TERM.format("t"),
        "invoice_currency_rate": 1, "invoice_user_id": "%(uid)s", "team_id": "%(team)s",
        "invoice_partner_display_name": "p.complete_name",
        **{f"amount_{name}": "t.total" for name in total},
        "amount_tax": 0, "amount_tax_signed": 0,
    }, "FROM t_draft t JOIN res_partner p ON p.id = t.partner_id")
    stamp = {key: STAMP[key] for key in ("create_uid", "write_uid")}
    loader.insert("draft items", "account_move_line", {
        **stamp, "id": "t.line_id + x.n", "move_id": "t.id", "journal_id": "%(sale_j)s",
        "company_id": "%(co)s", "company_currency_id": "%(cur)s", "currency_id": "%(cur)s",
        "parent_state": "'draft'", "account_id": "CASE x.n WHEN 0 THEN %(recv)s ELSE %(income)s END",
        "partner_id": "t.partner_id", "name": "'Service'",
        "display_type": "CASE x.n WHEN 0 THEN 'payment_term' ELSE 'product' END",
        "sequence": "CASE x.n WHEN 0 THEN 12000 ELSE 100 END", "date": "t.date", "invoice_date": "t.date",
        "date_maturity": "CASE x.n WHEN 0 THEN t.date + t.term END",
        "debit": "CASE x.n WHEN 0 THEN t.total ELSE 0 END",
        "credit": "CASE x.n WHEN 0 THEN 0 ELSE t.total END",
        **dict.fromkeys(("balance", "amount_currency"), "CASE x.n WHEN 0 THEN t.total ELSE -t.total END"),
        "amount_residual": "CASE x.n WHEN 0 THEN t.total ELSE 0 END",
        "amount_residual_currency": "CASE x.n WHEN 0 THEN t.total ELSE 0 END",
        "reconciled": "false", "quantity": "x.n", "price_unit": "x.n * t.total",
        "price_subtotal": "x.n * t.total", "price_total": "x.n * t.total", "discount": 0,
        "deductible_amount": 100, "no_followup": "false", "is_storno": "false",
    }, "FROM t_draft t, generate_series(0, 1) x(n)")


def _load_sale_orders(loader):
    loader.step("order plan", """
        CREATE TEMP TABLE t_so AS
        WITH raw AS (SELECT row_number() OVER (ORDER BY c.n, i) AS k, c.*
                       FROM t_cust c, generate_series(1, c.n_so) i)
        SELECT k, id AS partner_id, rate, term, %(as_of)s::date - floor(60 * pg_temp.u(60, k))::int AS date,
               round(exp(mu + %(sigma_invoice)s * pg_temp.g(61, k))::numeric + 50, 2) AS untaxed
          FROM raw
    """)
    order, line = "%(base_sale_order)s + t.k", "%(base_sale_order_line)s + t.k"
    tax, total = "round(t.untaxed * t.rate, 2)", "t.untaxed + round(t.untaxed * t.rate, 2)"
    loader.insert("sale orders", "sale_order", {
        **STAMP, "id": order, "company_id": "%(co)s", "partner_id": "t.partner_id",
        "partner_invoice_id": "t.partner_id", "partner_shipping_id": "t.partner_id",
        "currency_id": "%(cur)s", "currency_rate": 1, "user_id": "%(uid)s", "team_id": "%(team)s",
        "name": f"'S' || lpad(({order})::text, 6, '0')", "state": "'sale'",
        "invoice_status": "'to invoice'", "locked": "false", "require_signature": "false",
        "require_payment": "false", "date_order": "t.date::timestamp", "payment_term_id": TERM.format("t"),
        "amount_untaxed": "t.untaxed", "amount_tax": tax, "amount_total": total,
    }, "FROM t_so t")
    loader.insert("sale order lines", "sale_order_line", {
        **STAMP, "id": line, "order_id": order, "sequence": 10,
        "company_id": "%(co)s", "currency_id": "%(cur)s", "order_partner_id": "t.partner_id",
        "product_id": "%(product)s", "product_uom_id": "%(uom)s", "salesman_id": "%(uid)s",
        "state": "'sale'", "qty_delivered_method": "'manual'", "invoice_status": "'to invoice'",
        "name": "'Service'", "product_uom_qty": 1, "price_unit": "t.untaxed", "discount": 0,
        "price_subtotal": "t.untaxed", "price_tax": tax, "price_total": total,
        "price_reduce_taxexcl": "t.untaxed", "price_reduce_taxinc": total, "qty_delivered": 0,
        "qty_invoiced": 0, "qty_to_invoice": 1, "untaxed_amount_invoiced": 0,
        "untaxed_amount_to_invoice": "t.untaxed", "technical_price_unit": "t.untaxed",
        "customer_lead": 0, "is_downpayment": "false",
    }, "FROM t_so t")
    loader.insert("taxes of order lines", "account_tax_sale_order_line_rel", {
        "sale_order_line_id": line, "account_tax_id": "%(tax)s",
    }, "FROM t_so t WHERE t.rate > 0")
