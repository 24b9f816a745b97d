# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

NUMBER_SCHEME_DOMAIN = "[('company_id', 'in', [False, id])]"


class ResCompany(models.Model):
    _inherit = "res.company"

    agreement_reminder_days = fields.Integer(
        string="Agreement Reminder",
        default=30,
        help="Days before a discount agreement ends that the responsible gets a task.",
    )

    _agreement_reminder_days_positive = models.Constraint(
        "CHECK (agreement_reminder_days >= 0)", "The days before an agreement ends cannot be fewer than 0."
    )

    customer_number_scheme_id = fields.Many2one(
        "kundekartotek.number.scheme", domain=NUMBER_SCHEME_DOMAIN,
        help="How new customers are numbered, where neither their category nor their type says otherwise. "
             "Empty: customers get no number, and any reference may be typed.",
    )
    customer_number_scheme_business_id = fields.Many2one(
        "kundekartotek.number.scheme", string="Number Scheme for Businesses", domain=NUMBER_SCHEME_DOMAIN)
    customer_number_scheme_consumer_id = fields.Many2one(
        "kundekartotek.number.scheme", string="Number Scheme for Consumers", domain=NUMBER_SCHEME_DOMAIN)
    customer_number_scheme_public_id = fields.Many2one(
        "kundekartotek.number.scheme", string="Number Scheme for the Public Sector",
        domain=NUMBER_SCHEME_DOMAIN)

    @api.model
    def _choose_first_number_scheme(self):
        """Number from the beginning where there is no customer yet: nobody's habits change. In a file in use,
        numbers begin when an administrator chooses a scheme."""
        partners = self.env["res.partner"].with_context(active_test=False)
        if not partners.search_count([("customer_rank", ">", 0)], limit=1):
            scheme = self.env.ref("kundekartotek_addon.number_scheme_sequential")
            self.search([]).customer_number_scheme_id = scheme
