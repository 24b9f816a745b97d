# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.exceptions import AccessError

from .audit_sql import protect_table


class AuditAppendOnly(models.AbstractModel):
    """Rows that the program adds in SQL, and nobody changes: neither through the ORM nor in PostgreSQL."""

    _name = "kundekartotek.audit.append.only"
    _description = "Append-only Record"
    _log_access = False

    def init(self):
        super().init()
        if not self._abstract:
            protect_table(self.env.cr, self._table)

    @api.model_create_multi
    def create(self, vals_list):
        raise AccessError(self.env._("The audit trail is written by the program, never by hand."))

    def write(self, vals):
        raise AccessError(self.env._("The audit trail cannot be changed, by anyone."))

    def unlink(self):
        raise AccessError(
            self.env._(
                "The audit trail cannot be deleted. The retention job removes events that have expired."
            )
        )
