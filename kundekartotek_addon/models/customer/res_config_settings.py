# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    agreement_reminder_days = fields.Integer(related="company_id.agreement_reminder_days", readonly=False)
    customer_number_scheme_id = fields.Many2one(
        related="company_id.customer_number_scheme_id", readonly=False)
    customer_number_scheme_business_id = fields.Many2one(
        related="company_id.customer_number_scheme_business_id", readonly=False)
    customer_number_scheme_consumer_id = fields.Many2one(
        related="company_id.customer_number_scheme_consumer_id", readonly=False)
    customer_number_scheme_public_id = fields.Many2one(
        related="company_id.customer_number_scheme_public_id", readonly=False)
