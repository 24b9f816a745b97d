# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.region import ABROAD, REGIONS, region_of
from ..audit.audit_journal import Journal

BATCH = 1000


class ResPartner(models.Model):
    """The customer number, in ``ref``: given once, when somebody becomes a customer, and kept for ever.

    Contacts of a customer, and partners that are no customers, keep whatever ``ref`` they have. Customers
    for whom no scheme is chosen may write in ``ref`` what they like, as without this addon.
    """

    _inherit = "res.partner"

    customer_number_ids = fields.One2many(
        "kundekartotek.customer.number", "partner_id", string="Numbers Given", readonly=True,
        groups="kundekartotek_addon.group_reader",
    )
    customer_number_issue = fields.Selection(
        [("missing", "No number"), ("taken", "Number of another customer")], string="Number to Mend",
        compute="_compute_customer_number_issue", search="_search_customer_number_issue",
    )
    customer_region = fields.Selection(
        [*REGIONS, (ABROAD, "Abroad")], string="Region", compute="_compute_customer_region", store=True,
        help="The fylke of 2024, from the postal code.",
    )

    @api.depends("ref", "customer_rank", "company_id")
    def _compute_customer_number_issue(self):
        self.customer_number_issue = False
        for draft in self.filtered(lambda partner: not partner.id):  # in an open form: what is saved
            draft.customer_number_issue = draft._origin.customer_number_issue
        customers = self.filtered(lambda partner: partner.id and partner.is_customer)
        numbers = customers._customer_numbers()
        customers.filtered(lambda customer: customer not in numbers).customer_number_issue = "missing"
        holding = self.env["kundekartotek.customer.number"]._own_rows(numbers) if numbers else {}
        for customer in numbers:
            if not holding.get(customer.id):
                customer.customer_number_issue = "taken"

    def _search_customer_number_issue(self, operator, value):
        if operator != "in":
            return NotImplemented
        held = Domain.custom(to_sql=lambda model, alias, query: SQL(
            """EXISTS (SELECT FROM kundekartotek_customer_number n
                        WHERE n.partner_id = %s AND lower(n.number) = lower(btrim(%s))
                          AND (n.company_id IS NULL OR n.company_id = %s))""",
            SQL.identifier(alias, "id"), model._field_to_sql(alias, "ref", query),
            model._field_to_sql(alias, "company_id", query)))
        numbered = Domain.custom(to_sql=lambda model, alias, query: SQL(
            "coalesce(%s, '') ~ '\\S'", model._field_to_sql(alias, "ref", query)))  # blanks are no number
        customers = Domain("is_customer", "=", True)
        issues = {"missing": customers & ~numbered, "taken": customers & numbered & ~held}
        domain = Domain.OR(issues[key] for key in value if key in issues)
        return domain | ~Domain.OR(issues.values()) if False in value else domain

    def _get_data_issues(self):
        """Two customers from before the addon may have one number: the later one is to be mended."""
        issues = super()._get_data_issues()
        register = self.env["kundekartotek.customer.number"]
        for customer in self.filtered(lambda partner: partner.customer_number_issue == "taken"):
            issues.setdefault(customer, []).append(("customer_number", self.env._(
                "Customer number %(number)s was given to %(holder)s first. Give this customer another one.",
                number=customer.ref, holder=register._find_holder_name(customer._origin, customer.ref))))
        return issues

    def _get_data_issue_queries(self):
        taken = self.sudo().with_context(active_test=False)._search([("customer_number_issue", "=", "taken")])
        return super()._get_data_issue_queries() + [taken.select(
            SQL.identifier(taken.table, "id"), SQL("'customer_number'"))]

    @api.depends("zip", "country_id")
    def _compute_customer_region(self):
        for partner in self:
            partner.customer_region = region_of(
                partner.country_id.code, partner.zip, partner._find_municipality_number()) or False

    def _find_municipality_number(self):
        """The four-digit municipality number of the address, or nothing: a hook for a room that knows it."""

    @api.model
    def _search_display_name(self, operator, value):
        """A customer is found by the numbers it once had: by a whole one or, while typing, its beginning."""
        domain = super()._search_display_name(operator, value)
        register = self.env["kundekartotek.customer.number"]
        positive = operator.removeprefix("not ").replace("!=", "=")
        if positive in ("like", "ilike") and isinstance(value, str) and value.strip():
            matches = SQL("LIKE %s", register._like(value.strip()) + "%")
        elif positive in ("=", "in"):
            values = [value] if isinstance(value, str) else value or []
            matches = SQL("= ANY(%s)", [text.strip().lower() for text in values if isinstance(text, str)])
        else:
            return domain
        held = Domain.custom(to_sql=lambda model, alias, query: SQL(
            """%s IN (SELECT partner_id FROM kundekartotek_customer_number
                       WHERE lower(number) %s AND partner_id IS NOT NULL)""",
            SQL.identifier(alias, "id"), matches))
        return domain | held if positive == operator else domain & ~held

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        typed = [partner.id for partner, vals in zip(partners, vals_list, strict=True) if vals.get("ref")]
        partners.browse(typed)._require_customer_numbers()
        return partners

    def write(self, vals):
        if not vals.keys() & {"ref", "company_id"}:
            return super().write(vals)
        before = {partner: (partner.ref, partner.company_id) for partner in self}
        result = super().write(vals)
        changed = self.filtered(lambda partner: (partner.ref, partner.company_id) != before[partner])
        customers = changed.filtered("is_customer")
        customers._keep_customer_numbers()
        customers._require_customer_numbers()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for partner, vals in zip(self, vals_list, strict=True):
            if partner.is_customer and "ref" not in (default or {}):
                vals.pop("ref", None)
        return vals_list

    def _become_customer(self):
        # The number comes last, wherever this file is imported: category rules and defaults, which may
        # choose the scheme, run before or inside super().
        super()._become_customer()
        self._keep_customer_numbers()

    def action_assign_customer_numbers(self):
        """Give a number to those of the selected customers that have none."""
        if not self.env.user.has_group("kundekartotek_addon.group_case_worker"):
            raise AccessError(self.env._("Only case workers give customer numbers."))
        self.check_access("write")
        waiting = self.filtered(lambda partner: partner.is_customer and not (partner.ref or "").strip())
        for start in range(0, len(waiting), BATCH):
            waiting[start:start + BATCH]._assign_customer_numbers()
        given = waiting.browse(customer.id for customer in waiting._customer_numbers())
        message = self.env._("%(count)s customers got a number.", count=len(given))
        if waiting - given:
            message += " " + self.env._(
                "%(count)s got none: no number scheme is chosen for them.", count=len(waiting - given))
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {"message": message, "type": "warning" if waiting - given else "success",
                       "next": {"type": "ir.actions.act_window_close"}},
        }

    def _customer_numbers(self):
        """:return: ``{partner: number}`` for those that have one"""
        return {partner: partner.ref.strip() for partner in self if (partner.ref or "").strip()}

    def _keep_customer_numbers(self):
        """Enter the numbers of these customers, and give one to who has none. Never refuses: a customer whose
        number is another one's is left as it is and shown as something to mend, so that no order or invoice
        is held up."""
        numbers = self._customer_numbers()
        origin = "import" if self.env.context.get("import_file") else "typed"
        self.env["kundekartotek.customer.number"]._give(numbers, origin)
        self.filtered(lambda customer: customer not in numbers)._assign_customer_numbers()

    def _require_customer_numbers(self):
        """Refuse a number that somebody typed for one of these customers and that another one has.

        :raise ValidationError: naming the holder
        """
        numbers = self.filtered("is_customer")._customer_numbers()
        if not numbers:
            return
        register = self.env["kundekartotek.customer.number"]
        holding = register._own_rows(numbers)
        for customer, number in numbers.items():
            if not holding.get(customer.id) and customer.sudo()._find_number_scheme():
                raise register._refusal(customer, number)

    def _assign_customer_numbers(self):
        """Give numbers to customers without one, where a scheme is chosen. With sudo, because whoever makes a
        customer, a salesperson or the web shop, neither reads schemes nor need write on the customer."""
        customers = self.sudo()
        for scheme, group in sorted(customers.grouped(lambda p: p._find_number_scheme()).items(),
                                    key=lambda item: item[0].id):
            if scheme:
                group._set_customer_numbers(scheme._assign(group))

    def _set_customer_numbers(self, numbers):
        """Write numbers that stand in the register: ``{partner: number}``.

        Past the overrides of ``write``: core's would, for each customer, read its contacts and write all
        that they have in common once more, though a contact has no part in the number. What the audit
        trail does in ``write`` is done here: it is told who gives the numbers.
        """
        Journal.of(self.env).note_author(self)
        for partner in self:
            if partner in numbers:
                models.Model.write(partner, {"ref": numbers[partner]})

    def _find_number_scheme(self):
        """The scheme for a customer's number: its category's, else its type's, else its company's.

        :return: a scheme, empty where none is chosen; one that is archived, or another company's, counts
            for none
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        schemes = (self.customer_category_id.with_company(company)._find_number_scheme(),
                   company[f"customer_number_scheme_{self.customer_type or self._find_customer_type()}_id"],
                   company.customer_number_scheme_id)
        return next((scheme for scheme in schemes if scheme.active and scheme.company_id in (
            self.env["res.company"], company)), self.env["kundekartotek.number.scheme"])

    def _prepare_number_values(self):
        """What the tokens of a number pattern stand for, but ``type``, whose letters the scheme has."""
        self.ensure_one()
        region = self.country_id.code if self.customer_region == ABROAD else self.customer_region
        return {"region": region or "00", "category": self.customer_category_id.code or "",
                "year": str(fields.Date.context_today(self).year)}
