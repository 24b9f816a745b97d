# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

ZERO_LIMITS = [("unlimited", "Unlimited"), ("category", "As their category says")]


class ResCompany(models.Model):
    """Credit control is switched on company by company: installing the addon stops nobody. A branch follows
    the company that it belongs to."""

    _inherit = "res.company"

    credit_control = fields.Boolean(
        help="Orders and invoices are tested against the credit policy, and limits change by request."
    )
    credit_count_drafts = fields.Boolean(
        string="Draft Invoices Count",
        help="Draft invoices without an order count in a customer's exposure. Those of orders always do.",
    )
    credit_zero_limit = fields.Selection(
        ZERO_LIMITS,
        string="Customers without a Limit",
        default="unlimited",
        required=True,
        help="What a limit of 0 means for a customer for whom nobody has decided: Odoo's meaning, unlimited, or "
        "the mode and limit of its category.",
    )
    credit_review_months = fields.Integer(
        string="Review a Limit after, Months",
        default=12,
        help="When an approved limit is to be looked at again. 0: never.",
    )

    _credit_review_months_positive = models.Constraint(
        "CHECK (credit_review_months >= 0)", "The months before a review cannot be fewer than 0."
    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "credit_control", "credit_count_drafts", "credit_zero_limit", "credit_review_months",
        ]

    def _has_credit_control(self):
        """Whether documents of this company, or of the one whose branch it is, are tested. sudo: a
        salesperson of a branch may not see the company above it."""
        self.ensure_one()
        return self.sudo().root_id.credit_control

    @api.model
    def _cron_credit_limits_from_category(self):
        """Give the limit of their category to customers without one for whom nobody has decided, in the companies
        that asked for it."""
        for company in self.search([("credit_control", "=", True), ("credit_zero_limit", "=", "category")]):
            partners = self.env["res.partner"].with_company(company)
            for category in self.env["kundekartotek.category"].search([]):
                mode, limit = category._credit_terms(company.id, category.id)
                if mode != "limited" or not limit:
                    continue
                domain = [
                    ("is_customer", "=", True), ("customer_category_id", "=", category.id),
                    ("credit_limit", "=", 0), ("credit_own_mode", "=", False)]
                while customers := partners.search(domain, limit=500):
                    customers.credit_limit = limit
                    if not self.env["ir.cron"]._commit_progress(len(customers)):
                        return
