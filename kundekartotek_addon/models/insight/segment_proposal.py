# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import split_every

from .segment_rule import EFFECTS, ONCE

_logger = logging.getLogger(__name__)
BATCH = 200


class KundekartotekSegmentProposal(models.Model):
    """What a customer's class suggests, for a person to accept or decline: kept as it was proposed, whatever becomes
    of the rule. One that was declined is not made again while the customer keeps the class."""

    _name = "kundekartotek.segment.proposal"
    _description = "Proposal from a Class"
    _inherit = ["kundekartotek.segment.effect", "kundekartotek.audit.mixin"]
    _order = "id DESC"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    rule_id = fields.Many2one("kundekartotek.segment.rule", readonly=True, index=True, ondelete="set null")
    category_id = fields.Many2one(ondelete="set null")
    payment_term_id = fields.Many2one(ondelete="set null")
    text = fields.Char(string="Proposal", readonly=True)
    why = fields.Char(readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("automatic", "Done by Rule"), ("declined", "Declined"),
         ("obsolete", "Withdrawn")], default="open", required=True, readonly=True, index=True)
    user_id = fields.Many2one("res.users", string="Decided by", readonly=True)
    decided = fields.Datetime(readonly=True)
    problem = fields.Char(readonly=True, help="Why the rule could not act by itself; a person may try again.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["partner_id", "company_id", "rule_id", "effect", "state"]

    # ---- deciding ----------------------------------------------------------------------------------

    def action_accept(self):
        self._check_decision()
        if outdated := self.filtered(lambda proposal: not proposal._is_current()):
            raise UserError(self.env._(
                "What was proposed for these customers does not follow from their classes any more, and is withdrawn "
                "tonight: %(customers)s", customers=", ".join(outdated.partner_id.mapped("display_name"))))
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

    def _is_said(self):
        """Whether the rule still says this. sudo: a rule is read for whoever decides."""
        rule = self.rule_id.sudo()
        return rule.active and rule.company_id == self.company_id and rule._get_effect() == self._get_effect()

    def _is_current(self):
        """Whether this follows from the class that the customer has now."""
        return self._is_said() and bool(self.rule_id.sudo()._search_fitting(
            fields.Domain("partner_id", "=", self.partner_id.id)))

    def _decide(self, state):
        """sudo: the state is written by these buttons and jobs only."""
        self.sudo().write({"state": state, "user_id": self.env.uid, "decided": fields.Datetime.now(),
                           "problem": False})

    def _apply(self):
        """Do it, with the rights of who accepts."""
        partner = self.partner_id.with_company(self.company_id).with_context(
            audit_reason=self.env._("Proposal accepted: %(why)s", why=self.why or ""))
        if self.effect == "activity":
            user = partner.user_id or self.company_id.insight_responsible_id or self.env.user
            partner.activity_schedule("mail.mail_activity_data_todo", summary=self.note, note=self.why, user_id=user.id)
        else:
            partner[EFFECTS[self.effect][1]] = self._get_target()

    # ---- making ------------------------------------------------------------------------------------

    @api.model
    def _cron_propose(self):
        """Make the proposals that the classes of today suggest, and withdraw those that they do not any more. A
        rule that may act by itself does, except on natural persons."""
        commit_progress = self.env["ir.cron"]._commit_progress
        rules = self.env["kundekartotek.segment.rule"].search([])
        commit_progress(remaining=len(rules))
        for rule in rules:
            for metrics in rule._propose():
                self._propose_to(rule, metrics)
                if not commit_progress():
                    return
            commit_progress(1)

    @api.model
    def _propose_to(self, rule, metrics):
        said = rule.with_context(lang=rule.company_id.partner_id.lang or self.env.user.lang)
        proposals = self.create([{
            "partner_id": row.partner_id.id, "company_id": rule.company_id.id, "rule_id": rule.id,
            "text": said._say_effect(), "why": row.with_env(said.env)._get_why(rule), **rule._get_effect(),
        } for row in metrics])
        if rule.automatic:
            proposals.filtered(lambda proposal: not proposal.partner_id._is_natural_person())._act()

    def _act(self):
        """Accept by rule; one that fails stays open for a person, and says why."""
        for proposal in self:
            try:
                with self.env.cr.savepoint():
                    proposal._apply()
                    proposal._decide("automatic")
            except Exception as error:  # whatever writing a customer can do wrong
                _logger.info("Proposal %s could not be carried out: %s", proposal.id, error)
                proposal.sudo().problem = str(error) or type(error).__name__


class KundekartotekSegmentRule(models.Model):
    _inherit = "kundekartotek.segment.rule"

    def _propose(self):
        """Withdraw what no longer fits; then whom to propose to, in batches.

        :return: iterator of metrics
        """
        self.ensure_one()
        metrics, undone = self._search_fitting(), self._find_undone()
        fitting = set(metrics.partner_id.ids)
        gone = undone.filtered(lambda proposal: proposal.partner_id.id not in fitting)
        gone.state = "obsolete"
        known = (undone - gone).partner_id
        if self.effect in ONCE:
            known |= self._find_done()
        for rows in split_every(BATCH, metrics.ids, metrics.browse):
            partners = rows.partner_id.with_company(self.company_id)
            wanted = partners.filtered(lambda partner: partner not in known and not self._has_effect(partner))
            if wanted:
                yield rows.filtered(lambda row, wanted=wanted: row.partner_id in wanted)

    def _find_done(self):
        """Customers for whom it was done since they have the class."""
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
        """Why a customer has the classes that a rule is about."""
        return "; ".join(self[why] for name, why in (
            ("abc_class", "abc_why"), ("payment_class", "payment_why"), ("rfm_segment", "rfm_why")) if rule[name])
