# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import split_every

from .segment_rule import EFFECTS, TRUST

_logger = logging.getLogger(__name__)
BATCH = 200


class KundekartotekSegmentProposal(models.Model):
    """What a customer's class suggests, for a person to accept or decline. One that was declined is not made again
    while the customer keeps the class."""

    _name = "kundekartotek.segment.proposal"
    _description = "Proposal from a Class"
    _inherit = ["kundekartotek.audit.mixin"]
    _order = "id DESC"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    rule_id = fields.Many2one("kundekartotek.segment.rule", readonly=True, index=True, ondelete="cascade")
    effect = fields.Selection(
        lambda self: self.env["kundekartotek.segment.rule"]._fields["effect"].selection, required=True, readonly=True)
    trust = fields.Selection(
        [("good", "Good Debtor"), ("normal", "Normal Debtor"), ("bad", "Bad Debtor")], readonly=True)
    text = fields.Char(string="Proposal", compute="_compute_text")
    why = fields.Char(readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("automatic", "Done by Rule"), ("declined", "Declined"),
         ("obsolete", "Withdrawn")], default="open", required=True, readonly=True, index=True)
    user_id = fields.Many2one("res.users", string="Decided by", readonly=True)
    decided = fields.Datetime(readonly=True)

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["partner_id", "company_id", "rule_id", "effect", "state"]

    @api.depends("rule_id", "effect", "trust")
    @api.depends_context("lang")
    def _compute_text(self):
        for proposal in self:
            rule = proposal.rule_id.sudo()
            target = rule._get_target() if rule else proposal.trust
            if proposal.effect == "activity":
                proposal.text = rule.note
            elif proposal.effect == "trust":
                names = dict(proposal._fields["trust"]._description_selection(self.env))
                proposal.text = self.env._("Degree of trust: %(trust)s", trust=names.get(target, ""))
            elif proposal.effect == "payment_term":
                proposal.text = self.env._("Payment terms: %(terms)s", terms=target.display_name)
            else:
                proposal.text = self.env._("Category: %(category)s", category=target.display_name)

    # ---- deciding ----------------------------------------------------------------------------------

    def action_accept(self):
        self._check_decision()
        for proposal in self:
            proposal._apply()
        self._decide("accepted")

    def action_decline(self):
        self._check_decision()
        self._decide("declined")

    def _check_decision(self):
        self.check_access("read")
        if not self.env.user.has_group("kundekartotek_addon.group_credit_manager"):
            raise AccessError(self.env._("Credit managers decide on proposals."))
        if self.filtered(lambda proposal: proposal.state != "open"):
            raise UserError(self.env._("This proposal has been decided on."))

    def _decide(self, state):
        """sudo: the state is written by these buttons and jobs only."""
        self.sudo().write({"state": state, "user_id": self.env.uid, "decided": fields.Datetime.now()})

    def _apply(self):
        """Do it, with the rights of who accepts."""
        rule = self.rule_id.sudo()
        partner = self.partner_id.with_company(self.company_id).with_context(
            audit_reason=self.env._("Proposal accepted: %(why)s", why=self.why or ""))
        if self.effect == "activity":
            user = partner.user_id or self.company_id.insight_responsible_id or self.env.user
            partner.activity_schedule("mail.mail_activity_data_todo", summary=rule.note, note=self.why, user_id=user.id)
        else:
            partner[EFFECTS[self.effect][1]] = rule._get_target() if rule else self.trust

    # ---- making ------------------------------------------------------------------------------------

    @api.model
    def _cron_propose(self):
        """Make the proposals that the classes of today suggest, and withdraw those that they do not any more. A
        rule that may act by itself does, except on natural persons."""
        commit_progress = self.env["ir.cron"]._commit_progress
        rules = self.env["kundekartotek.segment.rule"].search([])
        commit_progress(remaining=len(rules) + 1)
        for rule in rules:
            for metrics in rule._propose():
                self._propose_to(rule, metrics)
                if not commit_progress():
                    return
            commit_progress(1)
        for company in self.env["res.company"].search([("parent_id", "=", False), ("insight_write_trust", "=", True)]):
            self._write_trust(company)
        commit_progress(1)

    @api.model
    def _propose_to(self, rule, metrics):
        proposals = self.create([{
            "partner_id": row.partner_id.id, "company_id": row.company_id.id, "rule_id": rule.id,
            "effect": rule.effect, "why": row._get_why(rule),
        } for row in metrics])
        if rule.automatic:
            proposals.filtered(lambda proposal: not proposal.partner_id._is_natural_person())._act()

    def _act(self):
        """Accept by rule; one that fails stays open for a person."""
        for proposal in self:
            try:
                with self.env.cr.savepoint():
                    proposal._apply()
                    proposal._decide("automatic")
            except Exception as error:  # whatever writing a customer can do wrong
                _logger.info("Proposal %s could not be carried out: %s", proposal.id, error)

    @api.model
    def _write_trust(self, company):
        """Odoo's degree of trust follows the payment class: written, or proposed for natural persons."""
        partners = self.env["res.partner"].with_company(company).with_context(
            audit_reason=self.env._("Payment behaviour"))
        metrics = self.env["kundekartotek.customer.metrics"].search(
            [("company_id", "=", company.id), ("payment_class", "not in", (False, "new"))])
        for rows in split_every(BATCH, metrics.ids, metrics.browse):
            for row in rows:
                partner, trust = partners.browse(row.partner_id.id), TRUST.get(row.payment_class, "normal")
                if partner.trust == trust:
                    continue
                if not partner._is_natural_person():
                    partner.trust = trust
                elif not self.search_count([
                        ("partner_id", "=", partner.id), ("company_id", "=", company.id), ("rule_id", "=", False),
                        ("trust", "=", trust), ("state", "in", ("open", "declined"))], limit=1):
                    self.create({"partner_id": partner.id, "company_id": company.id, "effect": "trust",
                                 "trust": trust, "why": row.payment_why})
            self.env.flush_all()
            self.env["ir.cron"]._commit_progress()


class KundekartotekSegmentRule(models.Model):
    _inherit = "kundekartotek.segment.rule"

    def _propose(self):
        """Withdraw what no longer fits; then whom to propose to, in batches.

        :return: iterator of metrics
        """
        self.ensure_one()
        Proposal = self.env["kundekartotek.segment.proposal"]
        metrics = self.env["kundekartotek.customer.metrics"].search(self._get_domain())
        ours = Proposal.search([("rule_id", "=", self.id), ("state", "in", ("open", "declined"))])
        fitting = metrics.partner_id
        ours.filtered(lambda proposal: proposal.partner_id not in fitting).state = "obsolete"
        known = ours.filtered(lambda proposal: proposal.state != "obsolete").partner_id
        if self.effect == "activity":  # done once for as long as the customer keeps the class
            known |= self._find_done()
        for rows in split_every(BATCH, metrics.ids, metrics.browse):
            partners = rows.partner_id.with_company(self.company_id)
            wanted = partners.filtered(lambda partner: partner not in known and not self._has_effect(partner))
            if wanted:
                yield rows.filtered(lambda row, wanted=wanted: row.partner_id in wanted)

    def _find_done(self):
        """Customers whose salesperson was given the task since they have the class."""
        done = self.env["kundekartotek.segment.proposal"].search([
            ("rule_id", "=", self.id), ("state", "in", ("accepted", "automatic"))])
        changed = self.env["kundekartotek.segment.change"]._read_group(
            [("partner_id", "in", done.partner_id.ids), ("company_id", "=", self.company_id.root_id.id)],
            ["partner_id"], ["date:max"])
        last = dict(changed)
        return done.filtered(
            lambda proposal: not last.get(proposal.partner_id) or proposal.decided >= last[proposal.partner_id]
        ).partner_id


class KundekartotekCustomerMetrics(models.Model):
    _inherit = "kundekartotek.customer.metrics"

    def _get_why(self, rule):
        """Why a customer has the classes that a rule is about, in the language of the database's users."""
        self = self.with_context(lang=self.company_id.partner_id.lang or self.env.user.lang)
        return "; ".join(self[why] for name, why in (
            ("abc_class", "abc_why"), ("payment_class", "payment_why"), ("rfm_segment", "rfm_why")) if rule[name])
