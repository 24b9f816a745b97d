# SPDX-License-Identifier: LGPL-3.0-or-later
import re

from odoo import api, fields, models, tools

from ...tools.region import POSTAL_CODE_REGEX, REGIONS


class PostalCode(models.Model):
    """The Norwegian postal codes, as the public register has them. Rows come from the register alone; one that
    has gone out of use stays as retired, for addresses that still have it."""

    _name = "kundekartotek.postal.code"
    _description = "Postal Code"
    _order = "code"
    _rec_names_search = ["code", "town"]

    code = fields.Char(required=True, readonly=True, size=4)
    town = fields.Char(required=True, readonly=True)
    municipality_code = fields.Char(string="Municipality Number", required=True, readonly=True, size=4)
    municipality = fields.Char(required=True, readonly=True, index=True)
    region = fields.Selection(list(REGIONS), string="County", readonly=True)
    category = fields.Selection(
        [("G", "Street addresses"), ("P", "Post boxes"), ("B", "Street addresses and post boxes"),
         ("S", "Service"), ("F", "Several uses")], string="Used for", required=True, readonly=True)
    retired = fields.Boolean(readonly=True)
    retired_on = fields.Date(string="Retired since", readonly=True, help="The day the register first lacked the code.")

    _code_uniq = models.Constraint("UNIQUE(code)", "A postal code is kept once.")

    @api.depends("code", "town")
    def _compute_display_name(self):
        for postal_code in self:
            postal_code.display_name = f"{postal_code.code} {postal_code.town}"

    @api.model
    def _find(self, text):
        """What is known of the postal code in a text, however it is written ("N-0150").

        :return: (code, town, municipality number, municipality, retired), or None
        """
        found = re.match(POSTAL_CODE_REGEX, text or "")
        return found and self._get_all().get(found[1])

    @api.model
    @tools.ormcache()
    def _get_all(self):
        """All codes, five thousand of them, in one query for as long as the server lives or until they change.
        sudo: public data, and a customer's town is found by whoever registers it."""
        rows = self.sudo().search_fetch([], ["code", "town", "municipality_code", "municipality", "retired"])
        return {row.code: (row.code, row.town, row.municipality_code, row.municipality, row.retired) for row in rows}

    @api.model
    def _are_loaded(self):
        return bool(self._get_all())
