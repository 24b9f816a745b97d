# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class ResPartner(models.Model):
    """What a customer starts with when it is registered from our own list."""

    _inherit = "res.partner"

    @api.model
    def default_get(self, fields):
        """A new customer is in the company's country until somebody says otherwise."""
        values = super().default_get(fields)
        if "country_id" in fields and self.env.context.get("default_country_of_company"):
            values.setdefault("country_id", self.env.company.country_id.id)
        return values
