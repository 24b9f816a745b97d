# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    agreement_reminder_days = fields.Integer(related="company_id.agreement_reminder_days", readonly=False)
