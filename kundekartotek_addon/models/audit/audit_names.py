# SPDX-License-Identifier: LGPL-3.0-or-later
"""Names that tell more than a name: with the address or the e-mail in them they are looks too."""

from functools import partial

from odoo import api, models
from odoo.http import request

from .audit_looks import note_look, remote_call

KEY = "kundekartotek_names"
TELLING = ("show_address", "show_email")  # what a client's context lets core put into the name
DROPDOWN = 10  # rows that a person is offered while typing: recorded, but no sign of unusual reading


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _compute_display_name(self):
        super()._compute_display_name()
        if any(self.env.context.get(key) for key in TELLING):
            self._note_names()

    @api.readonly
    @api.model
    def get_mention_suggestions(self, search, limit=8):
        """Core gives e-mail addresses with the names."""
        result = super().get_mention_suggestions(search, limit=limit)
        found = self.browse(partner["id"] for partner in result.get("res.partner", ()))
        found.filtered("partner_share")._note_names()
        return result

    def _note_names(self):
        """Note whose names a client got, as one look: core computes them one by one. With sudo at times, but it is
        the client's look all the same."""
        call = remote_call() if self._origin else None
        if not call:
            return
        callbacks = self.env.cr.precommit
        gathered = (request.__dict__ if request else callbacks.data).setdefault(KEY, {})
        if call not in gathered:
            gathered[call] = {"method": call[1], "ids": []}
            note = partial(note_look, self.sudo(False), "seen", text=call[0], details=gathered[call])
            note() if request else callbacks.add(note)
        details = gathered[call]
        details["ids"] += [id_ for id_ in self._origin.ids if id_ not in details["ids"]]
        if len(details["ids"]) > DROPDOWN:
            details["rows"] = len(details["ids"])
