# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import UserError

DECISIONS = [("approve", "Approve"), ("decline", "Decline")]


class CreditApproval(models.TransientModel):
    """A credit manager's answer to a limit request, with what there is to say to it."""

    _name = "kundekartotek.credit.approval"
    _description = "Decide on a Limit Request"

    request_id = fields.Many2one("kundekartotek.credit.request", required=True, ondelete="cascade")
    decision = fields.Selection(DECISIONS, required=True, default="approve")
    needs_second = fields.Boolean(related="request_id.needs_second")
    note = fields.Char(string="Comment")

    def action_decide(self):
        """The request asks whether its caller may."""
        self.ensure_one()
        note = (self.note or "").strip()
        if self.decision == "approve":
            self.request_id.action_approve(note)
        elif note:
            self.request_id.action_decline(note)
        else:
            raise UserError(self.env._("Say why the limit is declined: whoever asked is told."))
        return {"type": "ir.actions.act_window_close"}
