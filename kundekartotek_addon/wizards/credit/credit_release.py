# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.misc import formatLang

from ...models.credit.credit_request import MANAGERS
from ...tools.credit import CENT

DECISIONS = [("release", "Release"), ("reject", "Reject"), ("prepayment", "Ask for prepayment")]
DAYS = 14


class CreditRelease(models.TransientModel):
    """A credit manager's decision on what is on hold, one or many, with a reason."""

    _name = "kundekartotek.credit.release"
    _description = "Decide on Holds"

    decision = fields.Selection(DECISIONS, required=True, default="release")
    order_ids = fields.Many2many("sale.order", string="Orders")
    move_ids = fields.Many2many("account.move", string="Invoices")
    count = fields.Integer(string="Documents", compute="_compute_count")
    currency_id = fields.Many2one("res.currency", compute="_compute_count")
    amount = fields.Monetary(
        string="Up to", compute="_compute_amount", store=True, readonly=False,
        help="In company currency. If the document grows beyond it, it is tested anew. Of several, each is "
        "released up to its own total.")
    date_until = fields.Date(
        string="Valid until", required=True,
        default=lambda self: fields.Date.context_today(self) + timedelta(days=DAYS))
    reason = fields.Char(required=True)

    @api.depends("order_ids", "move_ids")
    def _compute_count(self):
        for wizard in self:
            documents = wizard._get_documents()
            wizard.count = len(documents)
            wizard.currency_id = documents[:1] and documents[0].company_id.root_id.sudo().currency_id

    @api.depends("order_ids", "move_ids")
    def _compute_amount(self):
        for wizard in self:
            documents = wizard._get_documents()
            wizard.amount = documents[0]._credit_worth() if len(documents) == 1 else 0.0

    def _get_documents(self):
        self.ensure_one()
        return [*self.order_ids._origin.sorted("id"), *self.move_ids._origin.sorted("id")]

    def action_decide(self):
        self.ensure_one()
        if not self.env.user.has_group(MANAGERS):
            raise AccessError(self.env._("Only credit managers decide on what is on hold."))
        self.env["res.users"]._check_two_factor(self.env._("Release of what is on hold"))
        documents = self._get_documents()
        for document in documents:
            document.check_access("read")
            if document.credit_state not in ("hold", "rejected"):
                raise UserError(self.env._("%(document)s is not on hold.", document=document.display_name))
        if self.decision == "release":
            self._release(documents)
        elif self.move_ids or self.order_ids.filtered(lambda order: order.state not in ("draft", "sent")):
            raise UserError(self.env._(
                "Only a quotation is rejected or paid in advance. Release what is confirmed or invoiced, or cancel "
                "it."))
        else:
            for order in self.order_ids:
                if self.decision == "reject":
                    order._credit_reject(self.reason)
                else:
                    order._credit_ask_prepayment(self.reason)
        return {"type": "ir.actions.act_window_close"}

    def _release(self, documents):
        if self.date_until < fields.Date.context_today(self):
            raise UserError(self.env._("A release cannot have expired already."))
        amounts = {
            document: self.amount if len(documents) == 1 else document._credit_worth() for document in documents}
        for document, amount in amounts.items():
            self._check_release(document, amount)
        self._check_authority(amounts)
        orders = self.order_ids._origin
        orders.sudo().credit_rejection = False  # sudo: what a manager decided, a manager lifts
        for document, amount in amounts.items():
            document._credit_release(amount, self.date_until, self.reason)
        orders._credit_go_on()

    def _check_release(self, document, amount):
        if document.user_id == self.env.user:
            raise UserError(self.env._(
                "You are the salesperson of %(document)s. Somebody else must release it.",
                document=document.display_name))
        if amount + CENT < document._credit_worth():
            raise UserError(self.env._(
                "%(document)s is larger than what you release: a smaller release does not let it through.",
                document=document.display_name))

    def _check_authority(self, amounts):
        """An authority is for a customer: what is released already counts until it expires.

        :param amounts: {document: what is to be released, in company currency}
        """
        totals = defaultdict(float)
        for document, amount in amounts.items():
            totals[document._credit_key()] += amount
        self._take_turns(totals)
        for (customer, company), amount in totals.items():
            alone = self.env["kundekartotek.credit.authority"]._amount_of(self.env.user, company)
            together = amount + self._get_released(customer, company)
            if together > alone + CENT:
                raise UserError(self.env._(
                    "You release up to %(alone)s for one customer; with what is released already, it would be "
                    "%(amount)s for %(customer)s. Somebody with a larger authority must do it.",
                    customer=customer.name,
                    alone=formatLang(self.env, alone, currency_obj=company.sudo().currency_id),
                    amount=formatLang(self.env, together, currency_obj=company.sudo().currency_id)))

    def _take_turns(self, keys):
        """Two who release for one customer at once must see each other's. In one order for all, and before the
        orders that are confirmed take theirs, so that no two wait for each other. sudo: nobody may write turns."""
        customers = defaultdict(list)
        for customer, company in keys:
            customers[company.id].append(("authority", customer.id))
        for company_id in sorted(customers):
            self.env["kundekartotek.credit.lock"].sudo()._take_turn(company_id, customers[company_id])

    def _get_released(self, customer, company):
        """:return: what is released for a customer and has not expired, in company currency. sudo: whoever decides
        need not see every document"""
        domain = [
            ("credit_state", "=", "released"), ("credit_release_partner_id", "=", customer.id),
            ("credit_release_company_id", "=", company.id),
            ("credit_release_until", ">=", fields.Date.context_today(self))]
        return sum(
            sum(self.env[model].sudo().search(domain).mapped("credit_release_amount"))
            for model in ("sale.order", "account.move"))
