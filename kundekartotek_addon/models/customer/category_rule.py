# SPDX-License-Identifier: LGPL-3.0-or-later
import ast
import logging
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import ormcache, split_every

_logger = logging.getLogger(__name__)

BATCH = 500  # customers moved between two commits of the nightly job


class RuleResult(NamedTuple):
    """What a rule does to the customers looked at."""

    matching: set  # ids that its domain fits
    moving: set  # of these, ids it gives another category: unlocked, and fitting no rule before it
    problem: str  # why the rule could not be used, or ""


class KundekartotekCategoryRule(models.Model):
    """Which category a customer gets: the first rule, in the order of the list, whose domain fits.

    The rules are asked when somebody becomes a customer, when a field that a rule looks at changes, and every
    night. A customer that no rule fits keeps its category, as does one whose category a person chose."""

    _name = "kundekartotek.category.rule"
    _description = "Customer Category Rule"
    _inherit = ["kundekartotek.cached.configuration", "kundekartotek.audit.mixin"]
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    category_id = fields.Many2one("kundekartotek.category", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company",
        index="btree_not_null",
        ondelete="cascade",
        help="Only customers that this company can use; what differs by company is read in this company.",
    )
    domain = fields.Char(
        string="Conditions", required=True, default="[]", help="No conditions: the rule fits every customer.")
    match_count = fields.Integer(
        string="Fits", compute="_compute_counts", help="Customers that the conditions fit now.")
    move_count = fields.Integer(
        string="Would Move",
        compute="_compute_counts",
        help="Customers to which this rule would give another category now: not locked, and fitting no rule "
        "before it.",
    )
    held_count = fields.Integer(
        string="Held",
        compute="_compute_counts",
        help="Of those, customers that keep their category as long as they have open items on a receivable "
        "account they would leave.",
    )
    problem = fields.Char(
        compute="_compute_counts", help="Why the rule cannot be used; the other rules go on."
    )

    @api.depends("sequence", "active", "category_id.active", "company_id", "domain")
    def _compute_counts(self):
        results = self._evaluate()
        for rule in self:
            matching, moving, rule.problem = results.get(rule, RuleResult(set(), set(), ""))
            rule.match_count, rule.move_count = len(matching), len(moving)
            customers = self.env["res.partner"].browse(moving)
            rule.held_count = len(customers._held_by_open_items(rule.category_id))

    @api.constrains("domain", "company_id")
    def _check_domain(self):
        """A rule works when it is saved, for the one who saves it: so nobody asks through a rule about fields
        that they may not read."""
        for rule in self:
            try:
                with self.env.cr.savepoint():
                    # constraints run as superuser: go back to the user's own rights
                    customers = self.env["res.partner"].sudo(False).with_company(rule.company_id)
                    customers.search(rule._get_domain(), limit=1)
            except Exception as error:  # whatever a domain can do wrong
                raise ValidationError(
                    self.env._(
                        "The conditions of rule %(rule)s cannot be used: %(error)s",
                        rule=rule.name,
                        error=error,
                    )
                ) from error
            if not rule.company_id and self.env["res.company"].sudo().search_count([], limit=2) > 1:
                rule._check_same_in_every_company()

    def _check_same_in_every_company(self):
        """A rule for all companies may not look at a field that has another value in each."""
        for path in self._get_paths():
            model = self.env["res.partner"]
            for fname in path.split("."):
                field = model._fields.get(fname)
                if field is None:  # a part of a date or of properties
                    break
                if "company" in model.pool.field_depends_context[field]:
                    raise ValidationError(self.env._(
                        "%(field)s may differ by company: say in which company rule %(rule)s reads it.",
                        field=field._description_string(self.env), rule=self.name))
                model = self.env[field.comodel_name] if field.relational else model

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name", "sequence", "active", "category_id", "company_id", "domain"]

    # What a rule looks at

    def _get_conditions(self):
        """:return: the conditions as written, read as data and never run
        :raises ValueError: where they are no domain of constants
        """
        try:
            return Domain(ast.literal_eval(self.domain or "[]"))
        except (SyntaxError, TypeError) as error:
            raise ValueError(self.env._(
                "only fixed values are allowed; write dates as in 'today -30d'")) from error

    def _get_paths(self):
        return {condition.field_expr for condition in self._get_conditions().iter_conditions()}

    @api.model
    @ormcache()
    def _get_input_fields(self):
        """Fields whose writing can change what a rule says, also by way of computed fields. What lies on
        other records is seen by the nightly job.

        :return: frozenset of names of fields of ``res.partner``
        """
        rules = self.sudo().search([("active", "=", True)])  # sudo: whoever writes a customer
        found, waiting = set(), {"customer_category_locked"} if rules else set()
        for rule in rules:
            try:
                waiting |= {path.split(".")[0] for path in rule._get_paths()}
            except ValueError:
                continue  # shown as the rule's problem
        partner_fields = self.env["res.partner"]._fields
        while waiting:
            fname = waiting.pop()
            if fname in found or fname not in partner_fields:
                continue
            found.add(fname)
            waiting |= {path.split(".")[0] for path in self.pool.field_depends[partner_fields[fname]]}
        return frozenset(found)

    def _get_customers(self):
        """The customers as a rule sees them, the same for every user: in the rule's company (else the first
        one) and the language of who wrote it. sudo: the rules also run for those who may not read
        categories."""
        self.ensure_one()
        company = self.company_id or self.env.ref("base.user_root").sudo().company_id
        writer = self.sudo().write_uid
        env = self.env(su=True, context={"lang": writer.lang, "tz": writer.tz})
        return env["res.partner"].with_company(company)

    def _get_domain(self, partner_ids=None):
        domain = Domain("active", "=", True) & Domain("is_customer", "=", True) & self._get_conditions()
        if self.company_id:
            domain &= Domain(self.env["res.partner"]._check_company_domain(self.company_id))
        if partner_ids is not None:
            domain &= Domain("id", "in", partner_ids)
        return domain

    # Buttons

    def action_view_matching(self):
        return self._view_customers("matching")

    def action_view_moving(self):
        return self._view_customers("moving")

    def _view_customers(self, which):
        self.ensure_one()
        self.check_access("read")
        result = self._evaluate().get(self)
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.res_partner_action")
        return {**action, "display_name": self.name,
                "domain": [("id", "in", list(getattr(result, which)) if result else [])]}

    # Running

    @api.model
    def _evaluate(self, partner_ids=None):
        """Ask every rule once, in order, each in one query; one that fails is passed over.

        :param partner_ids: the customers to look at, all if None
        :return: ``{rule: RuleResult}``
        """
        candidates = Domain("active", "=", True) & Domain("is_customer", "=", True)
        if partner_ids is not None:
            candidates &= Domain("id", "in", partner_ids)
        candidates &= Domain("customer_category_locked", "=", False)
        groups = self.env["res.partner"].sudo()._read_group(
            candidates, ["customer_category_id"], ["id:array_agg"])
        category_of = {partner_id: category.id for category, ids in groups for partner_id in ids}
        results, seen = {}, set()
        if partner_ids is not None and not category_of:
            return results
        for rule in self.sudo().search([("category_id.active", "=", True)]):
            try:
                with self.env.cr.savepoint():
                    matching = set(rule._get_customers()._search(rule._get_domain(partner_ids)))
            except Exception as error:  # whatever a domain can do wrong, after a field or an addon is gone
                results[rule] = RuleResult(set(), set(), str(error))
                continue
            moving = {
                partner_id for partner_id in matching - seen
                if category_of.get(partner_id, rule.category_id.id) != rule.category_id.id}
            results[rule] = RuleResult(matching, moving, "")
            seen |= matching
        return results

    @api.model
    def _apply_to(self, partners):
        """Give these customers the categories that the rules say."""
        for rule, result in self._evaluate(partners.ids).items():
            rule._move(result.moving)

    def _move(self, partner_ids):
        """Give customers this rule's category; those whose open items would be split keep theirs, and are
        counted on the rule. sudo: the rules act for everyone who creates or writes a customer."""
        partners = self.env["res.partner"].sudo().browse(partner_ids).with_context(
            category_rules_running=True,
            audit_reason=self.env._("Category rule: %(rule)s", rule=self.name))
        partners -= partners._held_by_open_items(self.category_id)
        if partners:
            partners.write({"customer_category_id": self.category_id.id, "customer_category_locked": False})

    @api.model
    def _cron_apply_rules(self):
        """Let the rules move every customer that they say belongs elsewhere. What was moved is no longer
        found, so the next run goes on where this one stopped."""
        results = self._evaluate()
        commit_progress = self.env["ir.cron"]._commit_progress
        commit_progress(remaining=sum(len(result.moving) for result in results.values()))
        for rule, result in results.items():
            for partner_ids in split_every(BATCH, sorted(result.moving)):
                rule._move_or_skip(partner_ids)
                if not commit_progress(len(partner_ids)):
                    return

    def _move_or_skip(self, partner_ids):
        """Move what can be moved: customers in use by somebody else are left for the next run, and one that
        cannot be written never keeps back the others; it stays among those that the rule *would move*."""
        customers = self.env["res.partner"].browse(partner_ids).try_lock_for_update()
        try:
            with self.env.cr.savepoint():
                self._move(customers.ids)
        except Exception as error:  # whatever writing a customer can do wrong
            if len(customers) == 1:
                _logger.info("Rule %s could not move customer %s: %s", self.id, customers.id, error)
                return
            for customer in customers:
                self._move_or_skip(customer.ids)
