# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class AccountAccount(models.Model):
    """Which accounts are receivable is asked with every figure of a customer, and hardly ever changes."""

    _inherit = "account.account"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        if "account_type" in vals:
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
