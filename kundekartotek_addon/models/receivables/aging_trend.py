# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.aging import BUCKETS, bucket_labels

PARTS = ("not_due", *BUCKETS, "unallocated")


class AgingTrend(models.Model):
    """The kept month ends with a row for each age, which is how a graph stacks them."""

    _name = "kundekartotek.aging.trend"
    _description = "Age of Receivables over Time"
    _auto = False
    _order = "date, age"
    _rec_name = "date"
    _depends = {"kundekartotek.aging.snapshot": ["company_id", "date", "partner_id", *PARTS]}

    date = fields.Date(string="Month", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    customer_category_id = fields.Many2one(related="partner_id.customer_category_id")
    age = fields.Selection(selection="_selection_age", readonly=True)
    amount = fields.Monetary(currency_field="company_currency_id", readonly=True)

    @api.model
    def _selection_age(self):
        """The ages from the youngest to the oldest; the keys sort as they do."""
        labels = [self.env._("Not due"), *bucket_labels(self.env.company._aging_limits())]
        last = str(len(PARTS) - 1)
        return [*((str(number), label) for number, label in enumerate(labels)),
                (last, self.env._("Unallocated credits"))]

    @property
    def _table_query(self):
        parts = SQL(", ").join(
            SQL("(%s, snapshot.%s)", str(number), SQL.identifier(name)) for number, name in enumerate(PARTS))
        return SQL(
            """SELECT snapshot.id::bigint * %s + part.age::int AS id, snapshot.date, snapshot.company_id,
                      snapshot.partner_id, part.age, part.amount
                 FROM kundekartotek_aging_snapshot snapshot
                CROSS JOIN LATERAL (VALUES %s) AS part(age, amount)
                WHERE part.amount <> 0""", len(PARTS), parts)
