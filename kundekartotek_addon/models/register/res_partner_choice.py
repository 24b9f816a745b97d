# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import AccessError

from ...tools import brreg, orgnr

SHORTEST, LONGEST, HITS = 3, 180, 10


class ResPartner(models.Model):
    """A new customer from the register: one field takes a number or a name."""

    _inherit = "res.partner"

    register_choice = fields.Char(
        string="Find in Brønnøysund", store=False, groups="base.group_user",
        help="For typing only: an organisation number or a name. What is chosen fills the card.")
    # what kind of customer the chosen unit makes, while the form is open
    register_type = fields.Char(store=False, groups="base.group_user")

    @api.model
    @api.readonly
    def search_in_register(self, text):
        """Units of the register whose name or number is ``text``, for the field that is typed in.

        Public, because the client calls it: only for those who may create contacts, and not more often than a
        person types.

        :return: ``{"hits": [{number, name, form, place, status, label, known}], "message": why there are none}``
        """
        self.check_access("create")
        if self.env.user.share:
            raise AccessError(self.env._("Only employees look up in the register."))
        text = " ".join(text.split())[:LONGEST] if isinstance(text, str) else ""
        service = self.env["kundekartotek.register.service"]
        if not service._is_on():
            return {"hits": [], "message": self.env._("Look-ups in Brønnøysund are switched off in Settings.")}
        if len(text) < SHORTEST:
            return {"hits": [], "message": ""}
        if not service._may_look_up():
            return {"hits": [], "message": self.env._("That was many look-ups in a minute. Wait a little.")}
        outcome, units = self._look_up_text(text)
        if not units:
            message = service._explain(outcome) or self.env._("No unit in the register matches.")
            return {"hits": [], "message": message}
        return {"hits": self._describe_hits(units), "message": ""}

    @api.model
    def _look_up_text(self, text):
        """:return: (outcome, units)"""
        client = self.env["kundekartotek.register.service"]._get_client()
        if numbers := orgnr.candidates(text):
            outcome = client.unit(numbers[0])
            return outcome, [outcome.unit] if isinstance(outcome, brreg.Found | brreg.Deleted) else []
        outcome = client.search_name(text, HITS)
        return outcome, [hit.unit for hit in outcome.hits] if isinstance(outcome, brreg.Hits) else []

    @api.model
    def _describe_hits(self, units):
        statuses = dict(self.env["kundekartotek.register.entry"]._fields["status"]._description_selection(self.env))
        known = self._find_known_numbers([unit.number for unit in units])
        hits = []
        for unit in units:
            address = unit.business_address or unit.postal_address or brreg.Address()
            hits.append({
                "number": unit.number,
                "name": unit.name,
                "form": unit.legal_form,
                "place": address.city,
                "status": str(unit.status),
                "status_label": statuses[str(unit.status)],
                "known": known.get(unit.number, ""),
            })
        return hits

    @api.model
    def _find_known_numbers(self, numbers):
        """:return: ``{number: name}`` of the customers that the user may see and that have one of the numbers"""
        found = self._search_organisation_numbers(numbers, customers_only=True)
        visible = self.browse(found.ids)._filtered_access("read")
        return {partner._get_organisation_number(): partner.display_name for partner in visible}

    @api.onchange("register_choice")
    def _onchange_register_choice(self):
        """Fill the card from the unit that was chosen. Nothing is written: the form is not saved yet."""
        numbers = orgnr.candidates(self.register_choice or "")
        self.register_choice = False
        service = self.env["kundekartotek.register.service"]
        if not numbers or not service._is_on():
            return None
        self.check_access("create")
        if not service._may_look_up():
            return self._warn_of_register(self.env._("That was many look-ups in a minute. Wait a little."))
        outcome = service._fetch_one(numbers[0])
        if not isinstance(outcome, brreg.Found | brreg.Deleted):
            return self._warn_of_register(service._explain(outcome))
        self._fill_from_unit(outcome.unit)
        texts = []
        if outcome.unit.status != brreg.Status.ACTIVE:
            statuses = self.env["kundekartotek.register.entry"]._fields["status"]._description_selection(self.env)
            texts.append(self.env._(
                "%(name)s – Brønnøysund: %(status)s", name=outcome.unit.name,
                status=dict(statuses)[str(outcome.unit.status)]))
        if self.country_id.code not in orgnr.NORWEGIAN_COUNTRIES:
            texts.append(self.env._(
                "The register has only an address abroad. The customer is not monitored in Brønnøysund."))
        return self._warn_of_register("\n".join(texts)) if texts else None

    def _find_customer_type(self):
        """In an open form, what was chosen from the register is known before it is kept."""
        found = super()._find_customer_type()
        return self.register_type if self.register_type and found != "consumer" else found

    @api.model
    def _warn_of_register(self, message):
        return {"warning": {
            "title": self.env._("Brønnøysund"), "message": message, "type": "notification"}}

    def _fill_from_unit(self, unit):
        """Write what the register says on the form."""
        Entry = self.env["kundekartotek.register.entry"]
        entry = Entry.new({"number": unit.number, **Entry._prepare_unit_vals(unit)})
        vals = self._prepare_register_vals(entry)
        self.is_company = True
        self.register_type = entry.customer_type
        self.country_id = self.env.ref("base.no")  # whose register it is, before the number
        self.update({
            **vals, "company_registry": unit.number, "vat": unit.vat or (unit.number if unit.is_subunit else False)})
        self._fill_address_from_entry(entry)

    def _fill_address_from_entry(self, entry):
        """The business address on the card; a postal address that differs becomes the invoice address. A unit
        that lies abroad and has a postal address here gets that."""
        domestic = [prefix for prefix in ("", "postal_") if entry[f"{prefix}country_code"] in (
            False, "", *orgnr.NORWEGIAN_COUNTRIES) and entry[f"{prefix}city"]]
        known = [prefix for prefix in ("", "postal_") if entry[f"{prefix}city"] or entry[f"{prefix}street"]]
        prefix = (domestic or known or [None])[0]
        if prefix is None:
            return
        self.update(self._prepare_register_address(entry, prefix))
        if self.country_id.code not in orgnr.NORWEGIAN_COUNTRIES:
            self.vat = False  # core wants the number of the country that the address is in
        commands = [Command.unlink(child.id) for child in self.child_ids if child.type == "invoice"]
        if prefix == "" and entry._has_other_postal():
            commands.append(Command.create({
                "type": "invoice", **self._prepare_register_address(entry, "postal_")}))
        if commands:
            self.child_ids = commands
