# SPDX-License-Identifier: LGPL-3.0-or-later
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import ormcache

from ...tools.credit import Rule
from ..customer.res_partner import CUSTOMER_TYPES

KINDS = [
    ("limit", "Credit limit used"),
    ("overdue", "Overdue amount"),
    ("oldest", "Oldest overdue item"),
    ("review", "Review of the limit overdue"),
    ("register", "Register: bankrupt, winding up or deleted"),
    ("blocked", "Blocked by hand"),
]
CHECKPOINTS = [("order", "Order confirmed"), ("invoice", "Invoice posted")]
ACTION_LABELS = [
    ("nothing", "Nothing"),
    ("warn", "Warn"),
    ("hold", "Put on hold"),
    ("refuse", "Refuse"),
]


class PolicyFacts(NamedTuple):
    """A policy as plain values, kept in the server's cache."""

    id: int
    category_ids: frozenset  # empty: every category
    customer_type: str
    counts_security: bool
    exempts_immediate: bool
    releases_itself: bool
    rules: dict  # checkpoint → tuple of Rule


class CreditPolicy(models.Model):
    """What a company risks on which customers. The first policy that fits a customer decides."""

    _name = "kundekartotek.credit.policy"
    _description = "Credit Policy"
    _inherit = ["kundekartotek.cached.configuration", "kundekartotek.audit.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10, help="The first policy that fits a customer decides.")
    company_id = fields.Many2one(
        "res.company", default=lambda self: self.env.company, help="Empty: every company with credit control."
    )
    category_ids = fields.Many2many(
        "kundekartotek.category",
        "kundekartotek_credit_policy_category_rel",
        help="Customers of these categories and those below them. Empty: of every category.",
    )
    customer_type = fields.Selection(CUSTOMER_TYPES, help="Empty: customers of every type.")
    counts_security = fields.Boolean(
        string="Insurance and Guarantees Count",
        help="What is insured or guaranteed, and has not expired, comes on top of the limit.",
    )
    exempts_immediate = fields.Boolean(
        string="Immediate Payment is Exempt",
        default=True,
        help="An order or invoice whose payment term says immediate payment is not tested. One without a "
        "payment term is.",
    )
    releases_itself = fields.Boolean(
        string="Held Orders Go Through by Themselves",
        default=True,
        help="An order on hold is confirmed as soon as it breaks no rule any more. Otherwise the salesperson "
        "is told, and confirms it.",
    )
    rule_ids = fields.One2many("kundekartotek.credit.rule", "policy_id", copy=True)

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name", "active", "sequence", "company_id", "category_ids", "customer_type", "counts_security",
            "exempts_immediate", "releases_itself",
        ]

    @api.model
    @ormcache("company_id")
    def _facts_of(self, company_id):
        """The policies of a company in order, as plain values. sudo: they hold whoever confirms or posts."""
        policies = self.sudo().search([("company_id", "in", [False, company_id])])
        categories = self.env["kundekartotek.category"].sudo().with_context(active_test=False)
        return tuple(
            PolicyFacts(
                policy.id,
                frozenset(categories.search([("id", "child_of", policy.category_ids.ids)])._ids)
                if policy.category_ids
                else frozenset(),
                policy.customer_type or "",
                policy.counts_security,
                policy.exempts_immediate,
                policy.releases_itself,
                {
                    checkpoint: tuple(
                        rule._facts() for rule in policy.rule_ids if rule.checkpoint == checkpoint
                    )
                    for checkpoint, _label in CHECKPOINTS
                },
            )
            for policy in policies
        )

    @api.model
    def _find(self, company_id, category_id, customer_type):
        """:return: the facts of the policy that decides on such a customer, or None"""
        return next(
            (
                policy
                for policy in self._facts_of(company_id)
                if (not policy.category_ids or category_id in policy.category_ids)
                and policy.customer_type in ("", customer_type)
            ),
            None,
        )


class CreditRule(models.Model):
    _name = "kundekartotek.credit.rule"
    _description = "Credit Rule"
    _inherit = ["kundekartotek.cached.configuration", "kundekartotek.audit.mixin"]
    _order = "policy_id, checkpoint desc, sequence, id"
    _rec_name = "kind"

    policy_id = fields.Many2one("kundekartotek.credit.policy", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(KINDS, string="Rule", required=True, default="limit")
    checkpoint = fields.Selection(CHECKPOINTS, string="When", required=True, default="order")
    action = fields.Selection(ACTION_LABELS, required=True, default="hold")
    percent = fields.Float(string="Per Cent of Limit", default=100.0)
    amount = fields.Float(help="What may be overdue.")
    days = fields.Integer(help="Days overdue that do not count yet.")
    tolerance = fields.Float(
        help="For the limit: how much it may be passed. For what is overdue: an item whose rest is no larger "
        "does not count."
    )

    _percent_positive = models.Constraint("CHECK (percent > 0)", "The share of the limit must be above 0 %.")
    _numbers_not_negative = models.Constraint(
        "CHECK (amount >= 0 AND days >= 0 AND tolerance >= 0)",
        "Amounts, days and tolerance cannot be negative.",
    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "policy_id", "kind", "checkpoint", "action", "percent", "amount", "days", "tolerance",
        ]

    @api.model
    def _audited_amounts(self):
        return super()._audited_amounts() + ["amount", "tolerance"]

    def _facts(self):
        return Rule(self.kind, self.action, self.percent, self.amount, self.days, self.tolerance)
