# SPDX-License-Identifier: LGPL-3.0-or-later
"""Text that PostgreSQL cannot keep is refused in words, before it becomes an error of the database."""

from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

LONGEST = 1000  # bytes; what an index of PostgreSQL holds is 2,704, and a contact's name stands behind its company's


class AuditMixin(models.AbstractModel):
    _inherit = "kundekartotek.audit.mixin"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_unstorable(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_unstorable(vals)
        return super().write(vals)

    @api.model
    @ormcache()
    def _indexed_texts(self):
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.type == "char" and field.store and field.index and field.index != "trigram"
        )

    @api.model
    def _refuse_unstorable(self, vals):
        """:raise ValidationError: naming the field"""
        for name, value in vals.items():
            if not isinstance(value, str):
                continue
            if "\0" in value:
                text = self.env._("%(field)s contains a character (NUL) that cannot be stored.")
            elif len(value) > LONGEST // 4 and name in self._indexed_texts() and len(value.encode()) > LONGEST:
                text = self.env._("%(field)s is too long: it has %(length)s characters, and must be below 1,000.")
            else:
                continue
            label = self._fields[name]._description_string(self.env) if name in self._fields else name
            raise ValidationError(text % {"field": label, "length": len(value)})
