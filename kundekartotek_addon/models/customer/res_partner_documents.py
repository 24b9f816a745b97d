# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class ResPartner(models.Model):
    """The documents behind the figures on the customer page."""

    _inherit = "res.partner"

    def action_open_customer_items(self):
        """The open receivable items that make up the balance."""
        return self._open_items_action(self.env._("Open Items"), [])

    def action_open_overdue_items(self):
        """The open claims that were due before today."""
        due = Domain("date_maturity", "<", "today") | (
            Domain("date_maturity", "=", False) & Domain("date", "<", "today"))
        return self._open_items_action(self.env._("Overdue Items"), due & Domain("amount_residual", ">", 0))

    def action_open_last_invoice(self):
        """The newest invoice of this customer."""
        return self._open_last_document(self._last_invoice_sql)

    def action_open_last_payment(self):
        """The payment, or the bank transaction, that the customer last paid with."""
        return self._open_last_document(self._last_payment_sql)

    def _open_items_action(self, title, domain):
        self.ensure_one()
        self.check_access("read")
        self.env["account.move.line"].check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "account.move.line",
            "views": [
                (self.env.ref("kundekartotek_addon.account_move_line_view_list_open_items").id, "list")
            ],
            "domain": [
                ("partner_id.commercial_partner_id", "=", self.commercial_partner_id.id),
                ("account_id", "in", list(self._receivable_account_ids())),
                ("company_id", "in", list(self._company_tree_ids())),
                ("parent_state", "=", "posted"),
                ("amount_residual", "!=", 0),
                *domain,
            ],
            "context": {"create": False},
            "help": self.env._("<p class='o_view_nocontent_neutral_face'>Nothing is open</p>"),
        }

    def _open_last_document(self, statement):
        self.ensure_one()
        self.check_access("read")
        self.env["account.move"].check_access("read")
        found = self.env.execute_query(statement(SQL("%s", self.commercial_partner_id.id)))
        if not found:
            raise UserError(self.env._("Nothing is booked on %(name)s yet.", name=self.display_name))
        return self.env["account.move"].browse(found[0][0]).action_open_business_doc()
