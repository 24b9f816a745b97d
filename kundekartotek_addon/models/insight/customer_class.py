# SPDX-License-Identifier: LGPL-3.0-or-later
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .class_sql import classify_sql
from .customer_metrics import ABC_CLASSES, PAYMENT_CLASSES, RFM_SEGMENTS
from .segment import COLUMNS

SMALL = 25  # below so many customers, quintiles are cut by rank share: the best has 5 and the last 1


class KundekartotekCustomerMetrics(models.Model):
    """The classes of customers, given by one statement, from the measures of all customers of the company.

    A class that a person locked stays until the lock expires. What changes is kept in
    ``kundekartotek.segment.change``, with the figures of the moment.
    """

    _name = "kundekartotek.customer.metrics"
    _inherit = ["kundekartotek.customer.metrics", "kundekartotek.segment.why"]

    abc_class = fields.Selection(
        ABC_CLASSES, string="ABC", readonly=True,
        help="Customers in the order of their revenue (or margin) of 12 months: those that bring the first 80 % "
        "are A, up to 95 % B, the others C; the limits are in the settings.")
    abc_computed = fields.Selection(
        ABC_CLASSES, string="ABC by Figures", readonly=True, help="What would stand without a lock.")
    abc_facts = fields.Json(readonly=True)
    abc_why = fields.Char(string="Why This ABC Class", compute="_compute_why")
    payment_class = fields.Selection(
        PAYMENT_CLASSES, string="Payment Behaviour", readonly=True,
        help="What the first payment rule says that fits.")
    payment_facts = fields.Json(readonly=True)
    payment_rule_id = fields.Many2one("kundekartotek.payment.rule", readonly=True, ondelete="set null")
    payment_why = fields.Char(string="Why This Payment Behaviour", compute="_compute_why")
    rfm_recency = fields.Integer(string="Recency", readonly=True, aggregator="avg", help="5: bought last.")
    rfm_frequency = fields.Integer(string="Frequency", readonly=True, aggregator="avg", help="5: most invoices.")
    rfm_monetary = fields.Integer(string="Monetary", readonly=True, aggregator="avg", help="5: bought for most.")
    rfm_segment = fields.Selection(
        RFM_SEGMENTS, string="Segment", readonly=True,
        help="From quintiles of how recently, how often and for how much a customer bought in 36 months.")
    rfm_facts = fields.Json(readonly=True)
    rfm_why = fields.Char(string="Why This Segment", compute="_compute_why")

    @api.depends("abc_class", "abc_facts", "payment_class", "payment_facts", "rfm_segment", "rfm_facts")
    @api.depends_context("lang")
    def _compute_why(self):
        for row in self:
            for kind, column in COLUMNS.items():
                row[f"{kind}_why"] = self._say_why(kind, row[column], row[f"{kind}_facts"], row.currency_id)

    # ---- giving classes ----------------------------------------------------------------------------

    @api.model
    def _classify(self, company, partner_ids=None):
        """Give every customer of a root company its classes. Where all of them stay, their figures are written only
        for those that were measured anew.

        :param partner_ids: whose figures are new; everyone's by default
        """
        company, day = company.sudo(), self._measuring_day(company)
        rules = self.env["kundekartotek.payment.rule"]._find_conditions(company)
        self.env.execute_query(classify_sql(
            company=company.id, day=day, now=fields.Datetime.now(), basis=company.insight_abc_basis,
            known_since=day - relativedelta(months=company.insight_new_months), small=SMALL,
            value=SQL.identifier(f"{company.insight_abc_basis}_12m"),
            rule=SQL("CASE %s END", SQL(" ").join(SQL("WHEN %s THEN %s", condition, rule.id)
                                                  for rule, condition in rules)) if rules else SQL("NULL::int"),
            measured=SQL("TRUE") if partner_ids is None else SQL("partner_id = ANY(%s)", partner_ids),
            a=SQL("%s::numeric", company.insight_abc_a / 100), b=SQL("%s::numeric", company.insight_abc_b / 100),
            margin=SQL("%s::numeric", company.insight_abc_hysteresis / 100),
            to_flush=self.env["res.partner"]._fields["complete_name"],
        ))
        self.invalidate_model()
