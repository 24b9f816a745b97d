# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class LedgerReport(models.TransientModel):
    """Which period, and which customers, a report on the ledger is of; and whether it ties out."""

    _name = "kundekartotek.ledger.report"
    _description = "Report on the Ledger"
    _inherit = ["kundekartotek.ledger.period"]

    report = fields.Selection(
        [("kundekartotek.balance.list", "Balance List"),
         ("kundekartotek.customer.specification", "Customer Specification")],
        required=True, default="kundekartotek.balance.list")
    date_from = fields.Date(string="From", required=True, default=lambda self: self._period()[0])
    date_to = fields.Date(string="To", required=True, default=lambda self: self._period()[1])
    partner_ids = fields.Many2many(
        "res.partner", string="Customers", context={"active_test": False}, help="Empty: all customers.")
    tie_out_ids = fields.One2many(
        "kundekartotek.ledger.report.line", "report_id", string="Tie-out", compute="_compute_tie_out_ids", store=True)

    @api.depends("date_from", "date_to", "partner_ids")
    def _compute_tie_out_ids(self):
        for wizard in self:
            lines = wizard._tie_out() if wizard.date_from and wizard.date_to else []
            wizard.tie_out_ids = [fields.Command.clear(), *map(fields.Command.create, lines)]

    def _tie_out(self):
        """:return: values of a line per company, with what all customers owe and what the accounts hold"""
        self._check_reader()
        ids = self.partner_ids.commercial_partner_id.ids
        lines = {}
        totals = self._period_totals_sql(self.date_from, self.date_to, ids)
        for row in self.env.execute_query_dict(totals):
            line = lines.setdefault(row["company_id"], dict.fromkeys(("opening", "debit", "credit", "closing"), 0))
            for name in line:
                line[name] += row[name]
        ledger = {} if ids else self._general_ledger(self.date_to)
        return [
            {"company_id": company.id, **lines[company.id], "ledger": ledger.get(company.id, 0),
             "difference": 0 if ids else lines[company.id]["closing"] - ledger.get(company.id, 0)}
            for company in self.env.companies if company.id in lines]

    @api.model
    def _check_reader(self):
        self.env["kundekartotek.ledger.entry"].check_access("read")

    def action_show(self):
        """The report on the screen."""
        self._check_period()
        if self.report == "kundekartotek.balance.list":
            action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.balance_list_action")
            domain, grouping = [], {"ledger_date_from": str(self.date_from), "ledger_date_to": str(self.date_to)}
        else:
            action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.ledger_entry_action")
            domain = [("date", ">=", self.date_from), ("date", "<=", self.date_to)]
            grouping = {"search_default_group_customer": True}
        if self.partner_ids:
            domain.append(("partner_id", "in", self.partner_ids.commercial_partner_id.ids))
        name = self.env._(
            "%(report)s %(first)s – %(last)s", report=action["name"],
            first=format_date(self.env, self.date_from), last=format_date(self.env, self.date_to))
        return {**action, "display_name": name, "domain": domain, "context": grouping}

    def action_xlsx(self):
        """The report as a workbook."""
        return self._download("xlsx")

    def action_pdf(self):
        """The report on paper."""
        return self._download("pdf")

    def _download(self, kind):
        self._check_period()
        return self.env[self.report]._download_report(kind, {
            "date_from": self.date_from, "date_to": self.date_to, "partner_ids": self.partner_ids.ids})

    def _check_period(self):
        self.ensure_one()
        self._check_reader()
        if self.report not in ("kundekartotek.balance.list", "kundekartotek.customer.specification"):
            raise UserError(self.env._("Choose a report."))
        self._period(self.date_from, self.date_to)


class LedgerReportLine(models.TransientModel):
    """What all customers owe a company, beside its general ledger."""

    _name = "kundekartotek.ledger.report.line"
    _description = "Tie-out of the Ledger"

    report_id = fields.Many2one("kundekartotek.ledger.report", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    opening = fields.Monetary(string="Opening Balance")
    debit = fields.Monetary()
    credit = fields.Monetary()
    closing = fields.Monetary(string="Closing Balance")
    ledger = fields.Monetary(
        string="General Ledger", help="What the receivable accounts hold at the end of the period.")
    difference = fields.Monetary()
