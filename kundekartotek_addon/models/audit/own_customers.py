# SPDX-License-Identifier: LGPL-3.0-or-later
"""Salespeople and their own customers. The record rules in ``security/rules_own_customers.xml`` call
``own_customers()``, which is everything where the setting is off and for everybody else."""

from odoo import api, models
from odoo.fields import Domain

PARTNERS_OF_ORDER = ["partner_id", "partner_invoice_id", "partner_shipping_id"]


class ResUsers(models.Model):
    _inherit = "res.users"

    def _limited_companies(self):
        """:return: the companies that limit this user to his own customers: those that have it switched on, if
        he is a salesperson of own documents, as Odoo puts it, and has neither a role of ours nor accounting"""
        self.ensure_one()
        limiting = self.sudo().company_ids.filtered("sales_own_customers")
        if (
            not limiting
            or not self.has_group("sales_team.group_sale_salesman")
            or self.has_group("sales_team.group_sale_salesman_all_leads")
            or self.has_group("kundekartotek_addon.group_reader")
            or self.has_group("account.group_account_readonly")
            or self.has_group("account.group_account_invoice")
        ):
            return limiting.browse()
        return limiting


class IrRule(models.Model):
    _inherit = "ir.rule"

    @api.model
    def _eval_context(self):
        return {**super()._eval_context(), "own_customers": self._own_customers}

    @api.model
    def _own_customers(self, partner="", seller=""):
        """The domain of what a salesperson may see.

        :param str partner: path to the partner; empty for partners themselves
        :param str seller: path to the document's own salesperson, who keeps seeing it
        :return: list: partners that are nobody's customers, colleagues, and his own customers; with shared
            customers, and those of companies that do not limit him, everything
        """
        user = self.env.user
        limiting = user._limited_companies()
        if not limiting:
            return [(1, "=", 1)]
        dot = f"{partner}." if partner else ""
        seen = [
            Domain(f"{dot}commercial_partner_id.customer_rank", "=", 0),
            Domain(f"{dot}partner_share", "=", False),
            Domain(f"{dot}user_id", "=", user.id),
            Domain(f"{dot}commercial_partner_id.user_id", "=", user.id),
            Domain(f"{dot}company_id", "in", (user.sudo().company_ids - limiting).ids),
        ]
        if partner:
            seen.append(Domain(partner, "=", False))
        if seller:
            seen.append(Domain(seller, "=", user.id))
        return list(Domain.OR(seen))


def check_seen(model, vals_list, names):
    """A contact or document takes over address, terms and limit of whom it is for: a limited salesperson gives
    what he makes to partners that he sees.

    :param list names: fields with a partner's id
    :raise AccessError: naming the partner that he does not see
    """
    ids = {vals[name] for vals in vals_list for name in names if vals.get(name)}
    if ids and not model.env.su and model.env.user._limited_companies():
        model.env["res.partner"].browse(ids).check_access("read")


def check_computed(model, values, names):
    """The same for what a form shows before it is saved: core computes some of it with sudo, from the partner that
    the client sends or gives as a default."""
    if model.env.user._limited_companies():
        check_seen(model, [model.default_get(names), values], names)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def onchange(self, values, field_names, fields_spec):
        check_computed(self, values, ["parent_id"])
        return super().onchange(values, field_names, fields_spec)

    def write(self, vals):
        check_seen(self, [vals], ["parent_id"])
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        """Whom a limited salesperson registers is his own: he would lose sight of it otherwise."""
        if not self.env.su and self.env.user._limited_companies():
            vals_list = [  # a form sends an empty salesperson
                vals if vals.get("parent_id") or vals.get("user_id") else {**vals, "user_id": self.env.uid}
                for vals in vals_list
            ]
        check_seen(self, vals_list, ["parent_id"])
        return super().create(vals_list)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def onchange(self, values, field_names, fields_spec):
        check_computed(self, values, PARTNERS_OF_ORDER)
        return super().onchange(values, field_names, fields_spec)

    @api.model_create_multi
    def create(self, vals_list):
        check_seen(self, vals_list, PARTNERS_OF_ORDER)
        return super().create(vals_list)

    def write(self, vals):
        check_seen(self, [vals], PARTNERS_OF_ORDER)
        return super().write(vals)


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """A new customer without a salesperson is that of who sold to it, if he sees his own only. With sudo,
        because it is the accountant who posts."""
        posted = super()._post(soft)
        for move in posted.filtered(lambda move: move.company_id.sales_own_customers and move.is_sale_document()):
            customer, seller = move.sudo().commercial_partner_id, move.invoice_user_id
            if seller and not customer.user_id and seller._limited_companies():
                customer.user_id = seller
        return posted
