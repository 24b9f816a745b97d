# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

AMOUNT_GROUPS = "account.group_account_invoice,account.group_account_readonly"
OPEN_ITEM_FIGURES = ("customer_balance", "customer_overdue", "customer_limit_left")
LAST_DATES = ("last_invoice_date", "last_payment_date")
LEDGER_FIGURES = {*OPEN_ITEM_FIGURES, *LAST_DATES, "credit", "debit"}  # core's two are summed up in the same way


def by_sql(name):
    """The search of a field that is not stored but that ``_field_to_sql`` knows: as it stands."""
    return lambda self, operator, value: Domain(name, operator, value)


class ResPartner(models.Model):
    """What a customer owes, may still buy for, and did last; read from the ledger each time it is shown.

    A figure belongs to the commercial partner, so contacts show their company's, and to a legal entity:
    the current company's root with all its branches, as core's ``credit``. Amounts are in that
    company's currency. Nothing is stored: posting an invoice touches no customer.
    """

    _inherit = "res.partner"

    customer_currency_id = fields.Many2one(
        "res.currency",
        string="Currency of Figures",
        compute="_compute_customer_currency_id",
    )
    customer_balance = fields.Monetary(
        string="Balance",
        compute="_compute_customer_balance",
        compute_sudo=True,
        search=by_sql("customer_balance"),
        currency_field="customer_currency_id",
        groups=AMOUNT_GROUPS,
        help="What the customer owes now: invoices less payments and credit notes, in company currency.",
    )
    customer_overdue = fields.Monetary(
        string="Overdue",
        compute="_compute_customer_balance",
        compute_sudo=True,
        search=by_sql("customer_overdue"),
        currency_field="customer_currency_id",
        groups=AMOUNT_GROUPS,
        help="Open claims that were due before today, as in the aging: payments and credit notes that are not matched "
        "take nothing off. What is due today is not overdue.",
    )
    customer_limit_left = fields.Monetary(
        string="Limit Left",
        compute="_compute_customer_balance",
        compute_sudo=True,
        search=by_sql("customer_limit_left"),
        currency_field="customer_currency_id",
        groups=AMOUNT_GROUPS,
        help="The credit limit less the balance. Zero where no limit is set.",
    )
    customer_limit_used = fields.Integer(
        string="Limit Used",
        compute="_compute_customer_balance",
        compute_sudo=True,
        groups=AMOUNT_GROUPS,
        help="The balance in per cent of the credit limit; 0 where no limit is set or nothing is owed.",
    )
    last_invoice_date = fields.Date(
        string="Last Invoice",
        compute="_compute_last_documents",
        compute_sudo=True,
        search=by_sql("last_invoice_date"),
        groups=AMOUNT_GROUPS,
    )
    last_invoice_number = fields.Char(
        compute="_compute_last_documents",
        compute_sudo=True,
        groups=AMOUNT_GROUPS,
    )
    last_payment_date = fields.Date(
        string="Last Payment",
        compute="_compute_last_documents",
        compute_sudo=True,
        search=by_sql("last_payment_date"),
        groups=AMOUNT_GROUPS,
        help="When the customer last paid: the newest credit on a receivable in a bank or cash journal.",
    )
    last_payment_amount = fields.Monetary(
        compute="_compute_last_documents",
        compute_sudo=True,
        currency_field="customer_currency_id",
        groups=AMOUNT_GROUPS,
    )

    @api.depends_context("company")
    def _compute_customer_currency_id(self):
        self.customer_currency_id = self.env.company.root_id.currency_id

    @api.depends("commercial_partner_id", "credit_limit")
    @api.depends_context("company", "tz")
    def _compute_customer_balance(self):
        rows = self.env.execute_query(self._customer_open_items_sql(self.commercial_partner_id.ids))
        figures = {partner_id: (balance, overdue) for partner_id, balance, overdue in rows}
        for partner in self:
            balance, overdue = figures.get(partner.commercial_partner_id._origin.id, (0, 0))
            partner.customer_balance = balance
            partner.customer_overdue = overdue
            limit = partner.credit_limit
            partner.customer_limit_left = limit and limit - float(balance)
            partner.customer_limit_used = max(0, round(100 * float(balance) / limit)) if limit > 0 else 0

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_last_documents(self):
        last = self._read_last_documents()
        nothing = (None,) * 3
        for partner in self:
            invoice, payment = last.get(partner.commercial_partner_id._origin.id, (nothing, nothing))
            partner.last_invoice_date, partner.last_invoice_number = invoice[1:]
            partner.last_payment_date, partner.last_payment_amount = payment[1], payment[2] or 0

    # ---- search, order, sums -----------------------------------------------------------------------------

    @api.model
    @api.readonly
    def web_search_read(self, domain, specification, offset=0, limit=None, order=None, count_limit=None):
        """Core looks for a page and then again to count. What is found by the ledger of all customers is looked for
        once: a page's ids come with the number of all."""
        if LEDGER_FIGURES.isdisjoint(condition.field_expr for condition in Domain(domain).iter_conditions()):
            return super().web_search_read(domain, specification, offset, limit, order, count_limit)
        query = self._search(domain, offset, limit, order or self._order)
        rows = self.env.execute_query(query.select(SQL.identifier(self._table, "id"), SQL("count(*) OVER ()")))
        records = self.browse(partner_id for partner_id, _total in rows).web_read(specification)
        result = self._format_web_search_read_results(domain, records, offset)
        if rows:
            total = rows[0][1]
            result["length"] = max(result["length"], min(total, count_limit or total))
        return result

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let the ORM compare, sort, group and sum the figures as if they were columns."""
        if field_expr == "customer_currency_id":
            return SQL("%s::int", self.env.company.root_id.currency_id.id)
        if field_expr in (*OPEN_ITEM_FIGURES, *LAST_DATES):
            self._check_field_access(self._fields[field_expr], "read")
            customer = super()._field_to_sql(alias, "commercial_partner_id", query)
            if field_expr in OPEN_ITEM_FIGURES:
                return self._open_item_figure_to_sql(alias, field_expr, query, customer)
            last = self._last_invoice_sql if field_expr == "last_invoice_date" else self._last_payment_sql
            return SQL("(SELECT document.date FROM (%s) document)", last(customer))
        return super()._field_to_sql(alias, field_expr, query)

    def _open_item_figure_to_sql(self, alias, field_name, query, customer):
        """A column of all customers' open items, which are joined to ``query`` once; zero where there are none,
        as is shown: NULL would be sorted apart, and found by ``!= 0``."""
        items = query.make_alias(alias, "customer_open_items")
        query.add_join("LEFT JOIN", items, SQL("(%s)", self._customer_open_items_sql()), SQL(
            "%s = %s", SQL.identifier(items, "partner_id"), customer))
        if field_name == "customer_limit_left":
            return SQL(
                "CASE WHEN %(limit)s > 0 THEN %(limit)s::numeric - coalesce(%(balance)s, 0) ELSE 0 END",
                limit=self._field_to_sql(alias, "credit_limit"), balance=SQL.identifier(items, "balance"))
        return SQL("coalesce(%s, 0)", SQL.identifier(items, field_name.removeprefix("customer_")))
