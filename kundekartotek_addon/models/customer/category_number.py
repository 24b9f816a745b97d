# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class KundekartotekCategory(models.Model):
    """How the customers of a category are numbered."""

    _inherit = "kundekartotek.category"

    number_scheme_id = fields.Many2one(
        "kundekartotek.number.scheme", company_dependent=True, tracking=True,
        domain=lambda self: [("company_id", "in", [False, self.env.company.id])],
        help="Goes before the scheme of the customer type and of the company. Empty: that of the nearest "
             "category above that has one.",
    )

    def _find_number_scheme(self):
        """:return: the scheme of this category or the nearest above that has one which the active company can
        use"""
        category = self
        while category and not category._is_usable("number_scheme_id"):
            category = category.parent_id
        return category.number_scheme_id
