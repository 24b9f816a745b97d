# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .customer_metrics import ABC_CLASSES, PAYMENT_CLASSES, RFM_SEGMENTS

CLASS_FIELDS = ("abc_class", "payment_class", "rfm_segment")
# What a rule can change: {effect: (field of the rule, field of the customer)}
EFFECTS = {
    "category": ("category_id", "customer_category_id"),
    "payment_term": ("payment_term_id", "property_payment_term_id"),
    "trust": ("trust", "trust"),
    "statement": ("statement", "statement_opt_out"),
}
# Done once for as long as the customer keeps the class: what is asked of a person, and what a customer may decline.
ONCE = ("activity", "statement")
TRUST = {"risk": "bad", "slow": "normal", "normal": "normal", "good": "good", "cash": "good"}
EFFECT_FIELDS = ("effect", "category_id", "payment_term_id", "trust", "statement", "note")


class KundekartotekSegmentEffect(models.AbstractModel):
    """What becomes of a customer: a category, payment terms, a degree of trust, whether it is reminded by monthly
    statements, or a task for the salesperson."""

    _name = "kundekartotek.segment.effect"
    _description = "What a Class Leads To"

    effect = fields.Selection(
        [("category", "Customer Category"), ("payment_term", "Payment Terms"), ("trust", "Degree of Trust"),
         ("statement", "Monthly Statements"), ("activity", "Task for the Salesperson")],
        required=True, default="activity")
    category_id = fields.Many2one("kundekartotek.category", ondelete="cascade")
    payment_term_id = fields.Many2one("account.payment.term", ondelete="cascade", check_company=True)
    trust = fields.Selection([("good", "Good Debtor"), ("normal", "Normal Debtor"), ("bad", "Bad Debtor")])
    statement = fields.Selection([("sent", "Are Sent"), ("none", "Are Not Sent")], string="Monthly Statements")
    note = fields.Char(string="Task", help="What the salesperson is asked to do.")

    def _get_effect(self):
        """:return: the values that say what it leads to, to be written on another record"""
        return {name: self[name].id if self._fields[name].relational else self[name] for name in EFFECT_FIELDS}

    def _get_target(self):
        """:return: what the customer's field would become"""
        if self.effect == "statement":
            return self.statement == "none"
        return self[EFFECTS[self.effect][0]] if self.effect in EFFECTS else False

    def _has_effect(self, partner):
        """Whether the customer already has what this leads to."""
        return self.effect in EFFECTS and partner[EFFECTS[self.effect][1]] == self._get_target()

    def _say_effect(self):
        """:return: what it leads to, in words"""
        target = self._get_target()
        match self.effect:
            case "category":
                return self.env._("Category: %(category)s", category=target.display_name)
            case "payment_term":
                return self.env._("Payment terms: %(terms)s", terms=target.display_name)
            case "trust":
                names = dict(self._fields["trust"]._description_selection(self.env))
                return self.env._("Degree of trust: %(trust)s", trust=names.get(target, ""))
            case "statement":
                names = dict(self._fields["statement"]._description_selection(self.env))
                return self.env._("Monthly statements: %(choice)s", choice=names.get(self.statement, ""))
        return self.note


class KundekartotekSegmentRule(models.Model):
    """What a class leads to. Whatever it is, it is proposed, and a person accepts it; a rule may be set to act by
    itself, but never on a natural person, a sole proprietor included (GDPR art. 22). Of the rules about the same
    thing, the first that fits a customer counts; tasks do not compete."""

    _name = "kundekartotek.segment.rule"
    _description = "Rule on Classes"
    _inherit = ["kundekartotek.segment.effect", "kundekartotek.audit.mixin"]
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", default=lambda self: self.env.company.root_id)
    abc_class = fields.Selection(ABC_CLASSES, string="ABC")
    payment_class = fields.Selection(PAYMENT_CLASSES, string="Payment Behaviour")
    rfm_segment = fields.Selection(RFM_SEGMENTS, string="Segment")
    automatic = fields.Boolean(help="Act without asking. About natural persons it is only proposed all the same.")
    open_count = fields.Integer(string="Open Proposals", compute="_compute_open_count")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name", "sequence", "active", "company_id", *CLASS_FIELDS, *EFFECT_FIELDS, "automatic"]

    def _compute_open_count(self):
        counts = dict(self.env["kundekartotek.segment.proposal"]._read_group(
            [("rule_id", "in", self.ids), ("state", "=", "open")], ["rule_id"], ["__count"]))
        for rule in self:
            rule.open_count = counts.get(rule, 0)

    @api.constrains(*CLASS_FIELDS, "effect", "category_id", "payment_term_id", "trust", "statement", "note")
    def _check_complete(self):
        for rule in self:
            if not any(rule[name] for name in CLASS_FIELDS):
                raise ValidationError(self.env._("Choose the class that the rule is about."))
            if not rule[EFFECTS[rule.effect][0] if rule.effect in EFFECTS else "note"]:
                raise ValidationError(self.env._("Say what the rule leads to."))

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint({"active", "company_id", *EFFECT_FIELDS}):
            self._withdraw_outdated()
        return result

    def unlink(self):
        self._find_undone().state = "obsolete"
        return super().unlink()

    @api.model
    def _make_trust_rules(self, company):
        """The rules that let the payment class set Odoo's degree of trust."""
        names = dict(self._fields["payment_class"]._description_selection(self.env))
        self.create([{
            "name": self.env._("Degree of trust: %(trust)s", trust=names[payment_class]), "company_id": company.id,
            "payment_class": payment_class, "effect": "trust", "trust": trust, "automatic": True,
        } for payment_class, trust in TRUST.items()])

    # ---- whom it fits ------------------------------------------------------------------------------

    def _get_domain(self):
        """The metrics of customers with this rule's classes, of those that are not archived."""
        return Domain("company_id", "=", self.company_id.root_id.id) & Domain("partner_active", "=", True) & Domain.AND(
            [Domain(name, "=", self[name]) for name in CLASS_FIELDS if self[name]])

    def _search_fitting(self, domain=Domain.TRUE):
        """:return: the metrics of customers that this is the first rule of its effect to fit"""
        metrics = self.env["kundekartotek.customer.metrics"]
        domain &= self._get_domain()
        for rule in self._find_earlier():
            domain &= Domain("partner_id", "not in", metrics._search(rule._get_domain()).subselect("partner_id"))
        return metrics.search(domain)

    def _find_earlier(self):
        """The rules before this one that would write the same field of a customer."""
        if self.effect not in EFFECTS:
            return self.browse()
        is_by_company = self.env["res.partner"]._fields[EFFECTS[self.effect][1]].company_dependent
        rules = self.search([("effect", "=", self.effect)] + (
            [("company_id", "=", self.company_id.id)] if is_by_company else []))
        return rules[:rules.ids.index(self.id)]

    # ---- its proposals -----------------------------------------------------------------------------

    def _find_undone(self):
        """Proposals that are open, or were declined for as long as the customer keeps the class. sudo: proposals
        are written by the program."""
        return self.env["kundekartotek.segment.proposal"].sudo().search(
            [("rule_id", "in", self.ids), ("state", "in", ("open", "declined"))])

    def _withdraw_outdated(self):
        """Withdraw what a rule does not say any more."""
        self._find_undone().filtered(lambda proposal: not proposal._is_said()).state = "obsolete"

    def action_view_proposals(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.segment_proposal_action")
        return {**action, "domain": [("rule_id", "=", self.id)], "context": {}}
