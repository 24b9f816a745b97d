# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models


class ResPartner(models.Model):
    """From a customer to its ledger."""

    _inherit = "res.partner"

    @api.readonly
    def action_open_ledger(self):
        """Everything that was ever posted on this customer."""
        self.ensure_one()
        self.check_access("read")
        self.env["kundekartotek.ledger.entry"].check_access("read")
        customer = self.commercial_partner_id
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.ledger_entry_action")
        return {
            **action,
            "display_name": self.env._("Ledger: %(name)s", name=customer.display_name),
            "domain": [("partner_id", "=", customer.id)],
            "context": {"one_customer": True},
        }

    @api.readonly
    def action_open_communication(self):
        """What was said and sent to and by this customer and its contacts."""
        self.ensure_one()
        self.check_access("read")
        self.env["kundekartotek.communication"].check_access("read")
        customer = self.commercial_partner_id
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.communication_action")
        return {
            **action,
            "display_name": self.env._("Communication: %(name)s", name=customer.display_name),
            "domain": [("partner_id", "=", customer.id)],
            "context": {"one_customer": True},
        }
