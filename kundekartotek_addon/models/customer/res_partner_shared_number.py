# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import orgnr

# The nine digits in each field, in SQL, spelled in any way; check digits are not looked at. (One pattern with a
# capturing group would be three times as slow. Without coalesce the planner would fall for core's index of the
# partners that have a registry number, and filter it.)
NUMBER_IN = {
    field: f"substring(substring(regexp_replace(normalize(coalesce({field}, ''), NFKC),"
    f" '{orgnr.SEPARATORS}', '', 'g') from '{orgnr.SPELLING}') from '[0-9]{{9}}')"
    for field in orgnr.FIELDS
}
# The first key of the advisory locks, whose second one is the number; and how many one statement takes.
CLAIM, MOST_CLAIMS = 923_609_016, 200
# A change of one of these may make two customers share a number.
IDENTITY_FIELDS = {*orgnr.FIELDS, "country_id", "company_id", "is_branch", "parent_id", "customer_rank"}


class ResPartner(models.Model):
    """One customer per organisation number; finding who has one."""

    _inherit = "res.partner"

    is_branch = fields.Boolean(
        string="Separate Branch",
        help="A separate branch (avdeling) that shares its organisation number with another customer on "
        "purpose, or has its own and its owner's VAT number.",
    )

    same_number_partner_ids = fields.Many2many(
        "res.partner",
        compute="_compute_same_number_partner_ids",
        compute_sudo=True,
        context={"active_test": False},
        groups=fields.NO_ACCESS,
        help="Who else has the organisation number, customers first: also those that the user may not see.",
    )

    _number_in_registry_idx = models.Index(
        f"(({NUMBER_IN[orgnr.REGISTRY]})) WHERE commercial_partner_id = id"
    )
    _number_in_mirror_idx = models.Index(f"(({NUMBER_IN[orgnr.MIRROR]})) WHERE commercial_partner_id = id")
    _number_in_vat_idx = models.Index(f"(({NUMBER_IN[orgnr.VAT]})) WHERE commercial_partner_id = id")

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners._check_organisation_number_is_free()
        return partners

    def write(self, vals):
        if vals.keys().isdisjoint(IDENTITY_FIELDS):
            return super().write(vals)
        before = {partner: partner._get_identity() for partner in self}
        super().write(vals)
        changed = self.filtered(lambda partner: partner._get_identity() != before[partner])
        changed._check_organisation_number_is_free()
        return True

    def _get_identity(self):
        return (self._get_organisation_number(), self.company_id, self.is_branch, self.is_customer,
                self._get_family_root())

    def _check_organisation_number_is_free(self):
        """Refuse a second customer with the same number, one query for all of ``self``.

        Not asked where a process must not be stopped by old data (see ``_increase_rank``, the merge wizard):
        those customers are listed as data to mend.

        :raise ValidationError: naming the customer that has it, if the user may see it
        """
        if self.env.context.get("no_organisation_number_check"):
            return
        customers = self.filtered("is_customer")
        customers._claim_organisation_numbers()
        for partner, others in customers._find_same_organisation_number(customers_only=True).items():
            raise ValidationError(
                self.env._(
                    "%(partner)s: organisation number %(number)s already belongs to %(others)s. Use that "
                    "customer instead of registering it twice. If this one is kept apart on purpose, mark it "
                    "as a separate branch.",
                    partner=partner.display_name,
                    number=partner._get_organisation_number(),
                    others=self._name_others(others),
                )
            )

    def _claim_organisation_numbers(self):
        """Let the second of two sessions that give customers one number at the same moment wait for the first,
        and see what was committed since its own transaction began. More numbers than ``MOST_CLAIMS`` at once, an
        import, would take too many locks: they are only looked for.

        :raise ConcurrencyError: after which the server runs the request again, as after PostgreSQL's own
        """
        numbers = {partner._get_organisation_number() for partner in self if not partner.is_branch} - {None}
        if not numbers:
            return
        if len(numbers) <= MOST_CLAIMS:
            self.env.cr.execute(SQL(
                "SELECT pg_advisory_xact_lock(%s, number) FROM (SELECT unnest(%s) AS number ORDER BY 1) sorted",
                CLAIM, sorted(map(int, numbers))))
        query = self._get_organisation_number_query(numbers)
        with self.env.registry.cursor() as cr:
            # What this transaction has changed itself is locked, and not looked at.
            cr.execute(SQL("SELECT id FROM res_partner WHERE id IN %s FOR SHARE SKIP LOCKED", query))
            committed = set(cr.fetchall())
            cr.rollback()
        if committed.difference(self.env.execute_query(query)):
            raise ConcurrencyError(self.env._(
                "Somebody has just registered the same organisation number. Try again to see who has it."))

    def _name_others(self, others):
        """:return: the names of other partners, as far as the user may see them"""
        visible = others.with_env(self.env).sudo(False)._filtered_access("read")
        names = [
            partner.display_name
            if partner.active
            else self.env._("%(partner)s (archived)", partner=partner.display_name)
            for partner in visible
        ]
        if len(visible) < len(others):
            names.append(self.env._("a customer that you have no access to"))
        return ", ".join(names)

    @api.depends(*IDENTITY_FIELDS)
    def _compute_same_number_partner_ids(self):
        found = self._find_same_organisation_number()
        for partner in self:
            partner.same_number_partner_ids = found.get(partner)

    def _find_same_organisation_number(self, customers_only=False):
        """Partners that have the number of these, in any spelling and field, archived ones included, with
        one query. Branches, relatives (companies below one another) and partners of companies that share
        no partners are left out.

        :return: a dict of these partners that have any, to the others with superuser rights, customers first
        """
        numbers = {
            partner: number
            for partner in self
            if not partner.is_branch
            and (partner.is_company or not partner.parent_id)
            and (number := partner._get_organisation_number())
        }
        if not numbers:
            return {}
        by_number = self._search_organisation_numbers(set(numbers.values()), customers_only).grouped(
            lambda other: other._get_organisation_number()
        )
        found = {}
        for partner, number in numbers.items():
            others = by_number.get(number, self.browse()).filtered(
                lambda other, partner=partner: (
                    other.id != partner._origin.id
                    and partner._shares_company(other)
                    and partner._get_family_root() != other._get_family_root()
                )
            )
            if others:
                found[partner] = others.sorted(lambda other: (not other.customer_rank, other.id))
        return found

    @api.model
    def _search_organisation_numbers(self, numbers, customers_only):
        """Superuser, because a number is taken also where the user may not look.

        :return: the commercial partners, no branches, that have one of the numbers in a field
        """
        self.flush_model([*IDENTITY_FIELDS, "commercial_partner_id"])
        rows = self.env.execute_query(self._get_organisation_number_query(numbers))
        return (
            self.sudo()
            .browse(partner_id for (partner_id,) in rows)
            .filtered(
                lambda partner: not partner.is_branch and (partner.customer_rank > 0 or not customers_only)
            )
        )

    @api.model
    def _get_organisation_number_query(self, numbers):
        """Three index probes per number: MATERIALIZED and OFFSET keep the planner, which takes the expression
        for cheap, from evaluating it for every partner.

        :return: SQL of the ids of the commercial partners that have one of the numbers in a field
        """
        return SQL(
            """(WITH found AS MATERIALIZED (
                SELECT partner.id FROM unnest(%s) AS wanted CROSS JOIN LATERAL (%s OFFSET 0) AS partner
                ) SELECT DISTINCT id FROM found)""",
            list(numbers),
            SQL(" UNION ALL ").join(
                SQL(
                    "SELECT id FROM res_partner WHERE %s = wanted AND commercial_partner_id = id", SQL(number)
                )
                for number in NUMBER_IN.values()
            ),
        )

    def _shares_company(self, other):
        mine, others = self.company_id.sudo(), other.company_id
        return not mine or not others or mine in others.parent_ids or others in mine.parent_ids

    def _get_family_root(self):
        partner = self._origin.sudo() or self.parent_id.sudo()
        while partner.parent_id:
            partner = partner.parent_id
        return partner or self

    # It depends on is_branch too; but Odoo, when it uninstalls a field, also removes what users inherit of
    # the partner fields that depend on it, core's included.
    @api.onchange("is_branch")
    def _onchange_is_branch(self):
        self._compute_same_vat_partner_id()

    @api.depends("parent_id", "is_company", *orgnr.FIELDS)
    def _compute_same_vat_partner_id(self):
        """Core's warning while typing compares two spellings of the two fields; a Norwegian number is
        compared in all."""
        norwegian = self.filtered(lambda partner: partner._get_organisation_number())
        super(ResPartner, self - norwegian)._compute_same_vat_partner_id()
        norwegian.same_vat_partner_id = norwegian.same_company_registry_partner_id = False
        for partner in norwegian:
            others = self.browse(partner.sudo().same_number_partner_ids._origin.ids)
            partner.same_company_registry_partner_id = others and others._filtered_access("read")[:1]

    def _increase_rank(self, field, n=1):
        """An invoice or a till makes somebody a customer: old data never stop it."""
        return super(ResPartner, self.with_context(no_organisation_number_check=True))._increase_rank(
            field, n
        )

    def _mark_commercial_customers(self):
        """A contact makes its company a customer: old data never stop it."""
        return super(
            ResPartner, self.with_context(no_organisation_number_check=True)
        )._mark_commercial_customers()

    # -- search --------------------------------------------------------------------------------------------

    @api.model
    def _search_display_name(self, operator, value):
        """A text that holds organisation numbers, in any spelling, finds exactly those that have them: with
        the index. What nobody has is searched for as any text."""
        texts = [value] if isinstance(value, str) else [text for text in value or () if isinstance(text, str)]
        numbers = [number for text in texts for number in orgnr.candidates(text)]
        if numbers and operator in ("ilike", "like", "in"):
            domain = self._get_organisation_number_domain(numbers)
            if operator == "in":
                return domain | super()._search_display_name(operator, value)
            if self.search_count(domain, limit=1):
                return domain
        return super()._search_display_name(operator, value)

    @api.model
    def _get_organisation_number_domain(self, numbers):
        self.flush_model(orgnr.FIELDS)
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s IN %s",
                SQL.identifier(alias, "commercial_partner_id"),
                model._get_organisation_number_query(numbers),
            )
        )
