# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

CLASSED_BY = (
    "insight_abc_basis", "insight_abc_a", "insight_abc_b", "insight_abc_hysteresis", "insight_new_months")


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
        string="Write Degree of Trust", compute="_compute_insight_write_trust",
        inverse="_inverse_insight_write_trust", compute_sudo=True,
        help="Let the payment class set Odoo's degree of trust: risk is bad debtor, cash and good are good debtor, "
        "slow and normal are normal debtor, by automatic rules on classes. About natural persons it is only proposed.")
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
            *CLASSED_BY, "insight_responsible_id"]

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(CLASSED_BY):
            self.env["kundekartotek.customer.metrics"]._measure_soon()
        return result

    def _compute_insight_write_trust(self):
        writing = self._find_trust_rules().filtered("active").company_id
        for company in self:
            company.insight_write_trust = company in writing

    def _inverse_insight_write_trust(self):
        for company in self:
            rules = company._find_trust_rules()
            if not company.insight_write_trust:
                rules.active = False
            elif not rules:
                rules._make_trust_rules(company)
            elif not rules.filtered("active"):
                rules.active = True

    def _find_trust_rules(self):
        """sudo: who may set a company up need not be a credit manager."""
        return self.env["kundekartotek.segment.rule"].sudo().with_context(active_test=False).search(
            [("company_id", "in", self.ids), ("effect", "=", "trust"), ("automatic", "=", True)])
