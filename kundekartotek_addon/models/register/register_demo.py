# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...tools import brreg_stand_in
from .register_feed import MONITOR


class RegisterFeed(models.Model):
    """What is done by hand: reading the changes now, and in the demo tomorrow's bankruptcy today."""

    _inherit = "kundekartotek.register.feed"

    def action_monitor_now(self):
        """Start the nightly job at once."""
        self.check_access("read")
        self.env["res.partner"]._check_case_worker()
        self.env["res.partner"]._check_register_is_on()
        self.env.ref(MONITOR).sudo()._trigger()  # sudo: the job is nobody's to change, only to start
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {"type": "success", "message": self.env._(
                "The changes in Brønnøysund are read now. What touches our customers comes in the list.")},
        }  # fmt: skip

    def action_publish_demo_change(self):
        """Let the stand-in publish that a customer in good standing went bankrupt, and read the changes as the
        nightly job does."""
        self.check_access("read")
        if not self.env.user.has_group("kundekartotek_addon.group_administrator"):
            raise AccessError(self.env._("Only administrators publish changes in the demo."))
        service = self.env["kundekartotek.register.service"]
        if service._get_mode() != "demo":
            raise UserError(self.env._("Changes are published in the demo only: set Brønnøysund to Demo in Settings."))
        customer = self._find_demo_customer()
        tomorrow = fields.Date.context_today(self) + timedelta(days=1)
        number = customer._get_organisation_number()
        if problem := brreg_stand_in.publish(service._get_url(), number, "bankrupt", tomorrow):
            raise UserError(self.env._("The stand-in did not publish the change: %(problem)s", problem=problem))
        action = self.action_monitor_now()
        action["params"]["message"] = self.env._(
            "The stand-in has published that %(customer)s is bankrupt. The changes are read now: see the list in "
            "a moment.", customer=customer.display_name)
        return action

    @api.model
    def _find_demo_customer(self):
        """:return: a customer in good standing, the one that owes most"""
        customers = self.env["res.partner"].search([("register_status", "=", "active"), ("is_customer", "=", True)])
        if not customers:
            raise UserError(self.env._(
                "No customer has been found in good standing yet. Validate all customers first."))
        return customers.sorted(lambda partner: (-partner.credit, partner.id))[:1]
