# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ...tools import orgnr
from ...tools.register_card import address_text, find_differences, industry_section

LANGUAGES = {"nb": "nb_NO", "nn": "nn_NO"}
NAMED = ("customer_type", "industry_id")  # values that have a name in each reader's language


class ResPartner(models.Model):
    """The card beside the register. Nothing of the card is changed but by a person who accepts it."""

    _inherit = "res.partner"

    register_kept = fields.Json(
        copy=False, groups="base.group_user", help="What the register said when a person chose to keep the card's.")
    register_difference_count = fields.Integer(
        compute="_compute_register_difference_count", groups="base.group_user")
    register_offer_count = fields.Integer(
        compute="_compute_register_difference_count", groups="base.group_user",
        help="What the register has and the card may take over.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["register_kept"]

    @api.depends("register_kept", "name", "street", "street2", "zip", "city", "country_id", "customer_type", "phone",
                 "email", "website", "industry_id", "child_ids", *orgnr.FIELDS)
    def _compute_register_difference_count(self):
        for partner in self:
            found = partner._find_register_differences()
            partner.register_difference_count = len([each for each in found if each.is_important])
            partner.register_offer_count = len(found)

    def _find_register_differences(self, entry=None):
        """:param entry: that of the customer's number, for whoever has it already
        :return: list of ``Difference``, empty where the register is silent or no card is to be compared"""
        self.ensure_one()
        if self.commercial_partner_id != self:
            return []
        entry = entry or self._get_register_entry()
        if entry.answer not in ("found", "deleted"):
            return []
        card = self._get_card_texts()
        return find_differences(card, self._get_register_texts(entry, card), self._label(self.register_kept or {}))

    def _label(self, vals):
        """:return: these values of a card as a reader sees them: what has a name in each language by its name"""
        def label(name, value):
            if name == "customer_type":
                return types.get(value, "")
            return self.env["res.partner.industry"].browse(value).exists().name or ""

        types = dict(self._fields["customer_type"]._description_selection(self.env))
        return {name: label(name, value) if name in NAMED else value for name, value in vals.items()}

    def _get_card_texts(self):
        return self._label({
            "name": self.name or "",
            "address": address_text(self._get_card_address()),
            "invoice_address": address_text(self._get_invoice_child()._get_card_address()),
            "vat": self.vat or "",
            "customer_type": self.customer_type,
            "industry_id": self.industry_id.id,
            "phone": self.phone or "",
            "email": self.email or "",
            "website": self.website or "",
        })

    def _get_register_texts(self, entry, card):
        """:return: what the register says, by the same keys; empty where it is silent"""
        vals = self._label(self._prepare_register_vals(entry))
        return {
            "name": vals.get("name", ""),
            "address": address_text(entry._get_address("")) if entry.street or entry.city else "",
            "invoice_address": address_text(entry._get_address("postal_")) if entry._has_other_postal() else "",
            "vat": self._get_register_vat(entry, card["vat"]),
            # a person is a consumer, with a firm of its own too, until somebody says otherwise
            "customer_type": vals.get("customer_type", "") if self.is_company else "",
            "industry_id": vals.get("industry_id", ""),
            "phone": vals.get("phone", ""),
            "email": vals.get("email", ""),
            "website": vals.get("website", ""),
        }

    def _get_register_vat(self, entry, vat):
        """The VAT number as the register has it; ``/``, core's sign of who is not liable to VAT, where the card
        says that a unit is registered that is not. A sub-unit has its owner's."""
        if entry.is_subunit or entry.answer == "deleted":
            return ""
        if entry.vat_registered:
            return f"NO{entry.number}MVA"
        return "/" if vat.endswith("MVA") else ""

    def _get_card_address(self):
        return {
            "street": self.street or "", "street2": self.street2 or "", "zip": self.zip or "", "city": self.city or "",
            "country_code": self.country_id.code or "",
        }  # fmt: skip

    def _get_invoice_child(self):
        return self.child_ids.filtered(lambda child: child.type == "invoice")[:1]

    @api.model
    def _prepare_register_vals(self, entry):
        """:return: the values of a card that an entry gives; nothing where the register is silent"""
        industry = self.env.ref(
            f"base.res_partner_industry_{industry_section(entry.industry_code or '')}", raise_if_not_found=False)
        lang = LANGUAGES.get(entry.language)
        vals = {
            "name": entry.name,
            "customer_type": entry.customer_type,
            "industry_id": industry.id if industry else False,
            "lang": lang if lang in dict(self.env["res.lang"].get_installed()) else False,
            "website": entry.homepage,
            "phone": entry.phone or entry.mobile,
            "email": entry.email,
        }
        return {name: value for name, value in vals.items() if value}

    @api.model
    def _prepare_register_address(self, entry, prefix):
        """:return: the address of an entry as values of a partner, its empty parts too"""
        parts = entry._get_address(prefix)
        country = self.env["res.country"].search([("code", "=", parts.pop("country_code") or "NO")], limit=1)
        return {**{name: value or False for name, value in parts.items()}, "country_id": country.id}

    @api.model
    def _get_difference_label(self, field):
        if field == "address":
            return self.env._("Address")
        if field == "invoice_address":
            return self.env._("Invoice Address")
        if field == "vat":
            return self.env._("VAT Number")
        if field == "website":
            return self.env._("Homepage")
        return self._fields[field]._description_string(self.env)

    # -- deciding -------------------------------------------------------------------------------------------

    def _accept_register(self, field):
        """Take over what the register says of one thing."""
        self.ensure_one()
        entry = self._get_register_entry()
        partner = self.with_context(audit_reason=self.env._("Accepted from Brønnøysund"))
        if field == "address":
            partner.write(self._prepare_register_address(entry, ""))
        elif field == "invoice_address":
            vals = self._prepare_register_address(entry, "postal_")
            child = partner._get_invoice_child()
            if child:
                child.write(vals)
            else:
                partner.write({"child_ids": [fields.Command.create({"type": "invoice", **vals})]})
        elif field == "vat":
            partner.write({"vat": self._get_register_vat(entry, self.vat or "")})
        elif field == "customer_type":
            # what is found anew is the register's, and stays open for what it says later
            partner.write({"customer_type": False})
        else:
            partner.write({field: self._prepare_register_vals(entry)[field]})

    def _keep_card(self, field):
        """Keep the card's own, until the register says something else again. What has a name in each language is
        kept as its value."""
        vals = self._prepare_register_vals(self._get_register_entry())
        for difference in self._find_register_differences():
            if difference.field == field:
                said = vals[field] if field in NAMED else difference.register
                self.register_kept = {**(self.register_kept or {}), field: said}

    def action_compare_register(self):
        """Open card and register side by side."""
        self.ensure_one()
        self.check_access("read")
        return self.env["kundekartotek.register.compare"]._open(self.commercial_partner_id)


class RegisterEntry(models.Model):
    _inherit = "kundekartotek.register.entry"

    def _has_other_postal(self):
        """Whether there is a postal address that is not the business address."""
        postal = self._get_address("postal_")
        return bool(postal["street"] or postal["city"]) and postal != self._get_address("")
