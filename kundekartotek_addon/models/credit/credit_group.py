# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..customer.res_partner_figures import AMOUNT_GROUPS


def split_commands(value):
    """A draft reads these otherwise than a write does: it adds what is given as ids alone, and what is updated.

    :param value: of a many2many field, in any form that ``write`` takes
    :return: (what says who is a member, commands that create or update customers)
    """
    if not value or not isinstance(value, (list, tuple)):
        return value, []
    if not isinstance(value[0], (list, tuple)):
        return [Command.set(value)], []
    of_customers = [command for command in value if command[0] in (Command.CREATE, Command.UPDATE)]
    return [command for command in value if command not in of_customers], of_customers


class CreditGroup(models.Model):
    """Customers that belong together, a concern, and share a limit beside their own."""

    _name = "kundekartotek.credit.group"
    _description = "Credit Group"
    _inherit = ["kundekartotek.credit.proposal"]
    _order = "name, id"
    _proposal_amount = "credit_limit"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company.root_id, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    credit_limit = fields.Monetary(
        string="Shared Limit",
        required=True,
        tracking=True,
        help="What all members together may owe. Each member's own limit holds as well.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        "kundekartotek_credit_group_partner_rel",
        "group_id",
        "partner_id",
        string="Customers",
        domain="[('is_customer', '=', True)]",
    )
    credit_exposure = fields.Monetary(
        string="Exposure", compute="_compute_credit_exposure", compute_sudo=True, groups=AMOUNT_GROUPS
    )
    credit_available = fields.Monetary(
        string="Available", compute="_compute_credit_exposure", compute_sudo=True, groups=AMOUNT_GROUPS
    )

    _limit_positive = models.Constraint(
        "CHECK (credit_limit >= 0)", "A shared limit cannot be negative."
    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["name", "active", "company_id", "credit_limit", "partner_ids"]

    @api.model
    def _audited_amounts(self):
        return super()._audited_amounts() + ["credit_limit"]

    @api.depends("partner_ids", "credit_limit")
    def _compute_credit_exposure(self):
        for company, groups in self.with_context(active_test=False).grouped("company_id").items():
            exposures = groups.partner_ids.with_company(company)._credit_exposures() if company else {}
            for group in groups:
                group.credit_exposure = sum(exposures.get(p.id, 0.0) for p in group.partner_ids._origin)
                group.credit_available = group.credit_limit - group.credit_exposure

    def write(self, vals):
        before = {group: group.sudo().partner_ids for group in self}
        result = super().write(vals)
        for group in self.sudo():
            (before[group] | group.partner_ids)._queue_credit_recheck(group.company_id)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_binding(self):
        if not self.env.su and any(group._binds() and group.company_id._has_credit_control() for group in self):
            raise UserError(self.env._("Archive the group: what loosens a limit, a second credit manager confirms."))

    def unlink(self):
        shared = [(group.company_id, group.partner_ids) for group in self.sudo()]
        result = super().unlink()
        for company, customers in shared:
            customers._queue_credit_recheck(company)
        return result

    def _proposal_customers(self):
        return self.with_context(active_test=False).partner_ids

    def _binds(self):
        return self.active and bool(self._proposal_customers())

    def _split_terms(self, vals, draft):
        if not self._binds():
            return vals, {}
        names = {name for name in ("active", "company_id") if draft[name] != self[name]}
        if draft.credit_limit > self.credit_limit:
            names.add("credit_limit")
        now, later = self._hold_back(vals, draft, names)
        if "partner_ids" in vals:
            members = draft.partner_ids._origin
            _of_members, of_customers = split_commands(vals["partner_ids"])
            now["partner_ids"] = [*of_customers, *(Command.link(partner.id) for partner in members)]
            if gone := self.partner_ids - members:
                later["partner_ids"] = [Command.unlink(partner.id) for partner in gone]
        return now, later

    def _draft(self, vals):
        if "partner_ids" in vals:
            vals = {**vals, "partner_ids": split_commands(vals["partner_ids"])[0]}
        return super()._draft(vals)

    @api.constrains("partner_ids", "company_id", "active")
    def _check_members(self):
        for group in self.with_context(active_test=False):
            if group.partner_ids.filtered(lambda partner: partner.commercial_partner_id != partner):
                raise ValidationError(self.env._("Only companies and private persons can be members, not contacts."))
            others = group.sudo().search([
                ("id", "!=", group.id), ("company_id", "=", group.company_id.id), ("active", "=", True),
                ("partner_ids", "in", group.partner_ids.ids)])
            if group.active and others:
                raise ValidationError(self.env._(
                    "%(customers)s belongs to the credit group %(group)s already.",
                    customers=", ".join((others.partner_ids & group.partner_ids).mapped("name")),
                    group=others[0].name))
