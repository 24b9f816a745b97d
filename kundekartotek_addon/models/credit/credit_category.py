# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import ormcache

LIMIT_MODES = [("limited", "Limited"), ("unlimited", "Unlimited"), ("cash_only", "Cash only")]


class KundekartotekCategory(models.Model):
    """What a limit of 0 means for the customers of a category, where the company lets the category decide."""

    _inherit = "kundekartotek.category"

    credit_limit_mode = fields.Selection(
        LIMIT_MODES,
        company_dependent=True,
        tracking=True,
        help="For customers without a limit and mode of their own, where the company's settings let the "
        "category decide. Empty: as the category above; limited where a limit is given, else unlimited.",
    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["credit_limit_mode"]

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("credit_limit_mode", "credit_limit", "parent_id")):
            self.env.registry.clear_cache()
        return result

    @api.model
    @ormcache("company_id", "category_id")
    def _credit_terms(self, company_id, category_id):
        """:return: (mode, limit) that a category gives in a company. sudo: it holds whoever sells."""
        category = self.sudo().with_company(company_id).browse(category_id)
        mode, limit = "", 0.0
        for each in category._get_ancestors() if category_id else ():
            mode, limit = mode or each.credit_limit_mode or "", limit or each.credit_limit
        return mode or ("limited" if limit else "unlimited"), limit
