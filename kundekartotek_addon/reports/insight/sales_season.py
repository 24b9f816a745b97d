# SPDX-License-Identifier: LGPL-3.0-or-later
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.season import seasonal_index
from ...tools.sheet import Column, Line

YEARS = 4
MONTHS = [(f"{number:02}", name) for number, name in enumerate((
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December"), 1)]


class SalesSeason(models.Model):
    """Revenue of each month of this year and the three before it, by customer and product group; in the report with
    the month's seasonal index: 100 is a month like all the others."""

    _name = "kundekartotek.sales.season"
    _description = "Sales by Month and Year"
    _inherit = ["kundekartotek.insight.source"]
    _auto = False
    _order = "year DESC, month, id"
    _rec_name = "month"
    _report_name = "sales-season"
    _table_records = "kundekartotek_addon.sales_season_action"
    _depends = {
        "account.move.line": ["balance", "company_id", "display_type", "move_id", "product_id"],
        "account.move": ["commercial_partner_id", "company_id", "invoice_date", "move_type", "state"],
        "res.partner": ["commercial_partner_id"],
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_category_id = fields.Many2one(related="partner_id.customer_category_id", string="Category")
    product_category_id = fields.Many2one("product.category", string="Product Group", readonly=True)
    year = fields.Char(readonly=True)
    month = fields.Selection(MONTHS, readonly=True)
    revenue = fields.Monetary(currency_field="currency_id", readonly=True)

    @property
    def _table_query(self):
        day = self._day()
        return SQL(
            """
            SELECT min(l.id) AS id, owner.commercial_partner_id AS partner_id, %(company)s AS company_id,
                   template.categ_id AS product_category_id, to_char(m.invoice_date, 'YYYY') AS year,
                   to_char(m.invoice_date, 'MM') AS month, sum(-l.balance) AS revenue
              FROM account_move_line l
              JOIN account_move m ON m.id = l.move_id
              JOIN res_partner owner ON owner.id = m.commercial_partner_id
              LEFT JOIN product_product product ON product.id = l.product_id
              LEFT JOIN product_template template ON template.id = product.product_tmpl_id
             WHERE l.display_type IN ('product', 'rounding') AND m.state = 'posted' AND m.company_id IN %(companies)s
               AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND m.invoice_date >= %(first)s AND m.invoice_date <= %(day)s
             GROUP BY owner.commercial_partner_id, template.categ_id, year, month""",
            company=self._entity().id, companies=self._companies(), day=day,
            first=(day - relativedelta(years=YEARS - 1)).replace(month=1, day=1))

    @api.model
    def _report_title(self, options):
        return self.env._("Season")

    @api.model
    def _years(self):
        last = self._day().year
        return [str(last - back) for back in range(YEARS - 1, -1, -1)]

    @api.model
    def _table_note(self):
        return self.env._(
            "Seasonal index: 100 is a month like all the others; 150 brings half as much again. "
            "Reckoned from full years.")

    @api.model
    def _report_columns(self, options):
        return [
            Column(self.env._("Month")), *(Column(year, "money", digits=0) for year in self._years()),
            Column(self.env._("Average of Full Years"), "money", digits=0),
            Column(self.env._("Seasonal Index"), "integer", 14)]

    @api.model
    def _figures(self, options):
        """:return: {year: {month: revenue}}"""
        figures = {year: dict.fromkeys((key for key, _name in MONTHS), 0.0) for year in self._years()}
        for year, month, revenue in self._read_group(
                self._report_domain(options), ["year", "month"], ["revenue:sum"]):
            figures[year][month] = revenue
        return figures

    @api.model
    def _report_rows(self, options):
        figures, day = self._figures(options), self._day()
        full = self._full_years(figures)
        index = seasonal_index(full)
        names = dict(self._fields["month"]._description_selection(self.env))
        first, last = self._first_month(), (f"{day:%Y}", f"{day:%m}")
        for place, (key, _name) in enumerate(MONTHS):
            mean = sum(year[place] for year in full) / len(full) if full else None
            yield (names[key], *(
                figures[year][key] if first <= (year, key) <= last else None for year in self._years()),
                mean, index[place])

    @api.model
    def _first_month(self):
        """The one of the ledger's first sale: what was before it is no nought. Whoever's figures are shown, what was
        not sold to them since is one."""
        first = self.env["account.move"].sudo().search([
            ("company_id", "in", self._companies()), ("state", "=", "posted"),
            ("move_type", "in", ("out_invoice", "out_refund", "out_receipt")),
        ], order="invoice_date", limit=1).invoice_date
        return (f"{first:%Y}", f"{first:%m}") if first else ("", "")

    @api.model
    def _full_years(self, figures):
        """Years that are over, and of which the ledger has the whole: the first one with sales only if there were
        some in its January.

        :return: [[revenue of each month]]
        """
        years = [list(figures[year].values()) for year in self._years()[:-1] if any(figures[year].values())]
        return years if years and years[0][0] else years[1:]

    @api.model
    def _report_totals(self, options):
        figures = self._figures(options)
        first, _month = self._first_month()
        yield Line((self.env._("Total"), *(
            sum(figures[year].values()) if year >= first else None for year in self._years())), "total")
