# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import AccessError


class Digest(models.Model):
    """DSO and average payment time in Odoo's digest mail."""

    _inherit = "digest.digest"

    kpi_customer_dso = fields.Boolean("Days Sales Outstanding")
    kpi_customer_dso_value = fields.Integer(compute="_compute_kpi_customer_dso_value")
    kpi_customer_days_to_pay = fields.Boolean("Average Payment Time, Days")
    kpi_customer_days_to_pay_value = fields.Integer(compute="_compute_kpi_customer_days_to_pay_value")
    kpi_customer_overdue = fields.Boolean("Overdue Receivables")
    kpi_customer_overdue_value = fields.Monetary(compute="_compute_kpi_customer_overdue_value")

    def _compute_kpi_customer_dso_value(self):
        self._compute_customer_kpi("dso", round)

    def _compute_kpi_customer_days_to_pay_value(self):
        self._compute_customer_kpi("days_to_pay", round)

    def _compute_kpi_customer_overdue_value(self):
        self._compute_customer_kpi("overdue", float)

    def _compute_customer_kpi(self, name, as_value):
        """The key figure of the month that the digest's period ends in: the last one that is kept."""
        if not self.env.user.has_group("kundekartotek_addon.group_reader"):
            raise AccessError(self.env._("Do not have access, skip this data for user's digest email"))
        end = self.env.context.get("end_datetime") or fields.Datetime.now()
        for digest in self:
            company = (digest.company_id or self.env.company).root_id
            kpi = self.env["kundekartotek.kpi"].search([
                ("company_id", "=", company.id), ("dimension", "=", "company"),
                ("date", "<=", self.env["kundekartotek.kpi"]._month_end(end.date())),
            ], order="date DESC", limit=1)
            digest[f"kpi_customer_{name}_value"] = as_value(kpi[name] or 0)

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        for name in ("dso", "days_to_pay", "overdue"):
            actions[f"kpi_customer_{name}"] = "kundekartotek_addon.kpi_action"
        return actions
