# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.exceptions import ValidationError

from ...tools import orgnr


class ResPartner(models.Model):
    """The organisation number of a Norwegian partner: one spelling, and a right check digit."""

    _inherit = "res.partner"

    # -- labels --------------------------------------------------------------------------------------------

    def _get_company_registry_labels(self):
        return super()._get_company_registry_labels() | dict.fromkeys(orgnr.NORWEGIAN_COUNTRIES, "Org.nr.")

    @api.depends("country_id")
    def _compute_partner_company_registry_placeholder(self):
        super()._compute_partner_company_registry_placeholder()
        for partner in self.filtered(lambda partner: partner.country_code in orgnr.NORWEGIAN_COUNTRIES):
            partner.partner_company_registry_placeholder = "123 456 785"

    # -- one spelling --------------------------------------------------------------------------------------

    def _commercial_fields(self):
        return super()._commercial_fields() + [orgnr.MIRROR]

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._complete_organisation_number(vals) for vals in vals_list])

    def write(self, vals):
        for completed, partners in self._group_by_completed_vals(vals):
            super(ResPartner, partners).write(completed)
        return True

    def copy_data(self, default=None):
        """A copy of a customer is another customer: the number stays behind."""
        vals_list = super().copy_data(default)
        for partner, vals in zip(self, vals_list, strict=True):
            if partner.is_customer and partner._get_organisation_number():
                for field in orgnr.FIELDS:
                    if field not in (default or {}):
                        vals.pop(field, None)
        return vals_list

    def _group_by_completed_vals(self, vals):
        """:return: a list of (values completed with the organisation number, partners to write them on)"""
        if vals.keys().isdisjoint({*orgnr.FIELDS, "country_id"}):
            return [(vals, self)]
        groups = {}
        for partner in self:
            completed = partner._complete_organisation_number(vals)
            key = tuple(completed.get(field) for field in orgnr.FIELDS)
            groups.setdefault(key, (completed, self.browse()))
            groups[key] = (completed, groups[key][1] + partner)
        return list(groups.values())

    def _complete_organisation_number(self, vals):
        """``vals`` to create a partner with (``self`` is empty) or to write on the partner ``self``, with
        the Norwegian numbers in them spelled and placed as they are stored.

        :raise ValidationError: for a number that cannot be right, unless the context says
            ``no_vat_validation``, as for core's own check
        """
        typed = {field: vals[field] and str(vals[field]) for field in orgnr.FIELDS if field in vals}
        if not typed and not (self and "country_id" in vals):
            return vals
        commercial = self._get_commercial_partner_of_contact(vals)
        if commercial and typed == {field: commercial[field] for field in typed}:
            return vals  # a copy, which may be old data
        current = {field: self[field] for field in orgnr.FIELDS}
        code_before, code = self._get_register_country().code, self._get_register_country(vals).code
        if code and code not in orgnr.NORWEGIAN_COUNTRIES and current[orgnr.MIRROR]:
            return {orgnr.MIRROR: False, **vals}  # or Peppol would still look it up in Norway
        if self and code in orgnr.NORWEGIAN_COUNTRIES and code_before not in orgnr.NORWEGIAN_COUNTRIES:
            typed = {field: text for field, text in current.items() if text} | typed
        if not typed or not orgnr.is_norwegian(code, current | typed):
            return vals
        try:
            return {**vals, **orgnr.complete(typed, current, is_branch=vals.get("is_branch", self.is_branch))}
        except orgnr.OrganisationNumberError as error:
            if self.env.context.get("no_vat_validation"):
                return vals
            raise ValidationError(
                self._get_organisation_number_message(error, vals.get("name") or self.display_name)
            ) from error

    def _get_register_country(self, vals=None):
        """:return: the country whose rules the number follows: that of the commercial partner, which
        ``vals`` may be about to change"""
        vals = vals or {}
        if commercial := self._get_commercial_partner_of_contact(vals):
            return commercial.country_id
        if "country_id" in vals:
            return self.env["res.country"].browse(vals["country_id"])
        if not self and vals:
            return self.env["res.country"].browse(self.default_get(["country_id"]).get("country_id"))
        return self.country_id

    def _get_commercial_partner_of_contact(self, vals):
        """:return: the commercial partner, if ``self`` is or with ``vals`` becomes a contact of one"""
        parent = self.browse(vals["parent_id"]) if "parent_id" in vals else self.parent_id
        is_company = vals.get("is_company", self.is_company)
        return self.browse() if is_company else parent.commercial_partner_id

    @api.model
    def _get_organisation_number_message(self, error, name):
        """:return: the text that tells a person what is wrong with the number and what to do"""
        texts = {"number": error.args[0], "partner": name or self.env._("the new contact")}
        match error:
            case orgnr.BadCheckDigit():
                return self.env._(
                    "%(number)s, the organisation number of %(partner)s, is mistyped: its check digit does "
                    "not fit the other digits. Compare it with the letterhead or the register (brreg.no).",
                    **texts,
                )
            case orgnr.WrongLength():
                return self.env._(
                    "%(number)s, given for %(partner)s, does not have nine digits as a Norwegian "
                    "organisation number has. Complete it, or leave the field empty if there is none.",
                    **texts,
                )
            case orgnr.DifferentNumbers():
                return self.env._(
                    "The numbers %(number)s and %(other)s of %(partner)s belong to different units. Correct "
                    "one, or mark the customer as a separate branch if it has its owner's VAT number.",
                    other=error.args[1],
                    **texts,
                )
            case _:
                return self.env._(
                    "%(number)s, given for %(partner)s, is not a Norwegian organisation number (nine digits, "
                    "with NO and MVA if you like). Correct it, or the country if the customer is foreign.",
                    **texts,
                )

    def _run_vat_checks(self, country, vat, partner_name="", validation="error"):
        """Let every way that asks core about a VAT number (portal, web shop, import of documents, the form)
        accept each spelling of a Norwegian one, and give our reason for refusing it."""
        if country and country.code in orgnr.NORWEGIAN_COUNTRIES and vat and len(vat) > 1:
            try:
                vat = orgnr.parse(vat).vat
            except orgnr.OrganisationNumberError as error:
                if validation == "error" and not self.env.context.get("no_vat_validation"):
                    raise ValidationError(
                        self._get_organisation_number_message(error, partner_name)
                    ) from error
        return super()._run_vat_checks(country, vat, partner_name, validation)

    def _check_vat(self, validation="error"):
        """The number of a contact is its company's, and was checked there, if at all."""
        copies = self.filtered(
            lambda partner: (
                partner.parent_id
                and partner.vat == partner.commercial_partner_id.vat
                and partner != partner.commercial_partner_id
            )
        )
        return super(ResPartner, self - copies)._check_vat(validation)

    def _compute_partner_vat_placeholder(self):
        super()._compute_partner_vat_placeholder()
        for partner in self:
            if partner.country_code in orgnr.NORWEGIAN_COUNTRIES:
                partner.partner_vat_placeholder = self.env._("NO999999999MVA, if registered for VAT")

    @api.onchange("company_registry")
    def _onchange_company_registry(self):
        return self._complete_typed(orgnr.REGISTRY)

    @api.onchange("l10n_no_bronnoysund_number")
    def _onchange_l10n_no_bronnoysund_number(self):
        return self._complete_typed(orgnr.MIRROR)

    @api.onchange("vat")
    def _onchange_vat_number(self):
        return self._complete_typed(orgnr.VAT)

    @api.onchange("country_id")
    def _onchange_country_of_number(self):
        return self._complete_typed(*orgnr.FIELDS)

    def _complete_typed(self, *names):
        """Show what will be stored while the number is typed, and say what is wrong with it."""
        current = {field: self[field] for field in orgnr.FIELDS}
        typed = {field: current[field] for field in names if current[field]}
        if not typed or not orgnr.is_norwegian(self._get_register_country().code, current):
            return None
        try:
            self.update(orgnr.complete(typed, current, is_branch=self.is_branch))
        except orgnr.OrganisationNumberError as error:
            message = self._get_organisation_number_message(error, self.name)
            return {
                "warning": {
                    "title": self.env._("Organisation number"),
                    "message": message,
                    "type": "notification",
                }
            }
        return None

    def _get_organisation_number(self):
        """:return: this partner's valid number, nine digits, from any of the fields; None for a foreigner"""
        country_code = self._get_register_country().code
        if country_code and country_code not in orgnr.NORWEGIAN_COUNTRIES:
            return None
        return orgnr.number_of({field: self[field] for field in orgnr.FIELDS})
