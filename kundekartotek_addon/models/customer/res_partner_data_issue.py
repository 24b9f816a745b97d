# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import orgnr
from .res_partner_shared_number import IDENTITY_FIELDS, NUMBER_IN

# Nine digits if their weighted sum is divisible by 11 (the ASCII codes may be weighed as they are: 48 times
# the sum of the weights is divisible by 11 as well), else NULL.
VALID_NUMBER = """CASE WHEN (
    3 * ascii(%s) + 2 * ascii(substr(%s, 2)) + 7 * ascii(substr(%s, 3)) + 6 * ascii(substr(%s, 4))
    + 5 * ascii(substr(%s, 5)) + 4 * ascii(substr(%s, 6)) + 3 * ascii(substr(%s, 7))
    + 2 * ascii(substr(%s, 8)) + ascii(substr(%s, 9))) %% 11 = 0 THEN %s END"""


class ResPartner(models.Model):
    """Data to mend: what is wrong with the customers that were there before the rules. Nothing is stored
    and nothing is changed by itself; a customer leaves the list when it is put right."""

    _inherit = "res.partner"

    # in order of gravity: a customer with several counts as the first
    data_issue = fields.Selection(
        [
            ("bad_number", "Wrong Number"),
            ("two_numbers", "Two Numbers"),
            ("duplicate", "Shared Number"),
            ("customer_number", "Shared Customer Number"),
            ("misplaced", "Spelling or Field"),
        ],
        string="Data to Mend",
        compute="_compute_data_issue",
        search="_search_data_issue",
    )
    data_issue_text = fields.Text(string="What Is Wrong", compute="_compute_data_issue")

    @api.depends("is_customer", "customer_number_issue", *IDENTITY_FIELDS)
    def _compute_data_issue(self):
        issues = self._get_data_issues()
        gravity = list(self._fields["data_issue"].get_values(self.env))
        for partner in self:
            found = sorted(issues.get(partner, ()), key=lambda issue: gravity.index(issue[0]))
            partner.data_issue = found[0][0] if found else False
            partner.data_issue_text = "\n".join(text for _kind, text in found)

    def _search_data_issue(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.flush_model()
        kinds = list(self._fields["data_issue"].get_values(self.env))
        wanted = [kind for kind in kinds if (kind in value) != (False in value)]
        gravest = SQL(
            """(SELECT id
                  FROM (SELECT DISTINCT ON (id) id, kind FROM (%s) issue
                         ORDER BY id, array_position(%s, kind)) gravest
                 WHERE kind = ANY(%s))""",
            SQL(" UNION ALL ").join(self._get_data_issue_queries()),
            kinds,
            wanted,
        )
        domain = Domain("id", "in", gravest)
        return ~domain if False in value else domain

    def _get_data_issues(self):
        """What is wrong with each of these customers: extended by every room that finds more, together with
        ``_get_data_issue_queries``.

        :return: a dict of partner to a list of (key of ``data_issue``, text)
        """
        customers = self.filtered("is_customer")
        issues = {partner: [issue] for partner in customers if (issue := partner._get_number_issue())}
        for partner in customers:
            others = partner.sudo().same_number_partner_ids._origin.filtered(lambda other: other.customer_rank > 0)
            if not others:
                continue
            text = self.env._(
                "The organisation number is also that of %(others)s. Merge them, correct the number, or mark "
                "a separate branch.",
                others=self._name_others(others),
            )
            issues.setdefault(partner, []).append(("duplicate", text))
        return issues

    def _get_number_issue(self):
        if self.country_code not in orgnr.NORWEGIAN_COUNTRIES:
            return None
        try:
            changes = self._get_number_changes()
        except orgnr.OrganisationNumberError as error:
            kind = "two_numbers" if isinstance(error, orgnr.DifferentNumbers) else "bad_number"
            return kind, self._get_organisation_number_message(error, self.display_name)
        if not changes or not self._get_organisation_number():
            return None
        return "misplaced", self.env._(
            "Organisation number %(number)s, VAT number %(vat)s: spelled otherwise, or not in every field "
            "where it belongs.",
            number=changes.get(orgnr.REGISTRY, self.company_registry),
            vat=changes.get(orgnr.VAT, self.vat) or "–",
        )

    def _get_number_changes(self):
        """:return: a dict of the fields that would be spelled or filled in otherwise if typed today
        :raise OrganisationNumberError: if they would be refused"""
        current = {field: self[field] for field in orgnr.FIELDS}
        completed = orgnr.complete(current, current, is_branch=self.is_branch)
        return {field: value for field, value in completed.items() if (value or "") != (current[field] or "")}

    def _get_data_issue_queries(self):
        """:return: a list of SQL, each selecting (partner id, key of ``data_issue``): for all customers what
        ``_get_data_issues`` finds for some"""
        return [self._get_number_issue_query()]

    def _get_number_issue_query(self):
        """One row (partner id, key) per customer and issue with its number."""
        valid = [SQL(VALID_NUMBER, *[SQL("spelled.digits[%s]", position)] * 10) for position in (1, 2, 3)]
        return SQL(
            """
            (WITH RECURSIVE spelled AS MATERIALIZED (
                SELECT id, company_id, parent_id, country_id, is_branch IS TRUE AS is_branch,
                       company_registry, l10n_no_bronnoysund_number AS mirror, vat,
                       ARRAY[%(numbers)s] AS digits
                  FROM res_partner
                 WHERE customer_rank > 0 AND commercial_partner_id = id
            ), customer AS MATERIALIZED (
                SELECT spelled.*, country.id IS NOT NULL AS is_norwegian,
                       %(valid_registry)s AS registry_number, %(valid_mirror)s AS mirror_number,
                       %(valid_vat)s AS vat_number,
                       coalesce(%(valid_registry)s, %(valid_mirror)s, %(valid_vat)s) AS number
                  FROM spelled
             LEFT JOIN res_country country
                    ON country.id = country_id AND country.code = ANY(%(norwegian)s)
                 WHERE country_id IS NULL OR country.id IS NOT NULL
            ), family AS (
                SELECT id, id AS root, parent_id
                  FROM customer
                 WHERE NOT is_branch AND number IN (
                     SELECT number FROM customer WHERE NOT is_branch GROUP BY number HAVING count(*) > 1)
                 UNION ALL
                SELECT family.id, p.id, p.parent_id FROM family JOIN res_partner p ON p.id = family.parent_id
            ), sharing AS (
                SELECT customer.id, number, family.root, company.parent_path
                  FROM family
                  JOIN customer USING (id)
             LEFT JOIN res_company company ON company.id = customer.company_id
                 WHERE family.parent_id IS NULL
            )
            SELECT id, kind
              FROM (SELECT id, CASE
                        WHEN length(company_registry) > 1 AND registry_number IS NULL
                             OR length(mirror) > 1 AND mirror_number IS NULL
                             OR length(vat) > 1 AND vat_number IS NULL THEN 'bad_number'
                        WHEN registry_number <> mirror_number
                             OR vat_number <> number AND NOT is_branch THEN 'two_numbers'
                        WHEN number <> coalesce(company_registry, '') OR number <> coalesce(mirror, '')
                             OR length(vat) > 1 AND vat NOT IN (vat_number, 'NO' || vat_number || 'MVA')
                             THEN 'misplaced'
                        END AS kind
                      FROM customer
                     WHERE is_norwegian) AS spelling
             WHERE kind IS NOT NULL
             UNION ALL
            SELECT id, 'duplicate'
              FROM sharing
             WHERE EXISTS (
                SELECT 1 FROM sharing other
                 WHERE other.number = sharing.number AND other.root <> sharing.root
                   AND coalesce(starts_with(other.parent_path, sharing.parent_path)
                                OR starts_with(sharing.parent_path, other.parent_path), TRUE)))
            """,
            numbers=SQL(", ").join(map(SQL, NUMBER_IN.values())),
            norwegian=list(orgnr.NORWEGIAN_COUNTRIES),
            valid_registry=valid[0],
            valid_mirror=valid[1],
            valid_vat=valid[2],
        )

    def action_spell_organisation_numbers(self):
        """Spell and place the numbers of these customers as they are stored today: what the list says will
        be stored, and nothing else. Numbers that need a decision are left alone."""
        if not self.env.user.has_group("kundekartotek_addon.group_case_worker"):
            raise AccessError(self.env._("Only case workers may mend customer data."))
        self.check_access("write")
        for partner in self:
            issue = partner._get_number_issue() if partner.is_customer else None
            if issue and issue[0] == "misplaced":
                partner.write(partner._get_number_changes())
        return {"type": "ir.actions.client", "tag": "soft_reload"}
