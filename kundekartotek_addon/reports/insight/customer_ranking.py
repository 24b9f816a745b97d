# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

from ...models.insight.customer_metrics import ABC_CLASSES, MEASURES
from ...tools.sheet import Column, Line


class CustomerRanking(models.Model):
    """Customers in the order of their revenue of 12 months, with their share, and the share of all up to here
    (Pareto); the same by margin. From the metrics."""

    _name = "kundekartotek.customer.ranking"
    _description = "Turnover Ranking"
    _inherit = ["kundekartotek.insight.source"]
    _auto = False
    _order = "place, id"
    _rec_name = "partner_id"
    _report_name = "customer-ranking"
    _depends = {"kundekartotek.customer.metrics": ["partner_id", "company_id", "abc_class", *MEASURES]}

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_category_id = fields.Many2one(related="partner_id.customer_category_id", string="Category")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    abc_class = fields.Selection(ABC_CLASSES, string="ABC", readonly=True)
    place = fields.Integer(string="No.", readonly=True, aggregator=None)
    revenue = fields.Monetary(currency_field="currency_id", readonly=True)
    share = fields.Float(readonly=True, help="Of the revenue of all customers with sales.")
    cumulative = fields.Float(string="Cumulative Share", readonly=True, aggregator="max")
    margin = fields.Monetary(currency_field="currency_id", readonly=True)
    margin_share = fields.Float(string="Share of Margin", readonly=True)
    margin_place = fields.Integer(string="No. by Margin", readonly=True, aggregator=None)
    margin_cumulative = fields.Float(string="Cumulative by Margin", readonly=True, aggregator="max")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT id, partner_id, company_id, abc_class, revenue_12m AS revenue, margin_12m AS margin,
                   row_number() OVER by_revenue AS place, row_number() OVER by_margin AS margin_place,
                   (greatest(revenue_12m, 0) / revenue_total)::float8 AS share,
                   (greatest(margin_12m, 0) / margin_total)::float8 AS margin_share,
                   (sum(greatest(revenue_12m, 0)) OVER by_revenue / revenue_total)::float8 AS cumulative,
                   (sum(greatest(margin_12m, 0)) OVER by_margin / margin_total)::float8 AS margin_cumulative
              FROM (SELECT *, coalesce(nullif(sum(greatest(revenue_12m, 0)) OVER (), 0), 1) AS revenue_total,
                           coalesce(nullif(sum(greatest(margin_12m, 0)) OVER (), 0), 1) AS margin_total
                      FROM kundekartotek_customer_metrics
                     WHERE company_id = %(company)s AND (revenue_12m <> 0 OR margin_12m <> 0)) m
            WINDOW by_revenue AS (ORDER BY revenue_12m DESC, partner_id),
                   by_margin AS (ORDER BY margin_12m DESC, partner_id)""", company=self._entity().id)

    @api.model
    def _report_title(self, options):
        return self.env._("Turnover Ranking")

    @api.model
    def _report_columns(self, options):
        return [
            Column(self.env._("Customer No."), width=12), Column(self.env._("Customer"), width=34),
            Column(self.env._("No."), "integer"), Column(self.env._("ABC"), width=6),
            Column(self.env._("Revenue 12 Months"), "money"), Column(self.env._("Share"), "percent"),
            Column(self.env._("Cumulative Share"), "percent", 11), Column(self.env._("Margin 12 Months"), "money", 16),
            Column(self.env._("Share of Margin"), "percent", 16),
            Column(self.env._("Cumulative by Margin"), "percent", 16)]

    @api.model
    def _report_rows(self, options):
        names = dict(self._fields["abc_class"]._description_selection(self.env))
        for number, name, place, abc, *figures in self._stream_columns(options, (
                "place", "abc_class", "revenue", "share", "cumulative", "margin", "margin_share",
                "margin_cumulative"), "place"):
            yield number, name, place, names.get(abc, ""), *figures

    @api.model
    def _report_totals(self, options):
        [(revenue, share, margin, margin_share)] = self._read_group(
            self._report_domain(options), [], ["revenue:sum", "share:sum", "margin:sum", "margin_share:sum"])
        yield Line((None, self.env._("Total"), None, None, revenue or 0, share or 0, None, margin or 0,
                    margin_share or 0), "total")
