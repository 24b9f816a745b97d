# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class RegisterCompare(models.TransientModel):
    """Card and register side by side: what differs is accepted one by one, all at once, or not."""

    _name = "kundekartotek.register.compare"
    _description = "Card and Register Side by Side"

    partner_id = fields.Many2one("res.partner", required=True, readonly=True, ondelete="cascade")
    register_line = fields.Char(related="partner_id.register_line")
    line_ids = fields.One2many("kundekartotek.register.compare.line", "compare_id", readonly=True)
    open_count = fields.Integer(compute="_compute_open_count")

    @api.depends("line_ids.state")
    def _compute_open_count(self):
        for compare in self:
            compare.open_count = len(compare.line_ids.filtered(lambda line: line.state == "open"))

    @api.model
    def _open(self, partner):
        """:return: the action that shows what differs"""
        compare = self.create({
            "partner_id": partner.id,
            "line_ids": [
                Command.create({
                    "field_name": each.field,
                    "label": partner._get_difference_label(each.field),
                    "card_value": each.card,
                    "register_value": each.register,
                    "is_important": each.is_important,
                })
                for each in partner._find_register_differences()
            ],
        })
        return compare._get_window()

    def _get_window(self):
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "views": [(False, "form")], "target": "new", "name": self.env._("The Card and Brønnøysund"),
        }  # fmt: skip

    def action_accept_all(self):
        """Take over everything that is not decided."""
        self.ensure_one()
        self.line_ids.filtered(lambda line: line.state == "open")._accept()
        return {"type": "ir.actions.act_window_close"}


class RegisterCompareLine(models.TransientModel):
    """One thing that differs."""

    _name = "kundekartotek.register.compare.line"
    _description = "Difference between Card and Register"
    _order = "is_important desc, id"

    compare_id = fields.Many2one(
        "kundekartotek.register.compare", required=True, readonly=True, ondelete="cascade", index=True)
    field_name = fields.Char(required=True, readonly=True)
    label = fields.Char(string="What", readonly=True)
    card_value = fields.Char(string="On the Card", readonly=True)
    register_value = fields.Char(string="In Brønnøysund", readonly=True)
    is_important = fields.Boolean(readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("accepted", "Accepted"), ("kept", "Kept")], required=True, readonly=True, default="open")

    def action_accept(self):
        """Take over what the register says."""
        self._accept()
        return self.compare_id._get_window()

    def action_keep(self):
        """Keep what the card says, until the register says something else again."""
        for line in self:
            line.compare_id.partner_id.check_access("write")
            line.compare_id.partner_id._keep_card(line.field_name)
        self.state = "kept"
        return self.compare_id._get_window()

    def _accept(self):
        for line in self:
            partner = line.compare_id.partner_id
            partner.check_access("write")
            found = {each.field: each.register for each in partner._find_register_differences()}
            said = found.get(line.field_name)
            if said and said != line.register_value:
                raise UserError(self.env._(
                    "Brønnøysund says something else by now: %(value)s. Close this and compare again.", value=said))
            if said:
                partner._accept_register(line.field_name)
        self.state = "accepted"
