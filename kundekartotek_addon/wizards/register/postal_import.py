# SPDX-License-Identifier: LGPL-3.0-or-later
import base64

from odoo import fields, models

from ...tools import postal


class PostalImport(models.TransientModel):
    """Import of the register of postal codes from a file, for those whose server does not reach the outside."""

    _name = "kundekartotek.postal.import"
    _description = "Import Postal Codes"

    file = fields.Binary(required=True, help="The file as Bring publishes it: postnummerregister-ansi.txt.")
    filename = fields.Char()

    def action_import(self):
        self.check_access("write")
        postal_codes = self.env["kundekartotek.postal.code"]
        try:
            rows = postal.parse(base64.b64decode(self.file or b""))
        except postal.PostalFileError as error:
            rows = error
        # sudo: rows come from the register alone, and whoever may open this wizard may have them brought in
        return postal_codes._notify_of_import(postal_codes.sudo()._import_rows(rows))
