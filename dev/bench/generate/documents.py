# SPDX-License-Identifier: LGPL-3.0-or-later
"""Journal entries: invoices, credit notes, and payments with their bank statement lines."""

# SQL: how a document's payment term is found.
TERM = "CASE {}.term WHEN 14 THEN %(term14)s ELSE %(term30)s END"
COMMON = {
    "company_id": "%(co)s", "currency_id": "%(cur)s", "auto_post": "'no'",
    "create_uid": "%(uid)s", "write_uid": "%(uid)s",
    "create_date": "d.date::timestamp", "write_date": "d.date::timestamp",
    "made_sequence_gap": "false", "posted_before": "true", "checked": "true",
    "id": "d.id", "name": "d.name", "date": "d.date", "sequence_prefix": "d.seq_prefix",
    "sequence_number": "d.seq_no", "state": "'posted'",
}
# Signed amounts that account_move keeps beside the plain ones.
SIGNED = ("untaxed", "tax", "total", "residual")


def load(loader):
    """Fill account_move and the payments; leave t_doc, every entry in order of date, and t_set,
    the settlement of every invoice."""
    _number(loader)
    _settle(loader)
    loader.insert(
        "invoices", "account_move",
        _invoice_values(
            "i", sign=1, residual="s.residual", due="i.due",
            state="CASE WHEN s.residual = 0 AND s.paid IS NULL THEN 'reversed' WHEN s.residual = 0"
                  " THEN 'paid' WHEN s.residual < i.total THEN 'partial' ELSE 'not_paid' END",
            move_type="'out_invoice'", payment_reference="i.kid",
        ),
        "FROM t_doc d JOIN t_inv i ON i.k = d.key JOIN t_set s ON s.k = d.key"
        " JOIN res_partner p ON p.id = i.addressee WHERE d.kind = 'I' ORDER BY d.id",
    )
    loader.insert(
        "credit notes", "account_move",
        _invoice_values(
            "c", sign=-1, residual="CASE WHEN c.allocated THEN 0 ELSE c.total END", due="d.date + c.term",
            state="CASE WHEN c.allocated THEN 'paid' ELSE 'not_paid' END",
            move_type="'out_refund'", reversed_entry_id="o.id", ref="'Kreditering av ' || o.name",
        ),
        "FROM t_doc d JOIN t_cn c ON c.k = d.key JOIN t_doc o ON o.kind = 'I' AND o.key = d.key"
        " JOIN res_partner p ON p.id = c.addressee WHERE d.kind = 'C' ORDER BY d.id",
    )
    _insert_payments(loader)


def _number(loader):
    loader.step("document order", """
        CREATE TEMP TABLE t_doc AS
        WITH docs AS (
            SELECT 'I' AS kind, k AS key, date, 'INV' AS prefix FROM t_inv
            UNION ALL SELECT 'C', k, date, 'RINV' FROM t_cn
            UNION ALL SELECT 'P', pay, date, CASE WHEN wizard THEN 'P' ELSE '' END || %(bank_code)s
                        FROM t_pay
        ), numbered AS (
            SELECT kind, key, date,
                   %(base_account_move)s + row_number() OVER (ORDER BY date, kind, key) AS id,
                   prefix || '/' || extract(year FROM date) || '/' AS seq_prefix,
                   row_number() OVER (PARTITION BY prefix, extract(year FROM date)
                                      ORDER BY date, kind, key) AS seq_no
              FROM docs
        )
        SELECT *, seq_prefix || lpad(seq_no::text, 6, '0') AS name FROM numbered;
        CREATE UNIQUE INDEX ON t_doc (kind, key); ANALYZE t_doc
    """)


def _settle(loader):
    """Amounts settled, complete or not, and the group of the match (grp).

    A run payment and the invoices and credit notes it settles form one group; anything else is
    grouped by invoice.
    """
    loader.step("settlement", """
        CREATE TEMP TABLE t_set AS
        SELECT i.k, i.total - coalesce(a.paid, 0) - coalesce(c.total, 0) AS residual,
               a.paid, c.total AS credited,
               CASE WHEN a.pay_run IS NOT NULL THEN 'P' || a.pay_run ELSE 'I' || i.k END AS grp,
               coalesce(a.extra, 0) = 0
                   AND i.total - coalesce(a.paid, 0) - coalesce(c.total, 0) = 0 AS complete
          FROM t_inv i
          LEFT JOIN (SELECT k, sum(amount) AS paid, sum(extra) AS extra,
                            max(pay) FILTER (WHERE g = 'R') AS pay_run
                       FROM t_alloc WHERE amount > 0 GROUP BY k) a USING (k)
          LEFT JOIN t_cn c ON c.k = i.k AND c.allocated;
        CREATE UNIQUE INDEX ON t_set (k); ANALYZE t_set
    """)


def _invoice_values(alias, *, sign, residual, state, due, **extra):
    """Columns of an invoice (alias i, sign 1) or credit note (alias c, sign -1) -> SQL."""
    amounts = {name: f"{alias}.{name}" for name in ("untaxed", "tax", "total")} | {"residual": residual}
    return {
        **COMMON,
        "journal_id": "%(sale_j)s", "partner_id": f"{alias}.addressee",
        "partner_shipping_id": f"{alias}.addressee", "commercial_partner_id": f"{alias}.partner_id",
        "invoice_user_id": "%(uid)s", "team_id": "%(team)s",
        "invoice_date": "d.date", "invoice_date_due": due,
        "invoice_payment_term_id": TERM.format(alias),
        "invoice_currency_rate": 1, "always_tax_exigible": "false", "is_manually_modified": "true",
        "payment_state": state, "invoice_partner_display_name": "p.complete_name",
        **{f"amount_{name}": amount for name, amount in amounts.items()},
        **{f"amount_{name}_signed": f"{sign} * ({amounts[name]})" for name in SIGNED},
        "amount_untaxed_in_currency_signed": f"{sign} * {alias}.untaxed",
        "amount_total_in_currency_signed": f"{sign} * {alias}.total",
        **extra,
    }


def _insert_payments(loader):
    stamp = {key: COMMON[key] for key in ("create_uid", "write_uid", "create_date", "write_date")}
    statement_line = "%(base_account_bank_statement_line)s + t.pay"
    payment = "%(base_account_payment)s + t.pay"
    total = "t.allocated + t.extra"
    zero = ("untaxed", "tax", "residual", "untaxed_signed", "tax_signed", "residual_signed",
            "untaxed_in_currency_signed")
    loader.insert("payment entries", "account_move", {
        **COMMON, "journal_id": "%(bank_j)s", "partner_id": "t.partner_id",
        "commercial_partner_id": "t.partner_id", "move_type": "'entry'",
        "payment_state": "'not_paid'", "invoice_currency_rate": 0, "always_tax_exigible": "true",
        "invoice_date_due": "d.date", "invoice_partner_display_name": "p.complete_name",
        "statement_line_id": f"CASE WHEN NOT t.wizard THEN {statement_line} END",
        "origin_payment_id": f"CASE WHEN t.wizard THEN {payment} END",
        **{f"amount_{name}": 0 for name in zero},
        **{f"amount_{name}": total for name in ("total", "total_signed", "total_in_currency_signed")},
    }, "FROM t_doc d JOIN t_pay t ON t.pay = d.key JOIN res_partner p ON p.id = t.partner_id"
       " WHERE d.kind = 'P' ORDER BY d.id")
    loader.insert("statement lines", "account_bank_statement_line", {
        **stamp, "id": statement_line, "move_id": "d.id",
        "journal_id": "%(bank_j)s", "company_id": "%(co)s", "partner_id": "t.partner_id",
        "sequence": 1, "currency_id": "%(cur)s", "payment_ref": "'Innbetaling ' || t.pay",
        "amount": total, "amount_currency": 0, "amount_residual": 0, "is_reconciled": "true",
        "internal_index": "to_char(d.date, 'YYYYMMDD') || '2147483646'"
                          f" || lpad(({statement_line})::text, 10, '0')",
    }, "FROM t_doc d JOIN t_pay t ON t.pay = d.key WHERE d.kind = 'P' AND NOT t.wizard")
    loader.insert("payment records", "account_payment", {
        **stamp, "id": payment, "move_id": "d.id", "journal_id": "%(bank_j)s",
        "company_id": "%(co)s", "partner_id": "t.partner_id", "currency_id": "%(cur)s",
        "payment_method_line_id": "%(method_line)s", "payment_method_id": "%(method)s",
        "outstanding_account_id": "%(outstanding)s", "destination_account_id": "%(recv)s",
        "name": "d.name", "payment_type": "'inbound'", "partner_type": "'customer'",
        "state": "CASE WHEN t.extra = 0 THEN 'paid' ELSE 'in_process' END", "date": "d.date",
        "memo": "'Innbetaling ' || t.pay", "amount": total, "amount_company_currency_signed": total,
        "is_reconciled": "t.extra = 0", "is_matched": "false", "is_sent": "false",
    }, "FROM t_doc d JOIN t_pay t ON t.pay = d.key WHERE d.kind = 'P' AND t.wizard")
    loader.insert("payments of invoices", "account_move__account_payment", {
        "invoice_id": "o.id", "payment_id": "%(base_account_payment)s + a.pay",
    }, "FROM t_alloc a JOIN t_doc o ON o.kind = 'I' AND o.key = a.k WHERE a.wizard AND a.amount > 0")
