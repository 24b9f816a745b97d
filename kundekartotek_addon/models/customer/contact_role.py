# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models


class KundekartotekContactRole(models.Model):
    """What a contact person of a customer is there for: receives invoices, decides, runs a project …"""

    _name = "kundekartotek.contact.role"
    _description = "Contact Role"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="How the program finds the role: invoices go to invoice, reminders to reminder.",
    )
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    active = fields.Boolean(default=True)

    _code_uniq = models.UniqueIndex("(code)", "Another contact role has this code already.")
