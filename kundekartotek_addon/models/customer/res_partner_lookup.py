# SPDX-License-Identifier: LGPL-3.0-or-later
import re

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

PHONE_LIKE = re.compile(r"[\d\s().+/-]+")


class ResPartner(models.Model):
    """Finding a customer by whatever is at hand."""

    _inherit = "res.partner"

    customer_lookup = fields.Char(
        string="Name, Number, Org. No., Phone or Contact",
        store=False,
        search="_search_customer_lookup",
        help="For searching only: finds a customer by its own or a contact's name, e-mail or phone number,"
        " by a customer number or by the organisation number, however it is written.",
    )

    @api.model
    def _search_customer_lookup(self, operator, value):
        if operator not in ("in", "ilike", "like", "=ilike", "=like"):
            return NotImplemented
        texts = value if operator == "in" else [value]
        return Domain.OR(self._customer_lookup_domain(str(text).strip()) for text in texts if text)

    @api.model
    def _customer_lookup_domain(self, text):
        """Commercial partners that ``text`` may mean, by what is known of them or of a contact of theirs.

        DISTINCT, so that PostgreSQL compares each contact with the text once and not anew for each customer."""
        known_by = Domain("display_name", "ilike", text) | self._phone_domain(text)
        members = self.with_context(active_test=False)._search(known_by)
        commercial = self._field_to_sql(members.table, "commercial_partner_id")
        return Domain("id", "in", members.subselect(SQL("DISTINCT %s", commercial)))

    @api.model
    def _phone_domain(self, text):
        """Partners whose phone has the same digits, with or without Norway's country code. Short numbers
        (five digits) must be the whole number; fewer digits are no phone number."""
        if not PHONE_LIKE.fullmatch(text):
            return Domain.FALSE
        digits = re.sub(r"\D", "", text)
        national = re.sub(r"^(00)?47(?=\d{8}$)|^00", "", digits)
        if len(national) < 5:
            return Domain.FALSE
        pattern = f"%{national}" if len(national) >= 8 else national
        return Domain.custom(to_sql=lambda model, alias, query: SQL(
            "regexp_replace(%s, '\\D', '', 'g') LIKE %s",
            model._field_to_sql(alias, "phone", query), pattern))
