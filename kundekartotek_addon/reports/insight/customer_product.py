# SPDX-License-Identifier: LGPL-3.0-or-later
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.sheet import Column

STOPPED_MONTHS = 6


class CustomerProduct(models.Model):
    """What each customer buys: a row per product that was invoiced in the last 36 months. A customer **stopped
    buying** what it bought at least twice, but not in the last six months."""

    _name = "kundekartotek.customer.product"
    _description = "Products of a Customer"
    _inherit = ["kundekartotek.insight.source"]
    _auto = False
    _order = "revenue_12m DESC, id"
    _rec_name = "product_id"
    _report_name = "customer-products"
    _depends = {
        "account.move.line": ["balance", "company_id", "display_type", "move_id", "product_id", "quantity"],
        "account.move": ["commercial_partner_id", "company_id", "invoice_date", "move_type", "state"],
        "res.partner": ["commercial_partner_id"],
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    product_id = fields.Many2one("product.product", readonly=True)
    product_category_id = fields.Many2one("product.category", readonly=True)
    quantity_12m = fields.Float(string="Quantity 12 Months", readonly=True)
    revenue_12m = fields.Monetary(string="Revenue 12 Months", currency_field="currency_id", readonly=True)
    revenue_prev_12m = fields.Monetary(string="Revenue Year Before", currency_field="currency_id", readonly=True)
    invoice_count = fields.Integer(string="Invoices", readonly=True)
    last_date = fields.Date(string="Last Bought", readonly=True)
    stopped = fields.Boolean(
        string="Stopped Buying", readonly=True,
        help="Bought at least twice in 36 months, but not in the last six.")

    @property
    def _table_query(self):
        day = self._day()
        return SQL(
            """
            SELECT min(l.id) AS id, owner.commercial_partner_id AS partner_id, %(company)s AS company_id, l.product_id,
                   template.categ_id AS product_category_id,
                   coalesce(sum(sign.of * l.quantity) FILTER (WHERE m.invoice_date > %(y1)s), 0) AS quantity_12m,
                   coalesce(sum(-l.balance) FILTER (WHERE m.invoice_date > %(y1)s), 0) AS revenue_12m,
                   coalesce(sum(-l.balance) FILTER (WHERE m.invoice_date <= %(y1)s AND m.invoice_date > %(y2)s), 0)
                       AS revenue_prev_12m,
                   count(DISTINCT m.id) FILTER (WHERE sign.of > 0) AS invoice_count,
                   max(m.invoice_date) FILTER (WHERE sign.of > 0) AS last_date,
                   count(DISTINCT m.id) FILTER (WHERE sign.of > 0) > 1
                       AND max(m.invoice_date) FILTER (WHERE sign.of > 0) <= %(stopped)s AS stopped
              FROM account_move_line l
              JOIN account_move m ON m.id = l.move_id
              JOIN res_partner owner ON owner.id = m.commercial_partner_id
              JOIN product_product product ON product.id = l.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id
             CROSS JOIN LATERAL (SELECT CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS of) sign
             WHERE l.display_type = 'product' AND m.state = 'posted' AND m.company_id IN %(companies)s
               AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
               AND m.invoice_date > %(y3)s AND m.invoice_date <= %(day)s
             GROUP BY owner.commercial_partner_id, l.product_id, template.categ_id""",
            company=self._entity().id, companies=self._companies(), day=day, y1=day - relativedelta(years=1),
            y2=day - relativedelta(years=2), y3=day - relativedelta(years=3),
            stopped=day - relativedelta(months=STOPPED_MONTHS))

    @api.model
    def _report_title(self, options):
        return self.env._("Products per Customer")

    @api.model
    def _report_columns(self, options):
        return [
            Column(self.env._("Customer No."), width=12), Column(self.env._("Customer"), width=30),
            Column(self.env._("Product"), width=30), Column(self.env._("Quantity 12 Months"), "money"),
            Column(self.env._("Revenue 12 Months"), "money"), Column(self.env._("Revenue Year Before"), "money"),
            Column(self.env._("Invoices"), "integer", 11), Column(self.env._("Last Bought"), "date"),
            Column(self.env._("Stopped Buying"), width=10)]

    @api.model
    def _report_rows(self, options):
        names, yes = {}, self.env._("Yes")
        for number, name, product, *figures, stopped in self._stream_columns(options, (
                "product_id", "quantity_12m", "revenue_12m", "revenue_prev_12m", "invoice_count", "last_date",
                "stopped"), "partner_id, revenue_12m DESC, id"):
            if product not in names:
                # sudo: the product's name stands on the customer's invoices
                names[product] = self.env["product.product"].sudo().browse(product).display_name
            yield number, name, names[product], *figures, yes if stopped else None
