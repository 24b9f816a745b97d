# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    statement_monthly = fields.Boolean(related="company_id.statement_monthly", readonly=False)
    statement_day = fields.Integer(related="company_id.statement_day", readonly=False)
    statement_kind = fields.Selection(related="company_id.statement_kind", readonly=False, required=True)
    statement_overdue_only = fields.Boolean(related="company_id.statement_overdue_only", readonly=False)
    statement_user_id = fields.Many2one(related="company_id.statement_user_id", readonly=False)
