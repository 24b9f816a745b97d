# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class ResPartner(models.Model):
    """Whether a customer is on hold. Everybody who may see the customer sees that, and why; no amounts."""

    _inherit = "res.partner"

    customer_on_hold = fields.Boolean(
        string="On Hold", compute="_compute_customer_on_hold", compute_sudo=True
    )
    customer_hold_reason = fields.Text(
        string="Why on Hold",
        compute="_compute_customer_on_hold",
        compute_sudo=True,
        help="One reason a line. Empty for a customer that is not on hold.",
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company", "lang")
    def _compute_customer_on_hold(self):
        for partner in self:
            reasons = partner.commercial_partner_id._customer_hold_reasons()
            partner.customer_on_hold = bool(reasons)
            partner.customer_hold_reason = "\n".join(reasons)

    def _customer_hold_reasons(self):
        """Why this commercial partner is on hold in the current company: extended by every room that can
        put a customer on hold. Computed live, as superuser; must not tell amounts.

        :return: list of texts for the user, empty when the customer is not on hold
        """
        self.ensure_one()
        return []
