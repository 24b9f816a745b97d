# SPDX-License-Identifier: LGPL-3.0-or-later
import json

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...tools.brreg import ClientFault, Refused, Unavailable
from .address_check import URL_KEY as ADDRESS_URL_KEY
from .postal_import import ERROR_KEY, IMPORTED_KEY
from .postal_import import URL_KEY as POSTAL_URL_KEY


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    postal_url = fields.Char(string="Postal Codes' Address", config_parameter=POSTAL_URL_KEY)
    address_url = fields.Char(string="Address Search's Address", config_parameter=ADDRESS_URL_KEY)
    postal_imported = fields.Datetime(string="Postal Codes Fetched", compute="_compute_postal_state")
    postal_error = fields.Char(compute="_compute_postal_state")
    postal_count = fields.Integer(string="Postal Codes in Use", compute="_compute_postal_state")

    @api.depends_context("uid", "lang")
    def _compute_postal_state(self):
        """sudo: the notes of the job, for whoever may open the settings."""
        parameters = self.env["ir.config_parameter"].sudo()
        postal_codes = self.env["kundekartotek.postal.code"]
        for settings in self:
            settings.postal_imported = parameters.get_param(IMPORTED_KEY) or False
            failure = parameters.get_param(ERROR_KEY)
            settings.postal_error = failure and postal_codes._explain(*json.loads(failure))
            settings.postal_count = postal_codes.search_count([("retired", "=", False)])

    def action_fetch_postal_codes(self):
        """Fetch the register of postal codes now, from the address that is saved."""
        self._check_may_set_up()
        postal_codes = self.env["kundekartotek.postal.code"]
        postal_codes._check_outside_is_allowed(POSTAL_URL_KEY)
        return postal_codes._notify_of_import(postal_codes._import_rows(postal_codes._fetch()))

    def action_test_address_search(self):
        self._check_may_set_up()
        self.env["kundekartotek.postal.code"]._check_outside_is_allowed(ADDRESS_URL_KEY)
        outcome = self.env["kundekartotek.address.check"]._get_client().ping()
        reached = not isinstance(outcome, Unavailable | ClientFault | Refused)
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "type": "success" if reached else "danger",
            "message": self.env._("Kartverket answers.") if reached
            else self.env._("Kartverket does not answer at this address."),
        }}

    def _check_may_set_up(self):
        if not self.env.user._is_system():
            raise AccessError(self.env._("Only who may open the settings does this."))
