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
}
TRUST = {"risk": "bad", "cash": "good", "good": "good"}


class KundekartotekSegmentRule(models.Model):
    """What a class leads to: a category, payment terms, a degree of trust, or a task for the salesperson. Whatever
    it is, it is proposed, and a person accepts it; a rule may be set to act by itself, but never on a natural
    person, a sole proprietor included (GDPR art. 22)."""

    _name = "kundekartotek.segment.rule"
    _description = "Rule on Classes"
    _inherit = ["kundekartotek.audit.mixin"]
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", default=lambda self: self.env.company.root_id)
    abc_class = fields.Selection(ABC_CLASSES, string="ABC")
    payment_class = fields.Selection(PAYMENT_CLASSES, string="Payment Behaviour")
    rfm_segment = fields.Selection(RFM_SEGMENTS, string="Segment")
    effect = fields.Selection(
        [("category", "Customer Category"), ("payment_term", "Payment Terms"), ("trust", "Degree of Trust"),
         ("activity", "Task for the Salesperson")], required=True, default="activity")
    category_id = fields.Many2one("kundekartotek.category", ondelete="cascade")
    payment_term_id = fields.Many2one("account.payment.term", ondelete="cascade", check_company=True)
    trust = fields.Selection([("good", "Good Debtor"), ("normal", "Normal Debtor"), ("bad", "Bad Debtor")])
    note = fields.Char(string="Task", help="What the salesperson is asked to do.")
    automatic = fields.Boolean(help="Act without asking. About natural persons it is only proposed all the same.")
    open_count = fields.Integer(string="Open Proposals", compute="_compute_open_count")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name", "sequence", "active", "company_id", *CLASS_FIELDS, "effect", "category_id", "payment_term_id",
            "trust", "note", "automatic"]

    def _compute_open_count(self):
        counts = dict(self.env["kundekartotek.segment.proposal"]._read_group(
            [("rule_id", "in", self.ids), ("state", "=", "open")], ["rule_id"], ["__count"]))
        for rule in self:
            rule.open_count = counts.get(rule, 0)

    @api.constrains(*CLASS_FIELDS, "effect", "category_id", "payment_term_id", "trust", "note")
    def _check_complete(self):
        for rule in self:
            if not any(rule[name] for name in CLASS_FIELDS):
                raise ValidationError(self.env._("Choose the class that the rule is about."))
            if not rule[EFFECTS[rule.effect][0] if rule.effect in EFFECTS else "note"]:
                raise ValidationError(self.env._("Say what the rule leads to."))

    def _get_domain(self):
        """The metrics of customers with this rule's classes."""
        return Domain("company_id", "=", self.company_id.root_id.id) & Domain.AND(
            [Domain(name, "=", self[name]) for name in CLASS_FIELDS if self[name]])

    def _get_target(self):
        """:return: what the customer's field would become"""
        return self[EFFECTS[self.effect][0]] if self.effect in EFFECTS else False

    def _has_effect(self, partner):
        """Whether the customer already has what the rule leads to."""
        return self.effect in EFFECTS and partner[EFFECTS[self.effect][1]] == self._get_target()

    def action_view_proposals(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.segment_proposal_action")
        return {**action, "domain": [("rule_id", "=", self.id)], "context": {}}
