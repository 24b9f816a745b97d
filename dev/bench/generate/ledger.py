# SPDX-License-Identifier: LGPL-3.0-or-later
"""Journal items and their reconciliation."""

STAMP = {"create_uid": "%(uid)s", "write_uid": "%(uid)s"}


def load(loader):
    """Fill the journal items and reconciles (their numbers go on the items, so they come first)."""
    _plan_matches(loader)
    for label, table, columns, source in (
        ("full reconciles", "account_full_reconcile", {
            "id": "full_id", "create_date": "date::timestamp", "write_date": "date::timestamp",
        }, "FROM t_group WHERE complete ORDER BY full_id"),
        ("partial reconciles", "account_partial_reconcile", {
            "id": "m.id", "debit_move_id": "m.debit_line", "credit_move_id": "m.credit_line",
            "full_reconcile_id": "g.full_id", "debit_currency_id": "%(cur)s",
            "credit_currency_id": "%(cur)s", "company_id": "%(co)s", "max_date": "m.max_date",
            "amount": "m.amount", "debit_amount_currency": "m.amount", "credit_amount_currency": "m.amount",
            "create_date": "m.max_date::timestamp", "write_date": "m.max_date::timestamp",
        }, "FROM t_match m JOIN t_group g USING (grp) ORDER BY m.id"),
    ):
        loader.insert(label, table, {**STAMP, **columns}, source)
    _plan_items(loader)
    loader.insert("journal items", "account_move_line", _item_values(),
                  "FROM t_line l LEFT JOIN t_line_match r ON r.line_id = l.id ORDER BY l.id")
    loader.insert("taxes of items", "account_move_line_account_tax_rel", {
        "account_move_line_id": "id", "account_tax_id": "%(tax)s",
    }, "FROM t_line WHERE what = 'base' AND rate > 0 ORDER BY id")


def _plan_matches(loader):
    # Three items an invoice or credit note (two without VAT), two a payment.
    loader.step("item numbers", """
        CREATE TEMP TABLE t_first AS
        SELECT d.kind, d.key, d.id, d.name, d.date, %(base_account_move_line)s + 1 + coalesce(
                   sum(CASE WHEN d.kind <> 'P' AND coalesce(i.rate, c.rate) > 0 THEN 3 ELSE 2 END)
                   OVER (ORDER BY d.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::int AS line_id
          FROM t_doc d
          LEFT JOIN t_inv i ON d.kind = 'I' AND i.k = d.key
          LEFT JOIN t_cn c ON d.kind = 'C' AND c.k = d.key;
        CREATE UNIQUE INDEX ON t_first (kind, key) INCLUDE (id, line_id, date, name); ANALYZE t_first
    """)
    loader.step("matches", """
        CREATE TEMP TABLE t_match AS
        WITH pairs AS (
            SELECT k, 'P' AS kind, pay AS key, amount FROM t_alloc WHERE amount > 0
            UNION ALL SELECT k, 'C', k, total FROM t_cn WHERE allocated
        )
        SELECT %(base_account_partial_reconcile)s
                   + row_number() OVER (ORDER BY greatest(i.date, o.date), o.line_id, i.line_id) AS id,
               i.line_id AS debit_line, o.line_id AS credit_line, x.amount, s.grp, s.complete,
               greatest(i.date, o.date) AS max_date
          FROM pairs x JOIN t_set s USING (k)
          JOIN t_first i ON i.kind = 'I' AND i.key = x.k
          JOIN t_first o ON o.kind = x.kind AND o.key = x.key;
        CREATE TEMP TABLE t_group AS
        SELECT grp, bool_and(complete) AS complete, min(id) AS first_id, max(max_date) AS date,
               CASE WHEN bool_and(complete) THEN %(base_account_full_reconcile)s + row_number() OVER (
                   PARTITION BY bool_and(complete) ORDER BY max(max_date), min(id)) END AS full_id
          FROM t_match GROUP BY grp;
        CREATE UNIQUE INDEX ON t_group (grp); ANALYZE t_group;
        CREATE TEMP TABLE t_line_match AS
        SELECT DISTINCT x.line_id, g.full_id, coalesce(g.full_id::text, 'P' || g.first_id) AS number
          FROM (SELECT debit_line AS line_id, grp FROM t_match
                UNION ALL SELECT credit_line, grp FROM t_match) x JOIN t_group g USING (grp);
        CREATE UNIQUE INDEX ON t_line_match (line_id); ANALYZE t_line_match
    """)


def _plan_items(loader):
    """t_line: one row an item; what = recv, base, tax of an invoice or credit note; paid, bank."""
    loader.step("item plan", """
        CREATE TEMP TABLE t_line AS
        WITH invoice AS (
            SELECT f.line_id, f.id, f.name, f.date, i.partner_id, i.total, s.residual, i.due, i.kid AS label,
                   i.untaxed, i.tax, i.rate, 1 AS sign, false AS refund
              FROM t_first f JOIN t_inv i ON i.k = f.key JOIN t_set s ON s.k = f.key WHERE f.kind = 'I'
            UNION ALL
            SELECT f.line_id, f.id, f.name, f.date, c.partner_id, c.total,
                   CASE WHEN c.allocated THEN 0 ELSE -c.total END, f.date + c.term, 'Kreditering',
                   c.untaxed, c.tax, c.rate, -1, true
              FROM t_first f JOIN t_cn c ON c.k = f.key WHERE f.kind = 'C'
        ), payment AS (
            SELECT f.line_id, f.id, f.name, f.date, p.*,
                   CASE WHEN NOT p.wizard THEN %(base_account_bank_statement_line)s + p.pay END AS st_line,
                   CASE WHEN p.wizard THEN %(base_account_payment)s + p.pay END AS payment
              FROM t_first f
              JOIN (SELECT pay, partner_id, wizard, allocated, extra FROM t_pay) p ON p.pay = f.key
             WHERE f.kind = 'P'
        )
        SELECT line_id AS id, id AS move_id, name AS move_name, date, partner_id, 'recv' AS what,
               %(sale_j)s AS journal_id, %(recv)s AS account_id, sign * total AS balance, residual,
               due AS maturity, label, untaxed AS base, refund, rate,
               NULL::bigint AS st_line, NULL::bigint AS payment
          FROM invoice
        UNION ALL
        SELECT line_id + 1, id, name, date, partner_id, 'base', %(sale_j)s, %(income)s,
               -sign * untaxed, 0, NULL, 'Service', untaxed, refund, rate, NULL, NULL
          FROM invoice
        UNION ALL
        SELECT line_id + 2, id, name, date, partner_id, 'tax', %(sale_j)s, %(tax_acc)s,
               -sign * tax, 0, NULL, '25%%', untaxed, refund, rate, NULL, NULL
          FROM invoice WHERE rate > 0
        UNION ALL
        SELECT line_id, id, name, date, partner_id, 'paid', %(bank_j)s, %(recv)s,
               -allocated - extra, -extra, CASE WHEN wizard THEN date END, 'Innbetaling ' || pay,
               NULL, false, NULL, st_line, payment
          FROM payment
        UNION ALL
        SELECT line_id + 1, id, name, date, partner_id, 'bank', %(bank_j)s,
               CASE WHEN wizard THEN %(outstanding)s ELSE %(bank_acc)s END,
               allocated + extra, allocated + extra, CASE WHEN wizard THEN date END, 'Innbetaling ' || pay,
               NULL, false, NULL, st_line, payment
          FROM payment;
        ANALYZE t_line
    """)


def _item_values():
    """Columns of account_move_line -> SQL over t_line l and t_line_match r."""
    payment_amount = " WHEN l.what IN ('paid', 'bank') THEN l.balance ELSE 0 END"
    return {
        **STAMP, "id": "l.id", "move_id": "l.move_id", "journal_id": "l.journal_id",
        "company_id": "%(co)s", "company_currency_id": "%(cur)s", "currency_id": "%(cur)s",
        "account_id": "l.account_id", "partner_id": "l.partner_id", "move_name": "l.move_name",
        "parent_state": "'posted'", "name": "l.label", "date": "l.date",
        "invoice_date": "CASE WHEN l.what IN ('recv', 'base', 'tax') THEN l.date END",
        "date_maturity": "l.maturity",
        "display_type": "CASE l.what WHEN 'recv' THEN 'payment_term' WHEN 'tax' THEN 'tax'"
                        " ELSE 'product' END",
        "sequence": "CASE l.what WHEN 'recv' THEN 12000 WHEN 'tax' THEN 10000 ELSE 100 END",
        "debit": "greatest(l.balance, 0)", "credit": "greatest(-l.balance, 0)",
        "balance": "l.balance", "amount_currency": "l.balance",
        "amount_residual": "l.residual", "amount_residual_currency": "l.residual",
        "reconciled": "l.what IN ('recv', 'paid') AND l.residual = 0",
        "full_reconcile_id": "r.full_id", "matching_number": "r.number",
        "quantity": "CASE WHEN l.what IN ('recv', 'tax') THEN 0 ELSE 1 END",
        "price_unit": "CASE l.what WHEN 'base' THEN l.base ELSE 0 END",
        "price_subtotal": "CASE WHEN l.what = 'base' THEN l.base" + payment_amount,
        "price_total": "CASE WHEN l.what = 'base' THEN l.base + round(l.base * l.rate, 2)" + payment_amount,
        "discount": 0, "is_storno": "false", "no_followup": "false", "deductible_amount": 100,
        "product_id": "CASE l.what WHEN 'base' THEN %(product)s END",
        "product_uom_id": "CASE l.what WHEN 'base' THEN %(uom)s END",
        "tax_line_id": "CASE l.what WHEN 'tax' THEN %(tax)s END",
        "tax_group_id": "CASE l.what WHEN 'tax' THEN %(tax_group)s END",
        "tax_repartition_line_id": "CASE WHEN l.what = 'tax' THEN CASE WHEN l.refund"
                                   " THEN %(rep_ref)s ELSE %(rep_inv)s END END",
        "tax_base_amount": "CASE WHEN l.what <> 'tax' THEN 0 WHEN l.refund THEN l.base ELSE -l.base END",
        "statement_line_id": "l.st_line", "payment_id": "l.payment",
        "create_date": "l.date::timestamp", "write_date": "l.date::timestamp",
    }
