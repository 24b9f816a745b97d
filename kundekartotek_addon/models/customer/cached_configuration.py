# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class CachedConfiguration(models.AbstractModel):
    """Configuration that cached methods read: whatever changes in it, every worker forgets what it knew."""

    _name = "kundekartotek.cached.configuration"
    _description = "Configuration that is Cached"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
