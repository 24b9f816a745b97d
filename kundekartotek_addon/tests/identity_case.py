# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..tools import orgnr
from .common import KundekartotekCase

NUMBER, OTHER = "923609016", "974760673"


class IdentityCase(KundekartotekCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls.env["res.partner"]
        cls.sweden = cls.env.ref("base.se")

    def stored(self, partner):
        return tuple(partner[field] or None for field in orgnr.FIELDS)

    def make_dirty(self, name="Gammel Kunde AS", **vals):
        """A customer as it may lie in a database from before the rules: written past them."""
        partner = self.make_customer(
            name, **{key: vals.pop(key) for key in list(vals) if key not in orgnr.FIELDS}
        )
        self.env.flush_all()
        for field, text in vals.items():
            self.env.cr.execute(
                SQL("UPDATE res_partner SET %s = %s WHERE id = %s", SQL.identifier(field), text, partner.id)
            )
        self.env.invalidate_all()
        return partner

    def assertRefused(self, *texts):
        return self.assertRaisesRegex(ValidationError, "(?s)" + ".*".join(texts))
