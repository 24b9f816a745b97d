# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

RECIPIENTS = [
    ("both", "Salesperson and credit manager"),
    ("credit", "Credit manager"),
    ("sales", "Salesperson"),
    ("nobody", "Nobody"),
]


class ResCompany(models.Model):
    """Who is told what of the register."""

    _inherit = "res.company"

    register_credit_user_id = fields.Many2one(
        "res.users", string="Credit Manager for Brønnøysund", ondelete="set null",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Who gets the tasks. Empty: the first user with the role Credit Manager.")
    register_insolvency_to = fields.Selection(RECIPIENTS, required=True, default="both")
    register_gone_to = fields.Selection(RECIPIENTS, required=True, default="both")
    register_vat_to = fields.Selection(RECIPIENTS, required=True, default="credit")
    register_details_to = fields.Selection(RECIPIENTS, required=True, default="sales")

    def _find_register_credit_managers(self):
        return self.env["res.users"].union(*(company._find_register_credit_manager() for company in self))

    def _find_register_credit_manager(self):
        """:return: who is responsible for credit in this company, or nobody"""
        self.ensure_one()
        chosen = self.register_credit_user_id
        if chosen.active and self in chosen.company_ids:
            return chosen
        users = self.env.ref("kundekartotek_addon.group_credit_manager").all_user_ids - self.env.ref("base.user_root")
        group = self.env.ref("kundekartotek_addon.group_credit_manager")
        found = users.filtered(lambda user: user.active and not user.share and self in user.company_ids)
        return found.sorted(lambda user: (group not in user.group_ids, user.id))[:1]
