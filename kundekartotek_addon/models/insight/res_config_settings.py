# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    insight_abc_basis = fields.Selection(related="company_id.insight_abc_basis", readonly=False, required=True)
    insight_abc_a = fields.Float(related="company_id.insight_abc_a", readonly=False)
    insight_abc_b = fields.Float(related="company_id.insight_abc_b", readonly=False)
    insight_abc_hysteresis = fields.Float(related="company_id.insight_abc_hysteresis", readonly=False)
    insight_new_months = fields.Integer(related="company_id.insight_new_months", readonly=False)
    insight_write_trust = fields.Boolean(related="company_id.insight_write_trust", readonly=False)
    insight_responsible_id = fields.Many2one(related="company_id.insight_responsible_id", readonly=False)
