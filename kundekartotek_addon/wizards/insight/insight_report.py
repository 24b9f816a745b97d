# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import AccessError

# {report: external id of the action that shows it on the screen}
REPORTS = {
    "kundekartotek.overview.report": "overview_action",
    "kundekartotek.customer.ranking": "customer_ranking_action",
    "kundekartotek.customer.product": "customer_product_action",
    "kundekartotek.sales.season": "sales_season_action",
    "kundekartotek.customer.claim": "customer_claim_action",
    "kundekartotek.customer.cohort": "customer_cohort_action",
    "kundekartotek.kpi.report": "kpi_action",
}


class InsightReport(models.TransientModel):
    """Which report on customers, of whom: on the screen, as a workbook or on paper."""

    _name = "kundekartotek.insight.report"
    _description = "Report on Customers"

    report = fields.Selection(
        [("kundekartotek.overview.report", "Overview"),
         ("kundekartotek.customer.ranking", "Turnover Ranking"),
         ("kundekartotek.customer.product", "Products per Customer"),
         ("kundekartotek.sales.season", "Season"),
         ("kundekartotek.customer.claim", "Payment Analysis"),
         ("kundekartotek.customer.cohort", "Cohorts of New Customers"),
         ("kundekartotek.kpi.report", "Key Figures")],
        required=True, default="kundekartotek.customer.ranking")
    partner_ids = fields.Many2many("res.partner", string="Customers", domain=[("is_customer", "=", True)])
    category_ids = fields.Many2many("kundekartotek.category", string="Categories")
    product_category_ids = fields.Many2many("product.category", string="Product Groups")

    def action_show(self):
        """The report on the screen."""
        self._check_reader()
        report = self.env[self.report]
        options = report._report_options(self._options())
        if report._table_records:
            return report._show_table(options)
        action = self.env["ir.actions.actions"]._for_xml_id(f"kundekartotek_addon.{REPORTS[self.report]}")
        if report._abstract:
            return action
        return {**action, "domain": report._report_domain(options)}

    def action_xlsx(self):
        """The report as a workbook."""
        self._check_reader()
        return self.env[self.report]._download_report("xlsx", self._options())

    def action_pdf(self):
        """The report on paper."""
        self._check_reader()
        return self.env[self.report]._download_report("pdf", self._options())

    def _options(self):
        return {name: self[name].ids for name in ("partner_ids", "category_ids", "product_category_ids")}

    def _check_reader(self):
        self.ensure_one()
        self.env["kundekartotek.customer.metrics"].check_access("read")
        if self.report not in REPORTS:
            raise AccessError(self.env._("Choose a report."))
