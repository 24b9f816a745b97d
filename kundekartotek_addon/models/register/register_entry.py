# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import brreg, orgnr
from ...tools.register_card import lines_to_streets
from ..customer.res_partner_shared_number import NUMBER_IN
from .register_service import ANSWERED, OUTCOMES

STATUSES = [
    ("active", "Active"),
    ("foreign_insolvency", "Foreign Insolvency"),
    ("reconstruction", "Under Reconstruction"),
    ("winding_up", "Being Wound Up"),
    ("compulsory_winding_up", "Compulsory Winding-Up"),
    ("bankrupt", "Bankrupt"),
    ("deleted", "Deleted"),
]
# Fields of the entry that have the same name in the client's ``Unit``.
SAME_NAME = (
    "name", "status_date", "legal_form", "legal_form_name", "is_subunit", "vat_registered",
    "vat_registration_date", "in_business_register", "in_foundation_register", "in_voluntary_register",
    "in_party_register", "sector_code", "sector", "employees_hidden", "language", "homepage", "phone", "mobile",
    "email", "last_accounts", "home_country", "home_number", "is_person", "payload_hash",
)  # fmt: skip
DATES = {
    "founded_date": "founded", "registered_date": "registered", "deleted_date": "deleted_on",
    "bankrupt_date": "bankrupt_on", "winding_up_date": "winding_up_on", "compulsory_date": "compulsory_on",
}  # fmt: skip
ADDRESS = ("street", "street2", "zip", "city", "municipality_number", "municipality", "country_code")


class RegisterEntry(models.Model):
    """What the register says of one organisation number, whoever of our customers has it.

    A copy, renewed by the queue (``register_queue``). It has no company: the register is public. Sole
    proprietors are persons: an entry lives only while a customer uses its number. When the register withdraws
    a unit, everything copied is deleted; what stays is our own number and that it was withdrawn.
    """

    _name = "kundekartotek.register.entry"
    _description = "Register Entry"
    _inherit = ["kundekartotek.outside.queue"]
    _order = "number"
    _rec_names_search = ["number", "name"]

    number = fields.Char(string="Org.nr.", required=True, readonly=True)
    name = fields.Char(readonly=True)
    status = fields.Selection(STATUSES, readonly=True, index=True)
    status_date = fields.Date(string="Status Since", readonly=True)
    legal_form = fields.Char(readonly=True)
    legal_form_name = fields.Char(readonly=True)
    is_subunit = fields.Boolean(string="Sub-unit", readonly=True)
    is_person = fields.Boolean(string="Sole Proprietor", readonly=True)
    parent_number = fields.Char(string="Parent's Org.nr.", readonly=True)
    customer_type = fields.Char(readonly=True)  # what kind of customer the unit makes
    street = fields.Char(readonly=True)
    street2 = fields.Char(readonly=True)
    zip = fields.Char(readonly=True)
    city = fields.Char(readonly=True)
    municipality_number = fields.Char(readonly=True)
    municipality = fields.Char(readonly=True)
    country_code = fields.Char(readonly=True)
    postal_street = fields.Char(readonly=True)
    postal_street2 = fields.Char(readonly=True)
    postal_zip = fields.Char(readonly=True)
    postal_city = fields.Char(readonly=True)
    postal_municipality_number = fields.Char(readonly=True)
    postal_municipality = fields.Char(readonly=True)
    postal_country_code = fields.Char(readonly=True)
    vat_registered = fields.Boolean(string="Registered for VAT", readonly=True)
    vat_registration_date = fields.Date(readonly=True)
    vat_voluntary = fields.Char(string="Voluntarily Registered for VAT", readonly=True)
    in_business_register = fields.Boolean(string="In the Register of Business Enterprises", readonly=True)
    in_foundation_register = fields.Boolean(string="In the Register of Foundations", readonly=True)
    in_voluntary_register = fields.Boolean(string="In the Register of Non-Profit Organisations", readonly=True)
    in_party_register = fields.Boolean(string="In the Register of Political Parties", readonly=True)
    industry_code = fields.Char(readonly=True)
    industry_name = fields.Char(string="Industry", readonly=True)
    industry_standard = fields.Char(readonly=True, help="The edition of the standard that the code belongs to.")
    industries = fields.Json(readonly=True)
    sector_code = fields.Char(readonly=True)
    sector = fields.Char(readonly=True)
    employees = fields.Char(readonly=True, help="Empty where nobody knows; 1–4: the register does not tell.")
    employees_hidden = fields.Boolean(readonly=True)
    language = fields.Char(readonly=True)
    homepage = fields.Char(readonly=True)
    phone = fields.Char(readonly=True)
    mobile = fields.Char(readonly=True)
    email = fields.Char(readonly=True)
    founded_date = fields.Date(string="Founded", readonly=True)
    registered_date = fields.Date(string="Registered", readonly=True)
    deleted_date = fields.Date(string="Deleted", readonly=True)
    bankrupt_date = fields.Date(string="Bankrupt", readonly=True)
    winding_up_date = fields.Date(string="Being Wound Up Since", readonly=True)
    compulsory_date = fields.Date(string="Compulsory Winding-Up Since", readonly=True)
    former_names = fields.Json(readonly=True)
    last_accounts = fields.Char(string="Last Annual Accounts", readonly=True)
    home_country = fields.Char(readonly=True)
    home_number = fields.Char(readonly=True)
    payload_hash = fields.Char(readonly=True)
    # the queue
    fetched = fields.Datetime(readonly=True, help="When the register last answered with how it is.")
    last_outcome = fields.Selection(OUTCOMES, readonly=True)
    answer = fields.Selection(OUTCOMES[:4], readonly=True, help="The last outcome that told how it is.")
    last_detail = fields.Char(readonly=True, help="What the register said to it, or what went wrong.")
    last_message = fields.Char(compute="_compute_last_message")
    unreachable_since = fields.Datetime(readonly=True)

    _number_uniq = models.Constraint("UNIQUE (number)", "There is one entry for each organisation number.")
    _due_idx = models.Index("(next_due, id) WHERE next_due IS NOT NULL")

    @api.depends("number", "name")
    def _compute_display_name(self):
        for entry in self:
            entry.display_name = " ".join(filter(None, (entry.number, entry.name)))

    @api.depends("last_outcome", "last_detail", "number")
    @api.depends_context("lang")
    def _compute_last_message(self):
        service = self.env["kundekartotek.register.service"]
        for entry in self:
            kind = False if entry.last_outcome in ANSWERED else entry.last_outcome
            entry.last_message = service._explain_kept(kind, entry.last_detail, entry.number)

    # -- reading an answer -----------------------------------------------------------------------------

    @api.model
    def _prepare_unit_vals(self, unit):
        """:return: the values of an entry that come from a ``Unit`` of the client"""
        industry = unit.industries[0] if unit.industries else brreg.Industry("", "", "")
        employees = "1–4" if unit.employees_hidden else unit.employees
        return {
            **{name: getattr(unit, name) or False for name in SAME_NAME},
            **{name: getattr(unit, of_unit) or False for name, of_unit in DATES.items()},
            **self._prepare_address_vals(unit.business_address, ""),
            **self._prepare_address_vals(unit.postal_address, "postal_"),
            "status": str(unit.status),
            "parent_number": unit.parent or False,
            "customer_type": brreg.customer_type(unit),
            "vat_voluntary": ", ".join(unit.vat_voluntary) or False,
            "industry_code": industry.code or False,
            "industry_name": industry.description or False,
            "industry_standard": industry.standard or False,
            "industries": [[each.code, each.description, each.standard] for each in unit.industries],
            "employees": False if employees is None else str(employees),
            "former_names": [
                [each.name, str(each.date_from or ""), str(each.date_to or "")] for each in unit.former_names
            ],
        }

    @api.model
    def _prepare_address_vals(self, address, prefix):
        address = address or brreg.Address()
        values = (
            *lines_to_streets(address.lines), address.postal_code, address.city, address.municipality_code,
            address.municipality, address.country_code,
        )  # fmt: skip
        return {prefix + name: value or False for name, value in zip(ADDRESS, values, strict=True)}

    def _get_copied_fields(self):
        """:return: names of the fields that hold what was copied from the register"""
        own = {
            "number", "fetched", "next_due", "claimed_until", "attempts", "last_outcome", "last_detail",
            "answer", "unreachable_since", *models.MAGIC_COLUMNS,
        }  # fmt: skip
        return [name for name, field in self._fields.items() if field.store and name not in own]

    # -- whose it is -----------------------------------------------------------------------------------

    @api.model
    def _of_numbers(self, numbers):
        """The entries of these numbers. sudo: whoever may see a customer may see how it stands; the entries
        themselves are listed to readers only.

        :return: ``{number: entry}``
        """
        numbers = list(filter(None, numbers))
        entries = self.sudo().search_fetch([("number", "in", numbers)]) if numbers else self
        return {entry.number: entry for entry in entries}

    def _find_customers(self):
        """sudo: the register is read for every customer, whoever asks.

        :return: ``{number: commercial partners, branches and archived ones included}``, one query
        """
        Partner = self.env["res.partner"].sudo().with_context(active_test=False)
        if not self:
            return {}
        Partner.flush_model([*orgnr.FIELDS, "commercial_partner_id", "country_id"])
        rows = self.env.execute_query(Partner._get_organisation_number_query(self.mapped("number")))
        customers = Partner.browse(partner_id for (partner_id,) in rows).filtered("is_customer")
        return customers.grouped(lambda partner: partner._get_organisation_number())

    @api.model
    def _get_customer_numbers_query(self, condition=None):
        """:return: SQL of the numbers of customers, one row a number, spelled in any way in any field; their
        check digits are not looked at"""
        return SQL(
            """SELECT DISTINCT %(number)s AS number FROM res_partner
                 LEFT JOIN res_country country ON country.id = res_partner.country_id
                WHERE customer_rank > 0 AND commercial_partner_id = res_partner.id
                  AND coalesce(country.code, 'NO') = ANY(%(domestic)s) AND %(condition)s""",
            number=CUSTOMER_NUMBER,
            domestic=list(orgnr.NORWEGIAN_COUNTRIES),
            condition=condition or SQL("TRUE"),
        )

    @api.model
    def _forget_unused(self):
        """Delete the entries of numbers that no customer has any more, archived customers counted.

        :return: how many
        """
        self.env["res.partner"].flush_model([*orgnr.FIELDS, "customer_rank", "commercial_partner_id"])
        rows = self.env.execute_query(SQL(
            """SELECT id FROM kundekartotek_register_entry
                WHERE number NOT IN (SELECT number FROM (%s) used WHERE number IS NOT NULL)""",
            self._get_customer_numbers_query()))
        found = self.sudo().browse(entry_id for (entry_id,) in rows).try_lock_for_update()
        # a customer from before the rules may have a mistyped number in the first field, and its own in the next
        used = found._find_customers()
        unused = found.filtered(lambda entry: entry.number not in used)
        unused.unlink()
        return len(unused)


# The first number in the fields of a partner, as ``orgnr.number_of`` takes it.
CUSTOMER_NUMBER = SQL("coalesce(%s)", SQL(", ").join(SQL(NUMBER_IN[name]) for name in orgnr.FIELDS))
