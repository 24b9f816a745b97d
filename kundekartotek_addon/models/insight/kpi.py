# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from itertools import chain

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .kpi_sql import CURRENT, DIMENSION, EVENTS, HISTORY, SALES_OF_MONTH

MONTHS = 37  # read from the ledger every night: three years, and the month before them
DIMENSIONS = {"customer_category_id": "category", "user_id": "user"}  # by the field that names the part
MONEY = {"currency_field": "currency_id", "readonly": True}


class KundekartotekKpi(models.Model):
    """Key figures by the month, of a legal entity and of each of its categories and salespersons. The last month is
    the one we are in, up to the day of the computation. Sales and receivables of three years are read from the ledger
    every night, whatever was posted, taken back or matched since, and split as the customers are now; so they tie out
    with it. What depends on the customers' measures (customers, values, days to pay, CEI) begins with the addon and
    is kept as it was."""

    _name = "kundekartotek.kpi"
    _description = "Key Figures of Customers"
    _order = "date DESC, dimension, id"
    _rec_name = "date"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(string="Month's End", required=True, readonly=True)
    dimension = fields.Selection(
        [("company", "Company"), ("category", "Category"), ("user", "Salesperson")], required=True, readonly=True)
    customer_category_id = fields.Many2one(
        "kundekartotek.category", string="Category", readonly=True, ondelete="cascade", index="btree_not_null")
    user_id = fields.Many2one(
        "res.users", string="Salesperson", readonly=True, ondelete="cascade", index="btree_not_null")
    computed_at = fields.Datetime(string="Computed", readonly=True)

    revenue = fields.Monetary(**MONEY, help="Of the month, without VAT.")
    sales = fields.Monetary(**MONEY, string="Sales Incl. VAT", help="Of the month.")
    receivables = fields.Monetary(
        **MONEY, string="Outstanding", aggregator="avg",
        help="Of customers, at the month's end. Of several months, the mean of their ends.")
    overdue = fields.Monetary(
        **MONEY, aggregator="avg",
        help="Open claims that were due before the month's end, as in the aging: payments and credit notes that are "
        "not matched take nothing off.")
    sales_12m = fields.Monetary(**MONEY, string="Sales Incl. VAT 12 Months", aggregator="avg")
    dso = fields.Float(
        string="DSO", readonly=True, digits=(16, 1), aggregator="avg",
        help="Receivables at the month's end / sales incl. VAT of 12 months x 365.")
    turnover = fields.Float(
        string="Receivables Turnover", readonly=True, digits=(16, 2), aggregator=None,
        help="Sales incl. VAT of 12 months / mean of the receivables at 13 month ends.")
    customers = fields.Integer(
        string="Active Customers", readonly=True, aggregator="avg",
        help="Customers with an invoice in the last 12 months.")
    revenue_per_customer = fields.Monetary(
        **MONEY, aggregator="avg", help="Revenue of 12 months / active customers.")
    clv = fields.Monetary(
        **MONEY, string="Customer Lifetime Value", aggregator=None,
        help="Mean over all that ever bought of average yearly purchase x years of relationship.")
    days_to_pay = fields.Float(
        readonly=True, digits=(16, 1), aggregator=None,
        help="Average payment time of 12 months: sum of days / number of invoices.")
    days_to_pay_weighted = fields.Float(
        string="Days to Pay, Weighted", readonly=True, digits=(16, 1), aggregator=None,
        help="The same, each invoice weighing as much as its amount.")
    cei = fields.Float(
        string="CEI, %", readonly=True, digits=(16, 1), aggregator=None,
        help="Collection effectiveness index of 12 months: (open a year ago + sales - open now) / "
        "(open a year ago + sales - not due now) x 100.")

    _month_unique = models.UniqueIndex(
        "(company_id, date, dimension, coalesce(customer_category_id, 0), coalesce(user_id, 0))")

    # ---- the same month stands here for the company and for each part of it: never added together ---------------

    @api.model
    def _search(self, domain, *args, **kwargs):
        return super()._search(self._of_one_dimension(domain), *args, **kwargs)

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), *args, **kwargs):
        """An export searches the records and asks for their ids group by group: these must be the same ones."""
        asked = () if "id:array_agg" in aggregates else groupby
        return super()._read_group(self._of_one_dimension(domain, asked), groupby, aggregates, *args, **kwargs)

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, *args, **kwargs):
        return super()._read_grouping_sets(
            self._of_one_dimension(domain, chain.from_iterable(grouping_sets)), grouping_sets, *args, **kwargs)

    @api.model
    def _of_one_dimension(self, domain, groupby=()):
        """Who asks for no dimension means that of the category or salesperson asked for, or the company's."""
        domain = Domain(domain)
        named = {condition.field_expr.partition(".")[0] for condition in domain.iter_conditions()}
        if not named.isdisjoint(("id", "dimension")):
            return domain
        named.update(groupby)
        if "dimension" in named:
            return domain & Domain("dimension", "!=", False)  # which the search inside understands
        return domain & Domain("dimension", "=", next(
            (dimension for name, dimension in DIMENSIONS.items() if name in named), "company"))

    # ---- writing them ---------------------------------------------------------------------------------------

    @api.model
    def _keep(self, company):
        """Write the key figures of all months anew from the ledger, then those of the month we are in that need the
        customers' measures."""
        self._write_months(company, HISTORY)
        self._write_months(company, CURRENT)

    @api.model
    def _keep_current(self, company):
        """Let the month we are in follow the customers' measures, once there is a history."""
        month = self._month_end(self.env["kundekartotek.customer.metrics"]._measuring_day(company))
        mine = Domain("company_id", "=", company.id)
        if self.search_count(mine & Domain("date", "<", month), limit=1):
            self.search(mine & Domain("date", "=", month) & Domain("dimension", "!=", False)).unlink()
            self._write_months(company, SALES_OF_MONTH)
            self._write_months(company, CURRENT)

    @api.model
    def _write_months(self, company, statement):
        day = self.env["kundekartotek.customer.metrics"]._measuring_day(company)
        month = self._month_end(day)
        terms = {
            "company": company.id, "month": month, "day": day, "now": fields.Datetime.now(),
            "companies": self.env["kundekartotek.customer.metrics"]._tree_ids(company),
            "accounts": self.env["res.partner"]._receivable_account_ids(),
            "first": self._month_end(month - relativedelta(months=MONTHS)),
            "y1": month - relativedelta(years=1),
            "year": (day - (day - relativedelta(years=1))).days,
        }  # fmt: skip
        self.env.flush_all()
        self.env.cr.execute(SQL(statement, **terms, events=SQL(EVENTS, **terms), dimension=SQL(DIMENSION)))
        self.invalidate_model()

    @api.model
    def _month_end(self, day):
        return (day.replace(day=1) + relativedelta(months=1)) - timedelta(1)
