# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models

from ...tools.sheet import Column, Line

METRICS, KPI = "kundekartotek.customer.metrics", "kundekartotek.kpi"
FIGURES = {
    "revenue": (METRICS, "revenue_12m"), "receivables": (KPI, "receivables"), "overdue": (KPI, "overdue"),
    "dso": (KPI, "dso"), "turnover": (KPI, "turnover"), "days_to_pay": (KPI, "days_to_pay")}  # fmt: skip


def ratio(above, below):
    return above / below if below > 0 else None


class OverviewReport(models.AbstractModel):
    """The figures of the opening page, to take away."""

    _name = "kundekartotek.overview.report"
    _description = "Overview to Take Away"
    _inherit = ["kundekartotek.insight.source"]
    _report_name = "overview"

    @api.model
    def _report_title(self, options):
        return self.env._("Overview")

    @api.model
    def _report_columns(self, options):
        return [
            Column(self.env._("Figure"), width=34), Column(self.env._("Customers"), "integer"),
            Column(self.env._("Now"), "money"), Column(self.env._("The year before"), "money"),
            Column(self.env._("Share or Change"), "percent", 14)]

    @api.model
    def _report_rows(self, options):
        """Block by block, as on the page: a heading and its lines of (name, customers, now, the year before, change
        or share)."""
        page = self.env["kundekartotek.overview"].get_insight()
        for title, lines in (
            (self.env._("Key Figures"), self._list_figures(page)),
            (self.env._("Receivables by Age"), self._list_ages(page)),
            (self.env._("Revenue by Month"), self._list_compared(page["months"], "label")),
            (self.env._("Overdue, and Its Share of the Receivables"), self._list_overdue(page)),
            (self.env._("Largest Customers"), self._list_compared(page["top"], "name")),
            (self.env._("Fell Most"), self._list_compared(page["falling"], "name")),
            (self.env._("ABC and Payment Behaviour"), self._list_matrix(page)),
        ):
            yield Line((title,), "heading")
            yield from lines

    @api.model
    def _compare(self, name, now, before):
        defined = now is not None and before is not None
        return name, None, now, before, ratio(now - before, before) if defined else None

    @api.model
    def _list_compared(self, rows, name):
        return [self._compare(row[name], row["revenue"], row["before"]) for row in rows]

    @api.model
    def _list_overdue(self, page):
        for month in page["months"]:
            yield month["label"], None, month["overdue"], None, ratio(month["overdue"], month["receivables"])

    @api.model
    def _list_figures(self, page):
        for name, (model, field) in FIGURES.items():
            title = self.env[model]._fields[field]._description_string(self.env)
            yield self._compare(title, page["figures"][name]["now"], page["figures"][name]["before"])
        yield self.env._("Customers Won"), page["won"]["count"], page["won"]["amount"], None, None
        yield self.env._("Customers Lost"), page["lost"]["count"], None, page["lost"]["amount"], None

    @api.model
    def _list_ages(self, page):
        total = sum(age["amount"] for age in page["ages"])
        for age in page["ages"]:
            yield age["label"], None, age["amount"], None, ratio(age["amount"], total)
        yield Line((self.env._("Total"), None, total), "total")

    @api.model
    def _list_matrix(self, page):
        matrix, total = page["matrix"], page["figures"]["revenue"]["now"]
        for abc, abc_name in matrix["rows"]:
            for payment, payment_name in matrix["columns"]:
                if cell := matrix["cells"].get(f"{abc}/{payment}"):
                    yield (f"{abc_name}, {payment_name}", cell["count"], cell["amount"], None,
                           ratio(cell["amount"], total))
