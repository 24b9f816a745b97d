# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.aging import DEFAULT_LIMITS, parse_limits


class ResCompany(models.Model):
    _inherit = "res.company"

    aging_limits = fields.Char(
        string="Aging Buckets", default=DEFAULT_LIMITS, required=True,
        help="The last day overdue of each bucket, but for the last one, which has no end: 30, 60, 90 makes "
             "1–30, 31–60, 61–90 and 91–. Up to five limits, six buckets.",
    )

    @api.constrains("aging_limits")
    def _check_aging_limits(self):
        for company in self:
            try:
                parse_limits(company.aging_limits)
            except ValueError as error:
                raise ValidationError(self.env._(
                    "The aging buckets must be one to five whole numbers of days, each larger than the one before, "
                    "such as 30, 60, 90.")) from error

    def _aging_limits(self):
        """The limits as numbers. sudo: whoever may see the figures sees them by the company's settings."""
        return parse_limits(self.sudo().aging_limits or DEFAULT_LIMITS)
