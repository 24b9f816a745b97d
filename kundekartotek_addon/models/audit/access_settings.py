# SPDX-License-Identifier: LGPL-3.0-or-later
"""The switches of the doors: all off when the addon is installed, so that nobody is shut out by that."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    sales_own_customers = fields.Boolean(
        string="Salespeople See Their Own Customers Only",
        help="Who has the sales right 'Own Documents Only', and no role of this addon nor an accounting right, "
        "sees the customers that he is the salesperson of.",
    )
    customer_export_restricted = fields.Boolean(
        string="Export of Customers by Right Only",
        help="Customers leave the system in files by those with the right 'Export Customers' only.",
    )
    bank_four_eyes = fields.Boolean(
        string="Four Eyes on Bank Accounts",
        help="A new or changed bank account is used when a second person has approved it.",
    )
    two_factor_required = fields.Boolean(
        string="Two-factor Authentication for Sensitive Functions",
        help="Exports, archives, approvals and the audit trail are for those who sign in with two factors.",
    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "sales_own_customers",
            "customer_export_restricted",
            "bank_four_eyes",
            "two_factor_required",
        ]

    def cache_invalidation_fields(self):
        return super().cache_invalidation_fields() | {"sales_own_customers"}  # record rules depend on it

    @api.constrains("two_factor_required")
    def _check_two_factor_possible(self):
        if not self.env["res.users"]._two_factor_possible() and any(self.mapped("two_factor_required")):
            raise ValidationError(
                self.env._(
                    "Nobody can sign in with two factors here: install Odoo's module "
                    "'Two-Factor Authentication (TOTP)' first."
                )
            )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    sales_own_customers = fields.Boolean(related="company_id.sales_own_customers", readonly=False)
    customer_export_restricted = fields.Boolean(
        related="company_id.customer_export_restricted", readonly=False
    )
    bank_four_eyes = fields.Boolean(related="company_id.bank_four_eyes", readonly=False)
    two_factor_required = fields.Boolean(related="company_id.two_factor_required", readonly=False)
    two_factor_missing_ids = fields.Many2many(
        "res.users",
        string="Without Two-factor Authentication",
        compute="_compute_two_factor_missing_ids",
        help="Users of the sensitive groups who sign in with a password alone.",
    )

    @api.depends("company_id")
    def _compute_two_factor_missing_ids(self):
        for settings in self:
            settings.two_factor_missing_ids = self.env["res.users"]._without_two_factor(settings.company_id)
