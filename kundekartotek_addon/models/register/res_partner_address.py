# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import kartverket
from ...tools.brreg import Unavailable
from ...tools.region import DOMESTIC_COUNTRIES
from .address_check import ADDRESS, URL_KEY


class ResPartner(models.Model):
    """Whether the address exists, as far as Kartverket's address search knows."""

    _inherit = "res.partner"

    address_check = fields.Selection(
        [("matched", "Found"), ("near", "Another spelling"), ("unknown", "Not found"),
         ("no_street", "Post box or no house number")],
        compute="_compute_address_check", search="_search_address_check",
        groups="kundekartotek_addon.group_reader")
    address_checked = fields.Datetime(
        compute="_compute_address_check", groups="kundekartotek_addon.group_reader")
    address_offered = fields.Char(
        string="Did You Mean", compute="_compute_address_check", groups="kundekartotek_addon.group_reader",
        help="The likeliest address that exists.")

    @api.depends("street", "zip", "city")
    def _compute_address_check(self):
        rows = {row.partner_id: row for row in self._get_address_checks()}
        for partner in self:
            row = rows.get(partner._origin)
            current = row and row.address == "|".join((partner.street or "", partner.zip or "", partner.city or ""))
            partner.address_check = row.status if current else False
            partner.address_checked = row.checked if current else False
            partner.address_offered = (
                f"{row.street}, {row.postal_code} {row.town}" if current and row.status == "near" else False)

    def _get_address_checks(self):
        return self.env["kundekartotek.address.check"].search_fetch([("partner_id", "in", self._origin.ids)])

    def _search_address_check(self, operator, value):
        self._check_field_access(self._fields["address_check"], "read")  # the ORM checks that of columns only
        if operator != "in":
            return NotImplemented
        self.env["kundekartotek.address.check"].flush_model()
        self.flush_model(["street", "zip", "city"])
        checked = SQL(
            """(SELECT p.id FROM res_partner p JOIN kundekartotek_address_check k ON k.partner_id = p.id
                 WHERE k.address = %s AND k.status = ANY(%s))""",
            SQL(ADDRESS), [status for status in self._fields["address_check"].get_values(self.env)
                           if (status in value) != (False in value)])
        domain = Domain("id", "in", checked)
        return ~domain if False in value else domain

    def action_check_address(self):
        """Check one address at once, several in the background."""
        self._check_may_check_addresses()
        self.env["kundekartotek.postal.code"]._check_outside_is_allowed(URL_KEY)
        domestic = self.filtered(lambda partner: (partner.country_id.code or "NO") in DOMESTIC_COUNTRIES)
        if not domestic.filtered("street"):
            return self._notify_of_addresses(
                self.env._("There is no Norwegian street address to check."), "warning")
        if len(self) > 1:
            count = self.env["kundekartotek.address.check"]._enqueue(self)
            return self._notify_of_addresses(self.env._(
                "%(count)s addresses are being checked. Filter the list by “Address Check” to see what came of it.",
                count=count))
        outcome = self.env["kundekartotek.address.check"]._check_now(self)
        if isinstance(outcome, Unavailable):
            self.env["kundekartotek.address.check"]._enqueue(self)
            return self._notify_of_addresses(self.env._(
                "Kartverket cannot be reached just now. The address is checked later by itself."), "warning")
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_accept_address(self):
        """Take over the address that was offered. What stood beside the street's name, such as a floor or a c/o,
        moves to the second line."""
        self._check_may_check_addresses()
        self.check_access("write")
        for partner in self.filtered(lambda partner: partner.address_check == "near"):
            row = partner._get_address_checks()
            beside = kartverket.beside_street(partner.street)
            partner.write({
                "street": row.street, "zip": row.postal_code, "city": row.town,
                "street2": ", ".join(filter(None, (beside, partner.street2))) or False,
            })
            # sudo: what was offered exists; nothing else may be written by hand
            row.sudo().write({"status": "matched", "address": "|".join((row.street, row.postal_code, row.town))})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _check_may_check_addresses(self):
        if not self.env.user.has_group("kundekartotek_addon.group_case_worker"):
            raise AccessError(self.env._("Only case workers may check addresses."))
        self.check_access("read")

    @api.model
    def _notify_of_addresses(self, message, kind="info"):
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "message": message, "type": kind, "next": {"type": "ir.actions.client", "tag": "soft_reload"}}}
