# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError


class Renumber(models.TransientModel):
    """Give customers new numbers by a scheme: first the list of what would change, then exactly that.

    The old numbers stay in the register and find the customer for ever. Issued invoices keep their KID:
    core makes it of the customer's id and the invoice's number.
    """

    _name = "kundekartotek.renumber"
    _description = "Renumber Customers"

    scheme_id = fields.Many2one("kundekartotek.number.scheme", required=True)
    whom = fields.Selection(
        [("selected", "The selected customers"), ("scheme", "All customers this scheme is chosen for")],
        required=True, default="scheme")
    partner_ids = fields.Many2many("res.partner", string="Selected Customers", context={"active_test": False})
    keep_fitting = fields.Boolean(
        string="Keep Numbers That Fit", default=True,
        help="A customer whose present number could have come from the scheme keeps it.")
    line_ids = fields.One2many("kundekartotek.renumber.line", "renumber_id", string="Preview", readonly=True)
    change_count = fields.Integer(string="Customers to Renumber", readonly=True)
    kept_count = fields.Integer(string="Customers Who Keep Theirs", readonly=True)
    passed_over_count = fields.Integer(
        string="Numbers Passed Over", readonly=True,
        help="Numbers of the series that were given before, or have no check digit.")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if self.env.context.get("active_model") == "res.partner" and self.env.context.get("active_ids"):
            values |= {"whom": "selected", "partner_ids": [Command.set(self.env.context["active_ids"])]}
        if self.env.context.get("active_model") == "kundekartotek.number.scheme":
            values["scheme_id"] = self.env.context.get("active_id")
        return values

    @api.onchange("scheme_id", "whom", "partner_ids", "keep_fitting")
    def _onchange_drop_preview(self):
        self.line_ids = [Command.clear()]

    def action_preview(self):
        """Dry run: list old and new numbers. Draws nothing."""
        self._check_administrator()
        customers = self._customers()
        renumbered = customers
        if self.keep_fitting:
            renumbered = customers.filtered(lambda customer: not self.scheme_id._fits(customer))
        plan, passed_over = self.scheme_id._plan(renumbered)
        self.line_ids.unlink()
        self.env["kundekartotek.renumber.line"].create([
            {"renumber_id": self.id, "partner_id": partner.id, "old_number": partner.ref,
             "new_number": number}
            for partner, number in plan.items()])
        self.write({"change_count": len(plan), "kept_count": len(customers) - len(plan),
                    "passed_over_count": passed_over})
        return {"type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id,
                "view_mode": "form", "target": "new"}

    def action_renumber(self):
        """Do what the preview shows, or nothing."""
        self._check_administrator()
        numbers = {line.partner_id: line.new_number for line in self.line_ids}
        if not numbers:
            raise UserError(self.env._("There is nothing to renumber. Make the preview first."))
        changed = any((line.partner_id.ref or "") != (line.old_number or "") for line in self.line_ids)
        if changed or not self.scheme_id._give_planned(numbers):
            raise UserError(self.env._("Numbers were given since the preview was made. Make a new one."))
        self.env["res.partner"].union(*numbers)._set_customer_numbers(numbers)
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "message": self.env._("%(count)s customers have new numbers.", count=len(numbers)),
            "type": "success", "next": {"type": "ir.actions.act_window_close"}}}

    def _customers(self):
        """The customers in question, the oldest first, archived ones included."""
        company = self.scheme_id.company_id
        domain = [("is_customer", "=", True)]
        if company:
            domain.append(("company_id", "in", [False, company.id]))
        if self.whom == "selected":
            domain.append(("id", "in", self.partner_ids.ids))
        customers = self.env["res.partner"].with_context(active_test=False).search(domain, order="id")
        if self.whom == "scheme":
            customers = customers.filtered(lambda customer: customer._find_number_scheme() == self.scheme_id)
        return customers

    def _check_administrator(self):
        if not self.env.user.has_group("kundekartotek_addon.group_administrator"):
            raise AccessError(self.env._("Only administrators renumber customers."))


class RenumberLine(models.TransientModel):
    _name = "kundekartotek.renumber.line"
    _description = "Customer to Renumber"

    renumber_id = fields.Many2one("kundekartotek.renumber", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, ondelete="cascade")
    old_number = fields.Char()
    new_number = fields.Char()
