# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

from ...models.customer.res_partner_figures import AMOUNT_GROUPS


class CreditDialog(models.TransientModel):
    """What the button of an invoice says when credit control has something to say."""

    _name = "kundekartotek.credit.dialog"
    _description = "Credit Control of an Invoice"

    move_id = fields.Many2one("account.move", required=True, readonly=True, ondelete="cascade")
    stopped = fields.Boolean(readonly=True)
    can_release = fields.Boolean(readonly=True)
    words = fields.Text(readonly=True)
    figures = fields.Text(readonly=True, groups=AMOUNT_GROUPS)
    credit_overview = fields.Json(related="move_id.credit_overview", groups=AMOUNT_GROUPS)

    def action_post(self):
        """Post in spite of a warning. What is stopped stays stopped: ``_post`` tests it again."""
        self.ensure_one()
        self.move_id.with_env(self.env).check_access("write")
        return self.move_id.action_post() or {"type": "ir.actions.act_window_close"}

    def action_release(self):
        self.ensure_one()
        return self.move_id.action_credit_release()

    def action_request(self):
        self.ensure_one()
        return self.move_id.partner_id.action_credit_request()
