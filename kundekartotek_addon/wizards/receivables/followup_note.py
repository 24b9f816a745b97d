# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class FollowupNote(models.TransientModel):
    """What the customer said of one invoice, or of several at once."""

    _name = "kundekartotek.followup.note"
    _description = "Promise or Dispute"

    move_ids = fields.Many2many("account.move", string="Invoices", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    is_single = fields.Boolean(compute="_compute_currency_id")
    promise_date = fields.Date(string="Promised to Pay by")
    promise_amount = fields.Monetary(string="Amount Promised", help="Empty: all that is open.")
    dispute_reason = fields.Char()
    dispute_since = fields.Date(string="Disputed Since")
    no_followup = fields.Boolean(string="Leave out of Follow-up", help="No reminders, whatever is open.")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        moves = self.env["account.move"].browse(self.env.context.get("active_ids"))
        if self.env.context.get("active_model") != "account.move" or not moves:
            raise UserError(self.env._("Choose posted invoices to customers."))
        moves._check_notable()
        values["move_ids"] = [Command.set(moves.ids)]
        if len(moves) == 1:
            known = ("promise_date", "promise_amount", "dispute_reason", "dispute_since", "no_followup")
            values.update({name: moves[name] for name in known if name in fields})
        return values

    @api.depends("move_ids")
    def _compute_currency_id(self):
        for note in self:
            note.currency_id = note.move_ids.currency_id[:1]
            note.is_single = len(note.move_ids) == 1

    @api.onchange("dispute_reason")
    def _onchange_dispute_reason(self):
        today = fields.Date.context_today(self)
        self.dispute_since = (self.dispute_since or today) if self.dispute_reason else False

    def action_save(self):
        """Note on all these invoices what stands here. What is empty is taken away from a single one, which is shown
        with what is noted on it; of several, each keeps it."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        if self.promise_date and self.promise_date < today and any(
                move.promise_date != self.promise_date for move in self.move_ids):
            raise UserError(self.env._("A promise is for today or a later day."))
        if self.promise_amount < 0:
            raise UserError(self.env._("The amount promised cannot be negative."))
        if self.dispute_since and not self.dispute_reason:
            raise UserError(self.env._("Say why the invoice is disputed."))
        if self.dispute_since and self.dispute_since > today:
            raise UserError(self.env._("A dispute is since today or an earlier day."))
        vals = {}
        if self.promise_date or self.is_single:
            vals["promise_date"] = self.promise_date
            vals["promise_amount"] = self.promise_amount if self.promise_date and self.is_single else 0
        if self.dispute_reason or self.is_single:
            vals["dispute_reason"] = self.dispute_reason
            vals["dispute_since"] = (self.dispute_since or today) if self.dispute_reason else False
        if self.no_followup or self.is_single:
            vals["no_followup"] = self.no_followup
        self.move_ids._note_followup(vals)
        return {"type": "ir.actions.act_window_close"}

    def action_clear(self):
        """Take back promise and dispute: settled, or noted by mistake."""
        self.ensure_one()
        self.move_ids._note_followup({
            "promise_date": False, "promise_amount": 0, "dispute_reason": False, "dispute_since": False})
        return {"type": "ir.actions.act_window_close"}
