# SPDX-License-Identifier: LGPL-3.0-or-later
"""Is a filled ledger consistent, and does Odoo compute from it what was loaded? Changes nothing."""


from odoo.tools import SQL

from . import databases
from .generate.loader import TABLES

# Each query finds what must not be there. The accounts are a parameter, not a join, so that the planner
# knows that nearly half of all items are on them.
WRONG = {
    "every entry balances": "SELECT move_id FROM account_move_line GROUP BY move_id HAVING sum(balance) <> 0",
    "entries have items": "SELECT id FROM account_move EXCEPT SELECT move_id FROM account_move_line",
    "residual = balance less matches": """
        SELECT l.id FROM account_move_line l
          LEFT JOIN (SELECT debit_move_id, sum(amount) s FROM account_partial_reconcile GROUP BY 1) d
                 ON d.debit_move_id = l.id
          LEFT JOIN (SELECT credit_move_id, sum(amount) s FROM account_partial_reconcile GROUP BY 1) c
                 ON c.credit_move_id = l.id
         WHERE l.account_id = ANY (%(receivable)s)
           AND (l.amount_residual <> l.balance - coalesce(d.s, 0) + coalesce(c.s, 0)
                OR l.reconciled <> (l.amount_residual = 0) OR l.amount_residual * l.balance < 0)""",
    "an invoice's amounts = its items": """
        SELECT m.id FROM account_move m JOIN account_move_line l ON l.move_id = m.id
         WHERE m.move_type IN ('out_invoice', 'out_refund') AND l.account_id = ANY (%(receivable)s)
         GROUP BY m.id HAVING m.amount_residual_signed <> sum(l.amount_residual)
             OR m.amount_total_signed <> sum(l.balance)""",
    "full reconciles leave nothing": """
        SELECT full_reconcile_id FROM account_move_line WHERE full_reconcile_id IS NOT NULL
         GROUP BY 1 HAVING sum(balance) <> 0 OR bool_or(amount_residual <> 0)""",
    "matches agree with their items": """
        SELECT p.id FROM account_partial_reconcile p JOIN account_move_line d ON d.id = p.debit_move_id
          JOIN account_move_line c ON c.id = p.credit_move_id
         WHERE p.full_reconcile_id IS DISTINCT FROM d.full_reconcile_id
            OR p.full_reconcile_id IS DISTINCT FROM c.full_reconcile_id
            OR d.partner_id <> c.partner_id OR d.account_id <> c.account_id
            OR p.max_date <> greatest(d.date, c.date) OR p.amount <= 0""",
    "names are unique per journal": """
        SELECT name FROM account_move WHERE state = 'posted' GROUP BY journal_id, name HAVING count(*) > 1""",
    "numbers have no gap": """
        SELECT sequence_prefix FROM account_move WHERE state = 'posted'
         GROUP BY journal_id, sequence_prefix HAVING max(sequence_number) <> count(*)""",
}
FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, confrelid::regclass::text,
           (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1])
      FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)"""
# Stored fields that Odoo is made to compute again.
MOVE_FIELDS = [
    "payment_state", "amount_untaxed", "amount_tax", "amount_total", "amount_residual",
    "amount_residual_signed", "amount_total_signed", "commercial_partner_id", "partner_id",
    "invoice_date_due", "invoice_partner_display_name", "sequence_prefix", "sequence_number",
]
ITEM_FIELDS = [
    "amount_residual", "amount_residual_currency", "reconciled", "partner_id", "date_maturity",
    "parent_state", "move_name", "date", "price_subtotal", "price_total",
]


def check(database):
    """Print every check and the ledger's shape.

    :return: whether all checks passed
    """
    with databases.environment(database) as env:
        accounts = env["account.account"].search([("account_type", "=", "asset_receivable")]).ids
        results = {
            label: (_count(env, SQL(query, receivable=accounts)) == 0, "") for label, query in WRONG.items()
        }
        results["foreign keys hold"] = _check_foreign_keys(env)
        results["credit of all customers = open receivables"] = _check_credit(env, accounts)
        moves = env["account.move"].browse(_sample_moves(env))
        results["Odoo computes the same invoices"] = _check_recompute(moves, MOVE_FIELDS)
        results["Odoo computes the same items"] = _check_recompute(moves.line_ids, ITEM_FIELDS)
        env.cr.rollback()
        for label, (passed, detail) in results.items():
            print(f"{'ok  ' if passed else 'FAIL'} {label} {detail}")
        _print_shape(env)
    return all(passed for passed, _detail in results.values())


def _count(env, query):
    return env.execute_query(SQL("SELECT count(*) FROM (%s) wrong", query))[0][0]


def _check_foreign_keys(env):
    broken = []
    for table, target, column in env.execute_query(SQL(FOREIGN_KEYS, list(TABLES))):
        table, target, column = map(SQL.identifier, (table, target, column))
        if _count(env, SQL(
            "SELECT FROM %(table)s t WHERE t.%(column)s IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM %(target)s o WHERE o.id = t.%(column)s)",
            table=table, column=column, target=target,
        )):
            broken.append(f"{table.code}.{column.code}")
    return not broken, ", ".join(broken)


def _check_credit(env, accounts):
    """core's figure of every customer, added up, is the ledger's."""
    open_items = env.execute_query(SQL(
        "SELECT sum(amount_residual) FROM account_move_line"
        " WHERE account_id = ANY (%s) AND parent_state = 'posted'",
        accounts,
    ))[0][0]
    customers = env["res.partner"].search([("customer_rank", ">", 0), ("parent_id", "=", False)])
    credit = 0.0
    for start in range(0, len(customers), 1000):
        batch = customers[start : start + 1000]
        credit += sum(batch.mapped("credit"))
        batch.invalidate_recordset(flush=False)
    return abs(credit - float(open_items)) < 0.01 * max(1, len(customers) / 1000), f"({credit:,.2f})"


def _sample_moves(env, per_kind=100):
    """Some invoices and credit notes of every payment state."""
    return [
        row[0]
        for state in ("paid", "partial", "not_paid", "reversed")
        for move_type in ("out_invoice", "out_refund")
        for row in env.execute_query(SQL(
            "SELECT id FROM account_move WHERE payment_state = %s AND move_type = %s"
            " ORDER BY hashint8(id) LIMIT %s",
            state, move_type, per_kind,
        ))
    ]


def _check_recompute(records, names):
    before = records.read(names)
    for name in names:
        field = records._fields[name]
        if field.compute and field.store:
            records.env.add_to_compute(field, records)
    records._recompute_recordset(names)
    different = {}
    for was, now in zip(before, records.read(names), strict=True):
        for name in names:
            is_float = isinstance(now[name], float)
            if abs(was[name] - now[name]) > 0.005 if is_float else was[name] != now[name]:
                different.setdefault(name, []).append((was["id"], was[name], now[name]))
    if different:
        return False, str({name: (len(rows), rows[0]) for name, rows in different.items()})
    return True, f"({len(records)} compared)"


def _print_shape(env):
    shape = env.execute_query_dict(SQL("""
        WITH invoice AS (
            SELECT * FROM account_move WHERE move_type = 'out_invoice' AND state = 'posted'
        ), customer AS (
            SELECT sum(amount_total_signed) AS sales, count(*) AS invoices FROM invoice
             GROUP BY commercial_partner_id
        ), ranked AS (
            SELECT sales, row_number() OVER (ORDER BY sales DESC) AS n, count(*) OVER () AS customers
              FROM customer
        )
        SELECT (SELECT count(*) FROM invoice) AS invoices,
               (SELECT count(*) FROM account_move_line) AS items,
               (SELECT max(invoices) FROM customer) AS largest_customer_invoices,
               (SELECT round(100 * avg((payment_state IN ('paid', 'reversed'))::int)) FROM invoice)
                   AS settled_percent,
               (SELECT round(100 * sum(sales) FILTER (WHERE n <= customers / 5) / sum(sales)) FROM ranked)
                   AS top_fifth_percent_of_sales
    """))[0]
    print(", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in shape.items()))
