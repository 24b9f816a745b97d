# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models

from ...tools.sheet import Column

FIGURES = (
    ("revenue", "money"), ("receivables", "money"), ("overdue", "money"), ("dso", "days"), ("turnover", "days"),
    ("days_to_pay", "days"), ("days_to_pay_weighted", "days"), ("cei", "days"), ("customers", "integer"),
    ("revenue_per_customer", "money"), ("clv", "money"))  # fmt: skip


class KpiReport(models.AbstractModel):
    """The key figures by the month, to take away."""

    _name = "kundekartotek.kpi.report"
    _description = "Key Figures to Take Away"
    _inherit = ["kundekartotek.insight.source"]
    _report_name = "key-figures"

    @api.model
    def _report_title(self, options):
        return self.env._("Key Figures")

    @api.model
    def _report_columns(self, options):
        fields = self.env["kundekartotek.kpi"]._fields
        return [Column(self.env._("Month's End"), "date", 13), *(
            Column(fields[name]._description_string(self.env), "money" if kind == "days" else kind,
                   17 if name == "turnover" else 15 if kind == "days" else 0, 1 if kind == "days" else 0)
            for name, kind in FIGURES)]

    @api.model
    def _report_rows(self, options):
        kpis = self.env["kundekartotek.kpi"].search([
            ("company_id", "=", self._entity().id), ("dimension", "=", "company")])
        for kpi in kpis:
            yield kpi.date, *(kpi[name] or None for name, _kind in FIGURES)
