# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import AccessError

from ..customer.res_partner_figures import AMOUNT_GROUPS
from .credit_request import MANAGERS


class CreditDocument(models.AbstractModel):
    """What credit managers do with what is on hold, one or many."""

    _inherit = "kundekartotek.credit.document"

    def _action_credit_decide(self, decision, name):
        self.check_access("read")
        if not self.env.user.has_group(MANAGERS):
            raise AccessError(self.env._("Only credit managers decide on what is on hold."))
        target = "order_ids" if self._name == "sale.order" else "move_ids"
        return {
            "type": "ir.actions.act_window", "name": name, "res_model": "kundekartotek.credit.release",
            "view_mode": "form", "views": [(False, "form")], "target": "new",
            "context": {"default_decision": decision, f"default_{target}": self.ids}}

    def _action_credit_decisions(self):
        """What was decided on this document."""
        self.ensure_one()
        self.check_access("read")
        self.env["kundekartotek.credit.decision"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.credit_decision_action")
        domain = [("document_model", "=", self._name), ("document_res_id", "=", self.id)]
        return {**action, "domain": domain, "context": {}}


class SaleOrder(models.Model):
    _inherit = "sale.order"

    credit_last_payment_date = fields.Date(
        string="Last Payment", related="credit_customer_id.last_payment_date", groups=AMOUNT_GROUPS)
    credit_last_payment_amount = fields.Monetary(
        string="Last Paid", related="credit_customer_id.last_payment_amount", groups=AMOUNT_GROUPS,
        currency_field="credit_currency_id")
    credit_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    credit_amount = fields.Monetary(
        string="Amount", compute="_compute_credit_amount", currency_field="credit_currency_id",
        help="The order's total in company currency.")

    def _compute_credit_amount(self):
        for order in self:
            order.credit_amount = order._credit_worth()

    def action_credit_release(self):
        return self._action_credit_decide("release", self.env._("Release"))

    def action_credit_reject(self):
        return self._action_credit_decide("reject", self.env._("Reject"))

    def action_credit_prepayment(self):
        return self._action_credit_decide("prepayment", self.env._("Ask for Prepayment"))

    def action_credit_decisions(self):
        return self._action_credit_decisions()

    def action_credit_request(self):
        """Ask for a limit for the customer of this order."""
        self.ensure_one()
        self.check_access("read")
        return self.partner_invoice_id.commercial_partner_id._action_credit_request(order=self)

    def _credit_go_on(self):
        """Confirm these orders that were released, all at once, or two who release several would wait for each
        other. sudo: their salespersons have confirmed them already."""
        orders = self.sudo().filtered(lambda order: order.state in ("draft", "sent"))
        told = orders.filtered("credit_sends_email")
        orders.with_context(send_email=False).action_confirm()
        told.filtered(lambda order: order.state == "sale")._send_order_confirmation_mail()

    def _credit_reject(self, reason):
        """Nobody confirms this order until it is released. sudo: as in ``_credit_release``."""
        self.sudo().write({"credit_state": "rejected", "credit_rejection": reason, "credit_recheck": False})
        self._credit_record("rejected", reason=reason)
        self._credit_inform(self.env._("Rejected by credit control: %(reason)s", reason=reason))

    def _credit_ask_prepayment(self, reason):
        """The customer may pay the whole order online, which lets it through. sudo: as above."""
        self.sudo().write({"require_payment": True, "prepayment_percent": 1.0, "credit_prepayment": True})
        self._credit_record("prepayment", reason=reason)
        self._credit_inform(self.env._(
            "The customer must pay in advance: %(reason)s. Send the quotation anew with its payment link.",
            reason=reason))

    def _credit_inform(self, text):
        self.sudo().message_post(
            body=text, partner_ids=self.user_id.partner_id.ids, subtype_xmlid="mail.mt_note",
            message_type="notification")


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_credit_release(self):
        return self._action_credit_decide("release", self.env._("Release"))

    def action_credit_decisions(self):
        return self._action_credit_decisions()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_credit_request(self):
        """Ask for a limit for this customer."""
        self.ensure_one()
        self.check_access("read")
        return self.commercial_partner_id._action_credit_request()

    def _action_credit_request(self, order=None):
        self.env["kundekartotek.credit.request"].check_access("create")
        return {
            "type": "ir.actions.act_window", "name": self.env._("Ask for a Limit"), "target": "new",
            "res_model": "kundekartotek.credit.request", "view_mode": "form",
            "views": [(self.env.ref("kundekartotek_addon.credit_request_view_form_ask").id, "form")],
            "context": {"default_partner_id": self.id, "default_order_id": order.id if order else False}}

    def action_credit_decisions(self):
        """What was decided on this customer's credit, and on that of those merged into it."""
        self.ensure_one()
        self.check_access("read")
        self.env["kundekartotek.credit.decision"].check_access("read")
        domain = self.env["kundekartotek.audit.event"].sudo()._customer_domain(self.commercial_partner_id.id)
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.credit_decision_action")
        return {**action, "domain": list(domain), "context": {}}
