# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


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
