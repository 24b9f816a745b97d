# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.receivables.statement import KINDS


class StatementSend(models.TransientModel):
    """Statements of account for one customer or many: on paper, or by e-mail."""

    _name = "kundekartotek.statement.send"
    _description = "Send Statements of Account"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company)
    partner_ids = fields.Many2many(
        "res.partner", string="Customers", required=True, context={"active_test": False})
    kind = fields.Selection(
        KINDS, string="Content", required=True, default=lambda self: self.env.company.statement_kind)
    date_from = fields.Date(
        string="Movements from", default=lambda self: fields.Date.context_today(self).replace(month=1, day=1))
    without_email = fields.Text(compute="_compute_without_email", string="Without E-mail")

    @api.depends("partner_ids")
    def _compute_without_email(self):
        for wizard in self:
            missing = wizard.partner_ids.commercial_partner_id.filtered(
                lambda customer: not customer._get_invoice_email())
            wizard.without_email = ", ".join(missing.mapped("display_name"))

    def action_print(self):
        """The statements in one document."""
        statements = self._make("printed")
        return self.env.ref("kundekartotek_addon.statement_report").report_action(
            statements, config=False) | {"close_on_report_download": True}

    def action_send(self):
        """Each statement to its customer's address for invoices."""
        return self._make("waiting").action_send()

    def _make(self, state):
        self.ensure_one()
        if not self.partner_ids:
            raise UserError(self.env._("Choose customers."))
        if self.company_id not in self.env.companies:
            raise UserError(self.env._("Choose a company that you have switched on."))
        if self.kind == "all" and not self.date_from:
            raise UserError(self.env._("Give the day that the movements are shown from."))
        return self.env["kundekartotek.statement"].with_company(self.company_id)._make(
            self.partner_ids, state=state, kind=self.kind, date_from=self.date_from if self.kind == "all" else False)
