# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models


class CreditSecurity(models.Model):
    """What somebody else answers for: credit insurance or a guarantee, until it expires."""

    _name = "kundekartotek.credit.security"
    _description = "Credit Insurance or Guarantee"
    _inherit = ["kundekartotek.credit.proposal"]
    _order = "date_to, id"
    _proposal_amount = "amount"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict", tracking=True,
        domain="[('is_customer', '=', True)]")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [("insurance", "Credit insurance"), ("guarantee", "Guarantee")], string="Type of Security", required=True,
        default="insurance", tracking=True)
    name = fields.Char(string="Insurer or Guarantor", required=True, tracking=True)
    reference = fields.Char(string="Policy Number")
    amount = fields.Monetary(required=True, tracking=True)
    date_from = fields.Date(string="From", required=True, default=fields.Date.context_today, tracking=True)
    date_to = fields.Date(string="Expires", required=True, tracking=True, help="The last day on which it holds.")
    is_confirmed = fields.Boolean(
        string="Confirmed", default=True, readonly=True, copy=False,
        help="With credit control on, by a second credit manager.")
    is_in_force = fields.Boolean(string="In Force", compute="_compute_is_in_force", search="_search_is_in_force")

    _amount_positive = models.Constraint("CHECK (amount > 0)", "What is insured must be above 0.")
    _dates_in_order = models.Constraint("CHECK (date_to >= date_from)", "It cannot expire before it begins.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "partner_id", "company_id", "kind", "name", "reference", "amount", "date_from", "date_to", "is_confirmed"]

    @api.model
    def _audited_amounts(self):
        return super()._audited_amounts() + ["amount"]

    @api.model_create_multi
    def create(self, vals_list):
        securities = super().create(vals_list)
        for security in securities if not self.env.su else ():
            if security.company_id._has_credit_control():
                security._propose({"is_confirmed": True})
            else:
                security._accept()
        securities._queue_recheck()
        return securities

    def write(self, vals):
        result = super().write(vals)
        self._queue_recheck()
        return result

    def unlink(self):
        secured = [(security.company_id, security.partner_id) for security in self]
        result = super().unlink()
        for company, customer in secured:
            customer._queue_credit_recheck(company)
        return result

    def _proposal_customers(self):
        return self.partner_id | self.partner_id.browse((self.proposal or {}).get("partner_id")).exists()

    def _proposal_worth(self, company):
        """An authority is for the customer: what else is secured counts too."""
        customer = self._proposal_customers()[-1:]
        others = self.sudo().search([
            ("id", "not in", self.ids), ("partner_id", "=", customer.id), ("company_id", "=", company.id),
            ("is_confirmed", "=", True), ("date_to", ">=", fields.Date.context_today(self))])
        return super()._proposal_worth(company) + sum(others.mapped("amount"))

    def _accept(self):
        if not self.is_confirmed:  # sudo: nobody writes it by hand
            self.sudo().is_confirmed = True

    def _split_terms(self, vals, draft):
        if not self.is_confirmed:
            self._refuse_waiting()
            return vals, {"is_confirmed": True}
        names = {name for name in ("partner_id", "company_id") if draft[name]._origin != self[name]}
        if draft.amount > self.amount:
            names.add("amount")
        if draft.date_from and draft.date_to and (draft.date_to > self.date_to or draft.date_from < self.date_from):
            names |= {"date_from", "date_to"} & vals.keys()
        return self._hold_back(vals, draft, names)

    def _queue_recheck(self):
        for company, securities in self.grouped("company_id").items():
            securities.partner_id._queue_credit_recheck(company)

    @api.depends("date_from", "date_to", "is_confirmed")
    def _compute_is_in_force(self):
        today = fields.Date.context_today(self)
        for security in self:
            security.is_in_force = bool(
                security.is_confirmed and security.date_from and security.date_to
                and security.date_from <= today <= security.date_to)

    def _search_is_in_force(self, operator, value):
        if operator != "in":
            return NotImplemented
        today = fields.Date.context_today(self)
        inside = fields.Domain([
            ("is_confirmed", "=", True), ("date_from", "<=", today), ("date_to", ">=", today)])
        return inside if True in value else ~inside
