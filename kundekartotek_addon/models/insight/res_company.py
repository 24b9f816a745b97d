# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class ResCompany(models.Model):
    """How customers are classed."""

    _inherit = "res.company"

    insight_abc_basis = fields.Selection(
        [("revenue", "Revenue"), ("margin", "Margin")], string="ABC by", default="revenue", required=True)
    insight_abc_a = fields.Float(
        string="A up to, %", default=80, help="Customers that together bring this share of the last 12 months.")
    insight_abc_b = fields.Float(string="B up to, %", default=95)
    insight_abc_hysteresis = fields.Float(
        string="Margin of ABC, Points", default=2,
        help="A customer keeps its class until it is this many percentage points beyond the limit.")
    insight_new_months = fields.Integer(
        string="New for, Months", default=3,
        help="How long after its first invoice a customer is new, and not classed by its sales.")
    insight_write_trust = fields.Boolean(
        string="Write Degree of Trust",
        help="Let the payment class set Odoo's degree of trust: risk is bad debtor, cash and good are good debtor, "
        "the others normal. About natural persons it is only proposed.")
    insight_responsible_id = fields.Many2one(
        "res.users", string="Responsible for Classes", domain="[('share', '=', False)]",
        help="Gets the weekly changes of customers without a salesperson.")

    _insight_limits = models.Constraint(
        "CHECK (insight_abc_a > 0 AND insight_abc_b > insight_abc_a AND insight_abc_b <= 100"
        " AND insight_abc_hysteresis >= 0 AND insight_abc_hysteresis < insight_abc_b - insight_abc_a"
        " AND insight_new_months >= 0)",
        "The limits must grow: 0 < A < B <= 100, and the margin must be smaller than the distance between them.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "insight_abc_basis", "insight_abc_a", "insight_abc_b", "insight_abc_hysteresis", "insight_new_months",
            "insight_write_trust", "insight_responsible_id"]
