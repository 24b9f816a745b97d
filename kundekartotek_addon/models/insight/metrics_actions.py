# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models


class KundekartotekCustomerMetrics(models.Model):
    """What the buttons beside a customer's figures open."""

    _inherit = "kundekartotek.customer.metrics"

    def _get_form_action(self):
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "views": [(False, "form")],
            "name": self.partner_id.display_name}

    def action_open_customer(self):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window", "res_model": "res.partner", "res_id": self.partner_id.id,
            "views": [(False, "form")]}

    def action_view_changes(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.segment_change_action")
        return {**action, "context": {}, "domain": [
            ("partner_id", "=", self.partner_id.id), ("company_id", "=", self.company_id.id)]}

    def action_lock_class(self):
        self.ensure_one()
        self.check_access("read")
        self.env["kundekartotek.segment.lock"].check_access("create")
        return {
            "type": "ir.actions.act_window", "res_model": "kundekartotek.segment.lock", "views": [(False, "form")],
            "name": self.env._("Lock Class"), "target": "new",
            "context": {"default_partner_id": self.partner_id.id, "default_company_id": self.company_id.id}}
