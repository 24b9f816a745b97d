# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class CreditAuthority(models.Model):
    """Up to what amount the members of a user group approve limits and release orders alone."""

    _name = "kundekartotek.credit.authority"
    _description = "Credit Authority"
    _inherit = ["kundekartotek.audit.mixin"]
    _order = "amount, id"
    _rec_name = "group_id"

    group_id = fields.Many2one("res.groups", string="User Group", required=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", help="Empty: every company.")
    amount = fields.Float(required=True, help="In company currency. Above it, a second credit manager approves.")

    _amount_positive = models.Constraint("CHECK (amount >= 0)", "An authority cannot be negative.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["group_id", "company_id", "amount"]

    @api.model
    def _audited_amounts(self):
        return super()._audited_amounts() + ["amount"]

    @api.model
    def _amount_of(self, user, company):
        """What a user approves alone in a company: the largest amount of the user's groups. sudo: who
        approves need not see the table."""
        lines = self.sudo().search(
            [("group_id", "in", user.sudo().all_group_ids.ids), ("company_id", "in", [False, company.id])]
        )
        return max(lines.mapped("amount"), default=0.0)
