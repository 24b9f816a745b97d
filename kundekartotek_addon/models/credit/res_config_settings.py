# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    credit_control = fields.Boolean(related="company_id.credit_control", readonly=False)
    credit_count_drafts = fields.Boolean(related="company_id.credit_count_drafts", readonly=False)
    credit_zero_limit = fields.Selection(related="company_id.credit_zero_limit", readonly=False)
    credit_review_months = fields.Integer(related="company_id.credit_review_months", readonly=False)

    def action_credit_limits_from_category(self):
        """Have the job give customers without a limit that of their category."""
        self.check_access("write")
        self.env.ref("kundekartotek_addon.credit_category_limit_cron").sudo()._trigger()
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {"type": "info", "message": self.env._("The limits are being set, a moment's work.")}}
