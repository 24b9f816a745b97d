# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .customer_metrics import ABC_CLASSES, PAYMENT_CLASSES, RFM_SEGMENTS
from .segment import COLUMNS

_logger = logging.getLogger(__name__)
SMALL = 25  # below so many customers, quintiles are cut by rank share: the best has 5 and the last 1


class KundekartotekCustomerMetrics(models.Model):
    """The classes of customers, given by one statement each, from the measures of all customers of the company.

    A class that a person locked stays until the lock expires. What changes is kept in
    ``kundekartotek.segment.change``, with the figures of the moment.
    """

    _name = "kundekartotek.customer.metrics"
    _inherit = ["kundekartotek.customer.metrics", "kundekartotek.segment.why"]

    abc_class = fields.Selection(
        ABC_CLASSES, string="ABC", readonly=True, index=True,
        help="Customers in the order of their revenue (or margin) of 12 months: those that bring the first 80 % "
        "are A, up to 95 % B, the others C; the limits are in the settings.")
    abc_facts = fields.Json(readonly=True)
    abc_why = fields.Char(string="Why This ABC Class", compute="_compute_why")
    payment_class = fields.Selection(
        PAYMENT_CLASSES, string="Payment Behaviour", readonly=True, index=True,
        help="What the first payment rule says that fits.")
    payment_facts = fields.Json(readonly=True)
    payment_rule_id = fields.Many2one("kundekartotek.payment.rule", readonly=True, ondelete="set null")
    payment_why = fields.Char(string="Why This Payment Behaviour", compute="_compute_why")
    rfm_recency = fields.Integer(string="Recency", readonly=True, aggregator="avg", help="5: bought last.")
    rfm_frequency = fields.Integer(string="Frequency", readonly=True, aggregator="avg", help="5: most invoices.")
    rfm_monetary = fields.Integer(string="Monetary", readonly=True, aggregator="avg", help="5: bought for most.")
    rfm_segment = fields.Selection(
        RFM_SEGMENTS, string="Segment", readonly=True, index=True,
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
        """Give every customer of a root company its classes. Where a class stays, its figures are written only
        for those that were measured anew.

        :param partner_ids: whose figures are new; everyone's by default
        """
        day = self._measuring_day(company)
        for kind, statement in (
            ("abc", self._abc_sql(company, day)),
            ("rfm", self._rfm_sql(company, day)),
            ("payment", self._payment_sql(company)),
        ):
            self._give_classes(kind, statement, company, day, partner_ids)
        self.invalidate_model()

    @api.model
    def _give_classes(self, kind, statement, company, day, partner_ids):
        """:param statement: SELECT of ``id``, ``class``, ``facts`` and further columns of the table"""
        more = {"payment": ["payment_rule_id"], "rfm": ["rfm_recency", "rfm_frequency", "rfm_monetary"]}.get(kind, [])
        column, facts = SQL.identifier(COLUMNS[kind]), SQL.identifier(f"{kind}_facts")
        self.env.cr.execute(SQL(
            """
            WITH given AS (%(statement)s),
            final AS (
                SELECT given.*, lock.value AS locked, coalesce(lock.value, given.class) AS final_class,
                       CASE WHEN lock.value IS NULL THEN given.facts
                            ELSE jsonb_build_object('reason', lock.reason, 'until', lock.expires) END AS final_facts
                  FROM given
                  JOIN kundekartotek_customer_metrics m ON m.id = given.id
                  LEFT JOIN LATERAL (
                       SELECT %(lock_column)s AS value, reason, expires FROM kundekartotek_segment_lock
                        WHERE partner_id = m.partner_id AND company_id = m.company_id AND active
                          AND %(lock_column)s IS NOT NULL AND (expires IS NULL OR expires >= %(day)s)
                        ORDER BY id DESC LIMIT 1) lock ON TRUE
            ), changed AS (
                UPDATE kundekartotek_customer_metrics m
                   SET %(column)s = final.final_class, %(facts)s = final.final_facts %(more)s
                  FROM final JOIN kundekartotek_customer_metrics was ON was.id = final.id
                 WHERE m.id = final.id
                   AND (was.%(column)s IS DISTINCT FROM final.final_class
                        OR (%(new)s AND was.%(facts)s IS DISTINCT FROM final.final_facts))
             RETURNING m.partner_id, was.%(column)s AS old, final.final_class AS new, final.final_facts AS facts)
            INSERT INTO kundekartotek_segment_change
                   (partner_id, customer_name, company_id, kind, old_class, new_class, facts, date)
            SELECT changed.partner_id, p.complete_name, %(company)s, %(kind)s, changed.old, changed.new,
                   changed.facts, %(now)s
              FROM changed JOIN res_partner p ON p.id = changed.partner_id
             WHERE changed.old <> changed.new""",
            statement=statement, column=column, facts=facts, day=day, company=company.id, kind=kind,
            lock_column=column, now=fields.Datetime.now(),
            more=SQL("").join(SQL(", %s = final.%s", SQL.identifier(name), SQL.identifier(name)) for name in more),
            new=SQL("TRUE") if partner_ids is None else SQL("m.partner_id = ANY(%s)", partner_ids),
            to_flush=self.env["res.partner"]._fields["complete_name"],
        ))

    @api.model
    def _abc_sql(self, company, day):
        """SELECT of ``id``, ``class`` and ``facts``. A class is left only when the share is the margin beyond its
        limit: so nobody flips over a krone."""
        company = company.sudo()
        limits = {
            "a": company.insight_abc_a / 100, "b": company.insight_abc_b / 100,
            "margin": company.insight_abc_hysteresis / 100,
            "known_since": day - relativedelta(months=company.insight_new_months),
        }
        return SQL(
            """
            SELECT id, CASE WHEN value <= 0 THEN 'none'
                            WHEN first_purchase > %(known_since)s THEN 'new'
                            WHEN before < %(a)s + CASE old WHEN 'a' THEN %(margin)s WHEN 'b' THEN -%(margin)s
                                                           WHEN 'c' THEN -%(margin)s ELSE 0 END THEN 'a'
                            WHEN before < %(b)s + CASE old WHEN 'a' THEN %(margin)s WHEN 'b' THEN %(margin)s
                                                           WHEN 'c' THEN -%(margin)s ELSE 0 END THEN 'b'
                            ELSE 'c' END AS class,
                   jsonb_build_object('basis', %(basis)s, 'value', value, 'share', round(share, 4),
                                      'cumulative', round(before + share, 4), 'first', first_purchase) AS facts
              FROM (SELECT id, abc_class AS old, first_purchase, value, greatest(value, 0) / total AS share,
                           (sum(greatest(value, 0)) OVER (ORDER BY value DESC, partner_id) - greatest(value, 0))
                               / total AS before
                      FROM (SELECT id, partner_id, abc_class, first_purchase, coalesce(%(value)s, 0) AS value,
                                   coalesce(nullif(sum(greatest(%(value)s, 0)) OVER (), 0), 1) AS total
                              FROM kundekartotek_customer_metrics WHERE company_id = %(company)s) m) ranked""",
            company=company.id, basis=company.insight_abc_basis,
            value=SQL.identifier(f"{company.insight_abc_basis}_12m"),
            **{name: SQL("%s::numeric", limit) if isinstance(limit, float) else limit
               for name, limit in limits.items()})

    @api.model
    def _rfm_sql(self, company, day):
        """SELECT of ``id``, the quintiles, ``class`` and ``facts``: of every customer that ever bought. Ties have
        the same quintile, the lower one."""
        def quintile(order):
            rank = SQL("(rank() OVER (ORDER BY %s) - 1)", order)
            return SQL(
                "CASE WHEN n >= %(small)s THEN 1 + floor(5.0 * %(rank)s / n)"
                " WHEN n > 1 THEN least(5, 1 + floor(5.0 * %(rank)s / (n - 1))) ELSE 3 END::int",
                small=SMALL, rank=rank)

        return SQL(
            """
            SELECT id, r AS rfm_recency, f AS rfm_frequency, m AS rfm_monetary,
                   CASE WHEN first_purchase IS NULL THEN NULL
                        WHEN first_purchase > %(known_since)s THEN 'new'
                        WHEN r >= 4 AND f >= 4 AND m >= 4 THEN 'champion'
                        WHEN r >= 3 AND (f >= 4 OR m >= 4) THEN 'loyal'
                        WHEN r >= 4 THEN 'promising'
                        WHEN r = 3 THEN 'attention'
                        WHEN f >= 4 OR m >= 4 THEN 'at_risk'
                        WHEN r = 2 THEN 'hibernating'
                        ELSE 'lost' END AS class,
                   CASE WHEN first_purchase IS NOT NULL THEN jsonb_build_object(
                        'last', last_purchase, 'count', invoice_count_36m, 'amount', revenue_36m,
                        'r', r, 'f', f, 'm', m) END AS facts
              FROM (SELECT id, first_purchase, last_purchase, invoice_count_36m, revenue_36m,
                           %(r)s AS r, %(f)s AS f, %(m)s AS m
                      FROM (SELECT *, count(*) OVER () AS n FROM kundekartotek_customer_metrics
                             WHERE company_id = %(company)s AND first_purchase IS NOT NULL) buyer
                    UNION ALL
                    SELECT id, NULL, NULL, 0, 0, NULL, NULL, NULL FROM kundekartotek_customer_metrics
                     WHERE company_id = %(company)s AND first_purchase IS NULL) scored""",
            company=company.id, known_since=day - relativedelta(months=company.sudo().insight_new_months),
            r=quintile(SQL("last_purchase")), f=quintile(SQL("invoice_count_36m")), m=quintile(SQL("revenue_36m")))

    @api.model
    def _payment_sql(self, company):
        """SELECT of ``id``, ``payment_rule_id``, ``class`` and ``facts``: the first rule that fits, else normal."""
        cases = [
            SQL("WHEN id IN %s THEN %s", query.subselect(), rule.id)
            for rule, query in self.env["kundekartotek.payment.rule"]._find_queries(company)]
        return SQL(
            """
            SELECT ruled.id, rule.id AS payment_rule_id, coalesce(rule.payment_class, 'normal') AS class,
                   jsonb_build_object('late', ruled.late_count, 'claims', ruled.claim_count,
                                      'days', round(ruled.days_late_weighted), 'rule', rule.name) AS facts
              FROM (SELECT id, late_count, claim_count, days_late_weighted, %(rule)s AS rule_id
                      FROM kundekartotek_customer_metrics WHERE company_id = %(company)s) ruled
              LEFT JOIN kundekartotek_payment_rule rule ON rule.id = ruled.rule_id""",
            company=company.id, rule=SQL("CASE %s END", SQL(" ").join(cases)) if cases else SQL("NULL::int"))
