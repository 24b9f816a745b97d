# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class ProductCategory(models.Model):
    """What the posting rules do, seen from the product categories."""

    _inherit = "product.category"

    customer_posting_account_id = fields.Many2one(
        "account.account",
        string="Income Account for the Customer Category",
        compute="_compute_customer_posting_account",
        help="For customers of the category in question: by posting rule, else by product category or "
        "company, as mapped by the fiscal position that the customer category gives.",
    )
    customer_posting_by_rule = fields.Boolean(
        string="By Posting Rule", compute="_compute_customer_posting_account")

    @api.depends("property_account_income_categ_id", "parent_id")
    @api.depends_context("company", "customer_category_id")
    def _compute_customer_posting_account(self):
        customer_category = self.env["kundekartotek.category"].browse(
            self.env.context.get("customer_category_id")
        )
        company = self.env.company
        position = customer_category._get_defaults(company).get(
            "property_account_position_id", self.env["account.fiscal.position"])
        for category in self:
            by_rule = self.env["kundekartotek.posting.rule"]._find_account(
                company, customer_category, category
            )
            category.customer_posting_by_rule = bool(by_rule)
            category.customer_posting_account_id = position.map_account(
                by_rule or category.property_account_income_categ_id or company.income_account_id)
