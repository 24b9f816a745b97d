# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    audit_change_years = fields.Integer(related="company_id.audit_change_years", readonly=False)
    audit_look_months = fields.Integer(related="company_id.audit_look_months", readonly=False)
    audit_seal_email = fields.Char(related="company_id.audit_seal_email", readonly=False)
    audit_cards_per_hour = fields.Integer(related="company_id.audit_cards_per_hour", readonly=False)
    audit_export_share = fields.Integer(related="company_id.audit_export_share", readonly=False)
    audit_night_from = fields.Integer(related="company_id.audit_night_from", readonly=False)
    audit_night_to = fields.Integer(related="company_id.audit_night_to", readonly=False)
