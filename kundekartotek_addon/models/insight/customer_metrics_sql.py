# SPDX-License-Identifier: LGPL-3.0-or-later
from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL, ormcache

from ...tools.business_days import moved_days
from .customer_metrics import MEASURES, PAYING, SPANS

DAYS_IN_YEAR = 365.25
SMALL = 0.01  # of a claim: written off, it is a difference and no loss
# What payment behaviour is measured from, and what all else is.
PAYING_DEPENDS = {
    "account.move.line": (
        "account_id", "amount_residual", "balance", "company_id", "date", "date_maturity", "display_type",
        "invoice_date", "journal_id", "move_id", "parent_state", "partner_id", "payment_id"),
    "account.partial.reconcile": ("amount", "credit_move_id", "debit_move_id"),
    "account.payment": ("amount_company_currency_signed",),
    "res.partner": ("commercial_partner_id",),
}  # fmt: skip
MEASURED = {
    **PAYING_DEPENDS,
    "account.move": (
        "amount_total_signed", "amount_untaxed_signed", "commercial_partner_id", "company_id", "invoice_date",
        "move_type", "state"),
    "account.move.line": (
        *PAYING_DEPENDS["account.move.line"], "amount_residual_currency", "product_id", "product_uom_id", "quantity",
        "reconciled"),
    "product.product": ("standard_price",),
    "sale.order": ("company_id", "date_order", "partner_id", "state"),
}  # fmt: skip


class KundekartotekCustomerMetrics(models.Model):
    """The statement that measures customers; what each measure means, its field says."""

    _inherit = "kundekartotek.customer.metrics"

    @api.model
    def _measure_sql(self, company, day, partner_ids=None):
        """SELECT of ``partner_id`` and every name in ``MEASURES``, one row per commercial partner that has an
        invoice, a receivable item or an order in this legal entity. Money in company currency.

        :param company: a root company; its branches' documents count as its own
        :param day: what is later than this day does not exist yet
        :param partner_ids: ids of commercial partners; all of them by default
        """
        parts = SQL(", ").join(
            SQL("%s AS (%s)", SQL.identifier(name), query)
            for name, query in self._measure_parts(company, day, partner_ids).items())
        return SQL(
            """
            WITH %(parts)s
            SELECT customer.id AS partner_id, %(measures)s
              FROM (SELECT partner_id FROM sales UNION SELECT partner_id FROM running
                     UNION SELECT partner_id FROM ordered) known
              JOIN res_partner customer ON customer.id = known.partner_id
              LEFT JOIN sales ON sales.partner_id = customer.id
              LEFT JOIN cost ON cost.partner_id = customer.id
              LEFT JOIN ordered ON ordered.partner_id = customer.id
              LEFT JOIN paying ON paying.partner_id = customer.id
              LEFT JOIN owed ON owed.partner_id = customer.id
              LEFT JOIN running ON running.partner_id = customer.id
             CROSS JOIN LATERAL (SELECT
                    coalesce(sales.revenue_36m, 0) - coalesce(cost.cost_36m, 0) AS margin_36m,
                    greatest(1, (%(day)s::date - sales.first_purchase) / %(days_in_year)s) AS years) relation""",
            parts=parts, measures=self._measure_columns(day), day=day, days_in_year=DAYS_IN_YEAR,
            to_flush=self._measured_fields())

    @api.model
    def _measured_fields(self):
        """What must be in the database before the ledger is measured."""
        return [self.env[model]._fields[name] for model, names in MEASURED.items() for name in names]

    @api.model
    def _measure_columns(self, day):
        """The measures in the order of ``MEASURES``, from the parts."""
        year = (day - (day - relativedelta(years=1))).days
        plain = {
            **{name: SQL("coalesce(%s, 0)", SQL.identifier("sales", name)) for name in (
                "revenue_12m", "revenue_prev_12m", "revenue_36m", "revenue_lifetime", "sales_12m",
                "invoice_count_12m", "invoice_count_36m", "invoice_count")},
            **{f"margin_{span}": SQL(
                "coalesce(%s, 0) - coalesce(%s, 0)", SQL.identifier("sales", f"revenue_{span}"),
                SQL.identifier("cost", f"cost_{span}")) for span in ("12m", "prev_12m", "lifetime")},
            "margin_36m": SQL("relation.margin_36m"),
            **{name: SQL("coalesce(%s, 0)", SQL.identifier("ordered", name)) for name in (
                "order_count_12m", "order_count")},
            **{name: SQL.identifier("sales", name) for name in ("first_purchase", "last_purchase")},
            "clv": SQL("coalesce(round(sales.revenue_36m / least(3, relation.years) * relation.years, 2), 0)"),
            "clv_margin": SQL("coalesce(round(relation.margin_36m / least(3, relation.years) * relation.years, 2), 0)"),
            **{name + span: self._paying_column(name, span) for span in SPANS for name in PAYING},
            **{name: SQL("coalesce(%s, 0)", SQL.identifier("owed", name)) for name in (
                "open_amount", "overdue_amount")},
            "oldest_due": SQL("owed.oldest_due"),
            "opening_amount": SQL("coalesce(running.opening_amount, 0)"),
            "peak_amount": SQL("greatest(coalesce(running.opening_amount, 0), coalesce(running.highest, 0))"),
            "dso": SQL("%s::float8 / %s * %s", OPEN, SALES, year),
            "dso_best": SQL("%s::float8 / %s * %s", NOT_DUE, SALES, year),
            "days_delinquent": SQL("(greatest(%s, 0) - %s)::float8 / %s * %s", OPEN, NOT_DUE, SALES, year),
            "cei": SQL("CASE WHEN %(all)s - %(open)s + %(overdue)s > 0 THEN (100 * (%(all)s - %(open)s) "
                       "/ (%(all)s - %(open)s + %(overdue)s))::float8 END", open=OPEN, overdue=OVERDUE,
                       all=SQL("(coalesce(running.opening_amount, 0) + coalesce(sales.sales_12m, 0))")),
        }  # fmt: skip
        return SQL(", ").join(SQL("%s AS %s", plain[name], SQL.identifier(name)) for name in MEASURES)

    @api.model
    def _paying_column(self, name, span):
        def part(of):
            return SQL.identifier("paying", of + span)

        if name in ("claim_count", "late_count"):
            return SQL("coalesce(%s, 0)", part(name))
        if name == "claim_amount":
            return SQL("coalesce(round(%s::numeric, 2), 0)", part("amount"))
        above, below = {
            "days_to_pay": ("days", "claim_count"), "days_to_pay_weighted": ("days_amount", "amount"),
            "days_late": ("late_days", "claim_count"), "days_late_weighted": ("late_days_amount", "amount"),
            "share_late": ("late_count", "claim_count"), "share_late_amount": ("late_amount", "amount"),
        }[name]  # fmt: skip
        # rounded: what floating point leaves of a payment on the very day must not count as late
        return SQL("round((%s::float8 / nullif(%s, 0))::numeric, 6)::float8", part(above), part(below))

    # ---- the parts, each one row per commercial partner unless it says otherwise ------------------------

    @api.model
    def _measure_parts(self, company, day, partner_ids):
        terms = {
            "day": day,
            "companies": self._tree_ids(company),
            "zone": self._measuring_zone(company),
            "accounts": self.env["res.partner"]._receivable_account_ids(),
            "expenses": self._expense_account_ids(),
            "y1": day - relativedelta(years=1), "y2": day - relativedelta(years=2),
            "y3": day - relativedelta(years=3),
            "chosen": SQL("TRUE") if partner_ids is None else SQL(
                "owner.commercial_partner_id = ANY(%s)", partner_ids),
            "charged": SQL(CHARGED if partner_ids is None else CHARGED_OF_ITEMS),
        }  # fmt: skip
        closed, opened = moved_days()
        return {
            # grouped, so that the planner knows that a day stands here once
            "moved": SQL("SELECT day, min(due) AS due FROM unnest(%s::date[], %s::date[]) AS closed(day, due)"
                         " GROUP BY day", closed, opened),
            "item": SQL(ITEM, **terms),
            "sold": SQL(SOLD, **terms),
            "sales": SQL(SALES_OF),
            "cost": SQL(COST, **terms) if self._has_costs() else SQL(NO_COST),
            "ordered": SQL(ORDERED, **terms),
            "owed": SQL(OWED, **terms),
            "running": SQL(RUNNING, **terms),
            "lost": SQL(LOST, **terms),
            "settled": SQL(SETTLED, **terms),
            "paid": SQL(PAID, small=SMALL),
            "claim": SQL(CLAIM),
            "decided": SQL(DECIDED, **terms),
            "paying": SQL("SELECT partner_id, %s FROM decided GROUP BY partner_id", SQL(", ").join(
                SQL("%s %s AS %s", total, recent, SQL.identifier(name + span))
                for span, recent in (("", SQL("FILTER (WHERE is_recent)")), ("_lifetime", SQL("")))
                for name, total in PAYING_SUMS.items())),
        }

    @api.model
    def _tree_ids(self, company):
        """A root company and its branches. sudo: whoever measures, the legal entity is measured as a whole."""
        return self.env["res.partner"].sudo().with_company(company)._company_tree_ids()

    @api.model
    @ormcache()
    def _expense_account_ids(self):
        accounts = self.env["account.account"].sudo().with_context(active_test=False)
        return accounts.search([("internal_group", "=", "expense")], order="id")._ids or (0,)

    @api.model
    def _has_costs(self):
        """Whether any product has a cost; if none has, the invoice lines need not be read."""
        self.env["product.product"].flush_model(["standard_price"])
        return bool(self.env.execute_query(SQL(
            "SELECT 1 FROM product_product WHERE jsonb_path_exists(standard_price, '$.* ? (@ != 0)') LIMIT 1")))


SALES = SQL("CASE WHEN sales.sales_12m > 0 THEN sales.sales_12m::float8 END")
OPEN = SQL("coalesce(owed.open_amount, 0)")
OVERDUE = SQL("coalesce(owed.overdue_amount, 0)")
NOT_DUE = SQL("greatest(%s - %s, 0)", OPEN, OVERDUE)  # 0 where credits that are not matched exceed it

# Every posted claim on a customer, one row each. COALESCE hides the kind of the item from the planner: it would
# multiply its likelihood with that of the account, though each implies the other, and expect a tenth of the rows.
ITEM = """
    SELECT l.id, owner.commercial_partner_id AS partner_id, l.date_maturity AS due, l.invoice_date,
           CASE WHEN l.amount_residual = 0 THEN 0 ELSE l.amount_residual::float8 END AS open, l.balance
      FROM account_move_line l
      JOIN res_partner owner ON owner.id = l.partner_id
     WHERE l.account_id IN %(accounts)s AND l.parent_state = 'posted' AND l.company_id IN %(companies)s
       AND l.balance > 0 AND coalesce(l.display_type = 'payment_term', FALSE) AND l.date <= %(day)s AND %(chosen)s"""
# Sums of spans that do not overlap: each document is added once.
SOLD = """
    SELECT owner.commercial_partner_id AS partner_id,
           sum(amount_untaxed_signed) FILTER (WHERE invoice_date > %(y1)s) AS revenue_1,
           sum(amount_untaxed_signed) FILTER (WHERE invoice_date > %(y2)s AND invoice_date <= %(y1)s) AS revenue_2,
           sum(amount_untaxed_signed) FILTER (WHERE invoice_date > %(y3)s AND invoice_date <= %(y2)s) AS revenue_3,
           sum(amount_untaxed_signed) FILTER (WHERE invoice_date <= %(y3)s) AS revenue_4,
           sum(amount_total_signed) FILTER (WHERE invoice_date > %(y1)s) AS sales_12m,
           count(*) FILTER (WHERE move_type <> 'out_refund' AND invoice_date > %(y1)s) AS invoice_count_12m,
           count(*) FILTER (WHERE move_type <> 'out_refund' AND invoice_date > %(y3)s) AS invoice_count_36m,
           count(*) FILTER (WHERE move_type <> 'out_refund') AS invoice_count,
           min(invoice_date) FILTER (WHERE move_type <> 'out_refund') AS first_purchase,
           max(invoice_date) FILTER (WHERE move_type <> 'out_refund') AS last_purchase
      FROM account_move m JOIN res_partner owner ON owner.id = m.commercial_partner_id
     WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
       AND m.invoice_date <= %(day)s AND m.company_id IN %(companies)s AND %(chosen)s
     GROUP BY owner.commercial_partner_id"""
SALES_OF = """
    SELECT partner_id, revenue_1 AS revenue_12m, revenue_2 AS revenue_prev_12m,
           coalesce(revenue_1, 0) + coalesce(revenue_2, 0) + coalesce(revenue_3, 0) AS revenue_36m,
           coalesce(revenue_1, 0) + coalesce(revenue_2, 0) + coalesce(revenue_3, 0) + coalesce(revenue_4, 0)
               AS revenue_lifetime,
           sales_12m, invoice_count_12m, invoice_count_36m, invoice_count, first_purchase, last_purchase
      FROM sold"""
# Only lines with products that have a cost in the company that invoiced are read.
COST = """
    SELECT owner.commercial_partner_id AS partner_id,
           sum(c.cost) FILTER (WHERE m.invoice_date > %(y1)s) AS cost_12m,
           sum(c.cost) FILTER (WHERE m.invoice_date > %(y2)s AND m.invoice_date <= %(y1)s) AS cost_prev_12m,
           sum(c.cost) FILTER (WHERE m.invoice_date > %(y3)s) AS cost_36m,
           sum(c.cost) AS cost_lifetime
      FROM account_move_line l
      JOIN account_move m ON m.id = l.move_id
      JOIN res_partner owner ON owner.id = m.commercial_partner_id
      JOIN (SELECT p.id, company.id AS company_id, t.uom_id,
                   (p.standard_price -> company.id::text)::numeric AS price
              FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id
             CROSS JOIN res_company company
             WHERE company.id IN %(companies)s) product
        ON product.id = l.product_id AND product.company_id = l.company_id
      LEFT JOIN uom_uom unit ON unit.id = l.product_uom_id
      LEFT JOIN uom_uom base ON base.id = product.uom_id
     CROSS JOIN LATERAL (SELECT round(
           CASE WHEN m.move_type = 'out_refund' THEN -1 ELSE 1 END * l.quantity * product.price
           * coalesce(unit.factor, 1)::numeric / nullif(coalesce(base.factor, 1), 0)::numeric, 2) AS cost) c
     WHERE l.display_type = 'product' AND product.price <> 0 AND l.company_id IN %(companies)s
       AND m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
       AND m.invoice_date <= %(day)s AND %(chosen)s
     GROUP BY owner.commercial_partner_id"""
NO_COST = """
    SELECT NULL::int AS partner_id, 0 AS cost_12m, 0 AS cost_prev_12m, 0 AS cost_36m, 0 AS cost_lifetime"""
ORDERED = """
    SELECT owner.commercial_partner_id AS partner_id,
           count(*) FILTER (WHERE ordered.day > %(y1)s) AS order_count_12m, count(*) AS order_count
      FROM sale_order l JOIN res_partner owner ON owner.id = l.partner_id
     CROSS JOIN LATERAL (SELECT (l.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day) ordered
     WHERE l.state = 'sale' AND l.company_id IN %(companies)s AND ordered.day <= %(day)s AND %(chosen)s
     GROUP BY owner.commercial_partner_id"""
OWED = """
    SELECT owner.commercial_partner_id AS partner_id, sum(amount_residual) AS open_amount,
           sum(amount_residual) FILTER (
               WHERE coalesce(l.date_maturity, l.date) < %(day)s AND amount_residual > 0) AS overdue_amount,
           min(coalesce(l.date_maturity, l.date)) FILTER (
               WHERE coalesce(l.date_maturity, l.date) < %(day)s AND amount_residual > 0) AS oldest_due
      FROM account_move_line l JOIN res_partner owner ON owner.id = l.partner_id
     WHERE l.account_id IN %(accounts)s AND l.parent_state = 'posted' AND l.company_id IN %(companies)s
       AND l.amount_residual <> 0 AND l.date <= %(day)s AND %(chosen)s
     GROUP BY owner.commercial_partner_id"""
# The balance at the end of each day (rows of one day have the same sum); what is older than a year counts as of the day
# a year ago. Customer by customer, so that few rows are sorted at a time: all at once they do not fit in memory. The
# three conditions are those of the index that answers it: they leave out only items without an amount.
RUNNING = """
    SELECT owner.id AS partner_id, balances.*
      FROM res_partner owner
     CROSS JOIN LATERAL (
           SELECT max(balance) FILTER (WHERE date = %(y1)s) AS opening_amount,
                  max(balance) FILTER (WHERE date <= %(day)s) AS highest
             FROM (SELECT day.date, sum(l.balance) OVER (ORDER BY day.date) AS balance
                     FROM res_partner contact JOIN account_move_line l ON l.partner_id = contact.id
                    CROSS JOIN LATERAL (SELECT greatest(l.date, %(y1)s) AS date) day
                    WHERE contact.commercial_partner_id = owner.id AND l.account_id IN %(accounts)s
                      AND l.parent_state = 'posted' AND l.company_id IN %(companies)s
                      AND (l.reconciled OR l.amount_residual <> 0 OR l.amount_residual_currency <> 0)) days
           HAVING count(*) > 0) balances
     WHERE %(chosen)s"""
# Entries of the bank that charge something to an expense, and what share of each the bank received. A table to join:
# subqueries about each entry would keep PostgreSQL from reading with several processes. For a few customers the entries
# that settled their items are looked up; there may be many expenses.
CHARGED = "account_move_line e"
CHARGED_OF_ITEMS = """(
    SELECT DISTINCT c.move_id
      FROM item JOIN account_partial_reconcile p ON p.debit_move_id = item.id
      JOIN account_move_line c ON c.id = p.credit_move_id AND c.payment_id IS NULL
    ) entry JOIN account_move_line e ON e.move_id = entry.move_id"""
LOST = """
    SELECT l.move_id, greatest(0, sum(l.balance) FILTER (WHERE l.account_id = j.default_account_id)
                                  / sum(l.balance) FILTER (WHERE l.balance > 0)) AS kept
      FROM account_move_line l JOIN account_journal j ON j.id = l.journal_id AND j.type IN ('bank', 'cash', 'credit')
     WHERE l.move_id IN (SELECT e.move_id FROM %(charged)s WHERE e.account_id IN %(expenses)s AND e.balance > 0)
     GROUP BY l.move_id"""
# What took something off a claim, whoever it came from: an item of the same account, which halves the search. "money"
# is the part of it that was paid: nothing of a journal entry, and of a payment what it brought, not what was written
# off with it; of another "entry" of the bank a share may be lost. A credit note settles without a payment and without
# a loss; an exchange difference is neither.
SETTLED = """
    SELECT p.debit_move_id, p.amount, c.date, CASE WHEN c.payment_id IS NULL THEN c.move_id END AS entry,
           CASE WHEN j.type = 'general' THEN 0
                WHEN pay.amount_company_currency_signed < -c.balance
                THEN p.amount * greatest(pay.amount_company_currency_signed, 0) / -c.balance
                ELSE p.amount END AS money
      FROM account_partial_reconcile p
      JOIN account_move_line c ON c.id = p.credit_move_id AND c.account_id IN %(accounts)s
      JOIN account_journal j ON j.id = c.journal_id AND (
           j.type IN ('bank', 'cash', 'credit') OR j.type = 'general' AND j.id NOT IN (
               SELECT currency_exchange_journal_id FROM res_company WHERE currency_exchange_journal_id IS NOT NULL))
      LEFT JOIN account_payment pay ON pay.id = c.payment_id"""
# One row per claim and settlement that counts. What is written off once the claim is due counts like a payment of that
# day: who never paid was late until then. Not counted: what is set off by a journal entry until the due date, and a
# difference of a hundredth. In order: each process sorts what it read, and what follows is summed as it comes.
PAID = """
    SELECT d.id, d.partner_id, d.invoice_date, coalesce(moved.due, d.due) AS due, d.open, s.date,
           CASE WHEN s.date > coalesce(moved.due, d.due)
                     AND (s.amount > d.balance * %(small)s OR s.money * coalesce(lost.kept, 1) > 0) THEN s.amount
                ELSE s.money * coalesce(lost.kept, 1) END::float8 AS amount
      FROM item d
      LEFT JOIN moved ON moved.day = d.due
      LEFT JOIN settled s ON s.debit_move_id = d.id AND (
           s.date > coalesce(moved.due, d.due) AND s.amount > d.balance * %(small)s OR s.money > 0)
      LEFT JOIN lost ON lost.move_id = s.entry
     ORDER BY d.partner_id, d.id"""
# One row per claim: what was paid of it, when, and how much of that after it was due.
CLAIM = """
    SELECT id, partner_id, min(invoice_date) AS invoiced, min(due) AS due, min(open) AS open, sum(amount) AS paid,
           sum(amount * (date - invoice_date)) AS paid_days, sum(amount) FILTER (WHERE date > due) AS paid_late,
           max(date) FILTER (WHERE amount > 0) AS last_paid
      FROM paid GROUP BY partner_id, id"""
# What is still open and overdue counts as paid today.
DECIDED = """
    SELECT id, partner_id, invoiced, due, due - invoiced AS term, open, last_paid, coalesce(paid, 0) + open AS amount,
           coalesce(paid_days, 0) + open * (%(day)s::date - invoiced) AS days_amount,
           coalesce(paid_late, 0) + open AS late_amount,
           open > 0 OR last_paid > due AS is_late, open > 0 OR last_paid > %(y1)s AS is_recent
      FROM claim
     WHERE open = 0 AND paid > 0 OR open > 0 AND due < %(day)s"""
# {column of "paying": what it aggregates}, for the last 12 months and for all time
PAYING_SUMS = {
    "claim_count": SQL("count(*)"),
    "late_count": SQL("sum(is_late::int)"),
    "amount": SQL("sum(amount)"),
    "days": SQL("sum(days_amount / amount)"),
    "days_amount": SQL("sum(days_amount)"),
    "late_days": SQL("sum(days_amount / amount - term)"),
    "late_days_amount": SQL("sum(days_amount - term * amount)"),
    "late_amount": SQL("sum(late_amount)"),
}
