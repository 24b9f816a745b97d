# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.fields import Domain

OUR_MODULE = "kundekartotek_addon"


class IrRule(models.Model):
    """Our wizards, with the archives, previews and customers in them, are for who opened them. Odoo's own
    access to a wizard is that of its model: whoever may use it may read everybody's."""

    _inherit = "ir.rule"

    @api.model
    def _compute_domain(self, model_name, mode="read"):
        domain = super()._compute_domain(model_name, mode)
        model = self.env[model_name]
        if model._transient and model._original_module == OUR_MODULE and not self.env.su:
            domain &= Domain("create_uid", "=", self.env.uid)
        return domain
