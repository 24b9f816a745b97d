# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

RECEIVABLE = "property_account_receivable_id"
NAMED_CUSTOMERS = 10  # customers that a message names before it says "and n more"


class ResPartner(models.Model):
    """The customer's category, who chose it, and what it brings."""

    _inherit = "res.partner"

    customer_category_id = fields.Many2one(
        "kundekartotek.category",
        index="btree_not_null",
        ondelete="restrict",
        help="Found by the category rules; what a person chooses is kept. Brings the category's defaults "
        "where the customer has none of its own.",
    )
    customer_category_locked = fields.Boolean(
        help="The category was chosen by a person and is no longer found by the category rules.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["customer_category_id", "customer_category_locked"]

    @api.model
    def _commercial_fields(self):
        return super()._commercial_fields() + ["customer_category_id", "customer_category_locked"]

    def _get_commercial_values(self):
        """A contact that joins a company takes over the lock with the category, also an open one."""
        values = super()._get_commercial_values()
        if "customer_category_id" in values:
            values["customer_category_locked"] = self.customer_category_locked
        return values

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create([self._lock_chosen_category(vals) for vals in vals_list])
        partners.browse(
            partner.id
            for partner, vals in zip(partners, vals_list, strict=True)
            if vals.get("customer_category_id")
        )._receive_category_defaults(self.env["kundekartotek.category"])
        return partners

    def write(self, vals):
        if any(partner.customer_category_id.id != vals.get("customer_category_id") for partner in self):
            vals = self._lock_chosen_category(vals)  # writing what is there (an import) chooses nothing
        previous = self.grouped("customer_category_id") if "customer_category_id" in vals else {}
        result = super().write(vals)
        for category, partners in previous.items():
            moved = partners.filtered(lambda p, before=category: p.customer_category_id != before)
            moved._receive_category_defaults(category)
        if not self.env.context.get("category_rules_running") and (
            vals.keys() & self.env["kundekartotek.category.rule"]._get_input_fields()
        ):
            self.filtered("is_customer")._apply_category_rules()
        return result

    @api.onchange("customer_category_id")
    def _onchange_customer_category(self):
        """A form saves the lock with the category, so the lock must already be right in the form."""
        if self.customer_category_id != self._origin.customer_category_id:
            self.customer_category_locked = bool(self.customer_category_id)

    @api.model
    def _lock_chosen_category(self, vals):
        """A category that somebody writes stays; writing none hands the customer back to the rules."""
        if "customer_category_id" in vals and "customer_category_locked" not in vals:
            return {**vals, "customer_category_locked": bool(vals["customer_category_id"])}
        return vals

    def _become_customer(self):
        # Before super(), while the part that gives the number calls super() first: whatever the order of
        # import, the category is there when a number that may depend on it is given.
        self.filtered(lambda p: not p.customer_category_id)._apply_category_rules()
        return super()._become_customer()

    def _apply_category_rules(self):
        """Let the rules choose the category of these customers; those locked or archived are left alone."""
        if self:
            self.env["kundekartotek.category.rule"]._apply_to(self)

    # Defaults

    def _receive_category_defaults(self, previous):
        """Fill what a new category brings, only where empty, in every company that can use the customer.

        sudo: whoever may choose a category thereby gives its defaults, whether or not they may see a credit
        limit or the other companies of a shared customer.

        :param previous: the category that all these partners had before
        :raises UserError: where the receivable account would change and split open items
        """
        for category, partners in self.sudo()._grouped_by_category():
            for company, customers in partners._grouped_by_company(category | previous):
                customers = customers.with_company(company)
                plan = customers._plan_category_defaults(category, previous)
                if split := customers._find_split_items(plan):
                    raise UserError(customers._explain_split_items(split))
                customers._write_planned(plan)

    def _grouped_by_category(self):
        """:return: pairs (category, commercial partners of it)"""
        return self.filtered(lambda p: p.commercial_partner_id == p).grouped("customer_category_id").items()

    def _grouped_by_company(self, categories):
        """:return: pairs (company, those of these partners it can use), of companies where the categories
        have defaults, the active company first"""
        companies = categories._get_companies_with_defaults() if self else self.env["res.company"]
        for company in companies.sorted(lambda c: c != self.env.company):
            partners = self.filtered_domain(self._check_company_domain(company))
            if partners:
                yield company, partners

    def _plan_category_defaults(self, category, previous=None, overwrite=False):
        """What giving ``category`` to these partners would change in the active company.

        A field counts as empty where the partner has nothing, or only what the company gives everyone
        (``ir.default``). The receivable account also follows where it came from ``previous``.

        :param previous: the category that the partners have or had, if they change it
        :param overwrite: also replace what is not empty
        :return: ``{partner: {field: new value}}``, only partners and fields that change
        """
        company = self.env.company
        defaults = category._get_defaults(company)
        fallbacks = {
            fname: self._fields[fname].get_company_dependent_fallback(self)
            for fname in {*defaults, RECEIVABLE} if self._fields[fname].company_dependent}
        self.fetch([*defaults, RECEIVABLE])  # or every field that differs by company comes along
        given_account = previous._get_defaults(company).get(RECEIVABLE) if previous else None
        plan = {}
        for partner in self:
            changes = {
                fname: value for fname, value in defaults.items()
                if partner[fname] != value
                and (overwrite or not partner[fname] or partner[fname] == fallbacks.get(fname))}
            if given_account and partner[RECEIVABLE] == given_account:
                account = defaults.get(RECEIVABLE) or fallbacks[RECEIVABLE]
                if account != given_account:
                    changes[RECEIVABLE] = account
            if changes:
                plan[partner] = changes
        return plan

    def _write_planned(self, plan):
        """Write a plan of ``_plan_category_defaults``, one write for all partners with the same changes."""
        alike = defaultdict(self.browse)
        for partner, changes in plan.items():
            alike[frozenset(changes.items())] |= partner
        for changes, partners in alike.items():
            partners.write(
                {
                    fname: value.id if isinstance(value, models.BaseModel) else value
                    for fname, value in changes
                }
            )

    def _find_split_items(self, plan):
        """The open items that would stay on another receivable account than the customer's next invoices.

        :return: ``{partner: (account left, account taken, open items, their sum in company currency)}``
        """
        leaving = {
            partner: partner[RECEIVABLE] for partner, changes in plan.items()
            if RECEIVABLE in changes and partner[RECEIVABLE]}
        if not leaving:
            return {}
        accounts = self.env["account.account"].union(*leaving.values())
        groups = self.env["account.move.line"]._read_group(
            [
                ("partner_id", "in", [p.id for p in leaving]),
                ("account_id", "in", accounts.ids),
                ("company_id", "=", self.env.company.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ],
            ["partner_id", "account_id"],
            ["__count", "amount_residual:sum"],
        )
        return {
            partner: (account, plan[partner][RECEIVABLE], count, amount)
            for partner, account, count, amount in groups if leaving[partner] == account}

    def _explain_split_items(self, split):
        """The refusal, with who, how much and the way out; amounts only for those who may see them."""
        user, currency = self.env.user, self.env.company.currency_id
        amounts = user.has_group("account.group_account_readonly") or user.has_group(
            "account.group_account_invoice"
        )
        lines = [
            self.env._("%(customer)s: %(count)s open items, %(amount)s, on %(account)s",
                       customer=partner.display_name, count=count, account=old.display_name,
                       amount=formatLang(self.env, amount, currency_obj=currency)) if amounts else
            self.env._("%(customer)s: %(count)s open items", customer=partner.display_name, count=count)
            for partner, (old, _new, count, amount) in list(split.items())[:NAMED_CUSTOMERS]]
        if len(split) > NAMED_CUSTOMERS:
            lines.append(self.env._("and %(count)s more", count=len(split) - NAMED_CUSTOMERS))
        accounts = self.env["account.account"].union(*(new for _old, new, _count, _amount in split.values()))
        return self.env._(
            "The receivable account would change to %(accounts)s in %(company)s, and leave open items behind "
            "on the old one:\n%(customers)s\n\nSettle these items first, or move them: open Accounting > "
            "Journal Items, select them and choose Move to Account. Then change the category again.",
            accounts=", ".join(accounts.mapped("display_name")),
            company=self.env.company.name,
            customers="\n".join(lines),
        )

    def _held_by_open_items(self, category):
        """Those of these customers whose open items would be split if they got ``category``. sudo: as in
        ``_receive_category_defaults``."""
        held = self.browse()
        self.sudo().fetch(["customer_category_id", "commercial_partner_id", "company_id"])  # all that is needed
        for previous, partners in self.sudo()._grouped_by_category():
            for company, customers in partners._grouped_by_company(category | previous):
                if not any(RECEIVABLE in each._get_defaults(company) for each in (category, previous)):
                    continue
                customers = customers.with_company(company)
                split = customers._find_split_items(customers._plan_category_defaults(category, previous))
                held |= self.browse(partner.id for partner in split)
        return held
