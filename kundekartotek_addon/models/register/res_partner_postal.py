# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...tools.region import DOMESTIC_COUNTRIES, POSTAL_CODE_REGEX


class ResPartner(models.Model):
    """Town, municipality and county from the postal code. A town that is missing is filled in; one that is there
    is a person's, and only questioned."""

    _inherit = "res.partner"

    data_issue = fields.Selection(selection_add=[("postal_code", "Postal Code or Town")])
    postal_code_issue = fields.Char(
        string="Postal Code to Mend", compute="_compute_postal_code", compute_sudo=True,
        help="What does not fit between the postal code and the town.")
    postal_code_town = fields.Char(
        string="Town of the Postal Code", compute="_compute_postal_code", compute_sudo=True,
        help="Where it is another one than the town typed.")
    postal_town_filled = fields.Char(string="Town Filled In", store=False, help="In an open form only.")
    customer_municipality = fields.Char(
        string="Municipality", compute="_compute_postal_code", compute_sudo=True,
        help="Number and name, from the postal code.")

    @api.depends("zip", "city", "country_id")
    def _compute_postal_code(self):
        for partner in self:
            known = partner._find_postal_code()
            issue = partner._get_postal_code_issue()
            partner.postal_code_issue = issue
            partner.postal_code_town = known[1] if issue and known and not known[4] else False
            partner.customer_municipality = f"{known[2]} {known[3]}" if known else False

    # -- filled in -----------------------------------------------------------------------------------------

    @api.onchange("zip", "country_id")
    def _onchange_zip_town(self):
        """A town that came from the former postal code follows the new one; one that somebody typed stays."""
        known, before = self._find_postal_code(), self._origin._find_postal_code()
        filled = [self.postal_town_filled, before and before[1]]
        if known and not known[4] and (not self.city or any(self._is_same_town(self.city, town) for town in filled)):
            self.city = self.postal_town_filled = known[1]

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners._fill_town()
        return partners

    def write(self, vals):
        res = super().write(vals)
        if vals.get("zip") and not vals.get("city"):
            self._fill_town()
        return res

    def _fill_town(self):
        for partner in self:
            if partner.zip and not partner.city and (known := partner._find_postal_code()) and not known[4]:
                partner.city = known[1]

    # -- known ---------------------------------------------------------------------------------------------

    def _find_postal_code(self):
        """:return: as ``kundekartotek.postal.code._find``; None abroad. Without a country a partner is where the
        company is."""
        country = self.country_id or (self.company_id or self.env.company).country_id
        if country.code not in DOMESTIC_COUNTRIES:
            return None
        return self.env["kundekartotek.postal.code"]._find(self.zip)

    def _find_municipality_number(self):
        known = self._find_postal_code()
        return known[2] if known else super()._find_municipality_number()

    @api.depends("zip", "country_id")
    def _compute_customer_region(self):
        super()._compute_customer_region()

    @api.model
    def _is_same_town(self, one, other):
        return " ".join((one or "").split()).casefold() == " ".join((other or "").split()).casefold()

    # -- questioned ----------------------------------------------------------------------------------------

    def _get_postal_code_issue(self):
        """:return: what is wrong, in words, or False. Only in Norway: without a country four digits may be
        anybody's."""
        if self.country_id.code not in DOMESTIC_COUNTRIES or not (self.zip or "").strip():
            return False
        if not self.env["kundekartotek.postal.code"]._are_loaded():
            return False
        known = self._find_postal_code()
        if not known:
            return self.env._("There is no postal code %(code)s.", code=self.zip)
        code, town, _number, _municipality, retired = known
        if retired:
            return self.env._("Postal code %(code)s %(town)s is no longer in use.", code=code, town=town)
        if (self.city or "").strip() and not self._is_same_town(self.city, town):
            return self.env._("Postal code %(code)s is %(town)s, not %(typed)s.", code=code, town=town, typed=self.city)
        return False

    @api.depends("zip", "city", "country_id")
    def _compute_data_issue(self):
        super()._compute_data_issue()

    def _get_data_issues(self):
        issues = super()._get_data_issues()
        for partner in self.filtered("is_customer"):
            if text := partner._get_postal_code_issue():
                issues.setdefault(partner, []).append(("postal_code", text))
        return issues

    def _get_data_issue_queries(self):
        return super()._get_data_issue_queries() + [SQL(
            """(SELECT p.id, 'postal_code' AS kind
                  FROM res_partner p
                  JOIN res_country c ON c.id = p.country_id AND c.code = ANY(%(domestic)s)
             LEFT JOIN kundekartotek_postal_code k ON k.code = substring(p.zip from %(regex)s)
                 WHERE p.customer_rank > 0 AND p.commercial_partner_id = p.id AND btrim(p.zip) <> ''
                   AND EXISTS (SELECT FROM kundekartotek_postal_code)
                   AND (k.id IS NULL OR k.retired
                        OR btrim(p.city) <> ''
                           AND lower(regexp_replace(btrim(p.city), '\\s+', ' ', 'g')) <> lower(k.town)))
            """,
            domestic=list(DOMESTIC_COUNTRIES), regex=POSTAL_CODE_REGEX)]

    def action_use_postal_town(self):
        """Write the postal code's town on these partners."""
        if not self.env.user.has_group("kundekartotek_addon.group_case_worker"):
            raise AccessError(self.env._("Only case workers may mend customer data."))
        self.check_access("write")
        for partner in self:
            if town := partner.postal_code_town:
                partner.city = town
        return {"type": "ir.actions.client", "tag": "soft_reload"}
