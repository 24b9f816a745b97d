# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_datetime

from ...tools import brreg
from .register_queue import INTERVAL_DAYS, INTERVAL_KEY
from .register_service import MODE_KEY, URL_KEY


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    register_mode = fields.Selection(
        [("on", "On"), ("demo", "Demo: a stand-in"), ("off", "Off")], string="Brønnøysund",
        config_parameter=MODE_KEY, default="on")
    register_url = fields.Char(string="Register's Address", config_parameter=URL_KEY)
    register_interval_days = fields.Integer(
        string="Check at Least Every", config_parameter=INTERVAL_KEY, default=INTERVAL_DAYS)
    register_credit_user_id = fields.Many2one(related="company_id.register_credit_user_id", readonly=False)
    register_insolvency_to = fields.Selection(related="company_id.register_insolvency_to", readonly=False)
    register_gone_to = fields.Selection(related="company_id.register_gone_to", readonly=False)
    register_vat_to = fields.Selection(related="company_id.register_vat_to", readonly=False)
    register_details_to = fields.Selection(related="company_id.register_details_to", readonly=False)
    register_read_at = fields.Datetime(string="Changes Last Read", compute="_compute_register_feed")
    register_problem = fields.Char(compute="_compute_register_feed")

    @api.depends_context("lang", "tz")
    def _compute_register_feed(self):
        """sudo: how the nightly reading goes, for whoever may open the settings."""
        feeds = self.env["kundekartotek.register.feed"].sudo().search([])
        fault = feeds.filtered("unreachable_since").sorted("unreachable_since")[:1]
        times = feeds.mapped("read_at")
        self.register_read_at = all(times) and min(times, default=False)
        self.register_problem = self.env._(
            "Changes have not been read since %(time)s. %(problem)s", problem=fault.problem,
            time=format_datetime(self.env, fault.unreachable_since, dt_format="dd.MM.yyyy HH:mm")) if fault else False

    def action_test_register(self):
        """Ask the register whether it is there, at the address that is saved."""
        if not self.env.user._is_system():
            raise AccessError(self.env._("Only who may open the settings tests the connection."))
        service = self.env["kundekartotek.register.service"]
        if not service._is_on():
            message, kind = self.env._("Look-ups in Brønnøysund are switched off in Settings."), "warning"
        else:
            outcome = service._get_client().ping()
            reached = isinstance(outcome, brreg.Reached)
            kind = "success" if reached else "danger"
            message = self.env._("Brønnøysund answers.") if reached else service._explain(outcome)
        return {
            "type": "ir.actions.client", "tag": "display_notification", "params": {"message": message, "type": kind},
        }
