# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.sheet import Column, Line


class BalanceList(models.Model):
    """The balance list (saldoliste): what each customer owed before a period, what was debited and credited in
    it, and what is owed after it. The period comes in the context: ``ledger_date_from`` and
    ``ledger_date_to``, or the name of one in ``ledger_period``."""

    _name = "kundekartotek.balance.list"
    _description = "Balance List"
    _inherit = ["kundekartotek.period.report"]
    _auto = False
    _order = "customer_number, partner_id, id"
    _rec_name = "partner_id"
    _report_name = "balance-list"
    _depends = {
        "account.move.line": [
            "account_id", "amount_residual", "amount_residual_currency", "balance", "company_id", "date",
            "parent_state", "partner_id", "reconciled"],
        "res.partner": ["commercial_partner_id", "customer_category_id", "ref"],
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    customer_number = fields.Char(readonly=True)
    customer_category_id = fields.Many2one("kundekartotek.category", string="Category", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    opening = fields.Monetary(string="Opening Balance", currency_field="company_currency_id", readonly=True)
    debit = fields.Monetary(currency_field="company_currency_id", readonly=True)
    credit = fields.Monetary(currency_field="company_currency_id", readonly=True)
    closing = fields.Monetary(string="Closing Balance", currency_field="company_currency_id", readonly=True)
    entry_count = fields.Integer(string="Entries", readonly=True)

    @property
    def _table_query(self):
        context = self.env.context
        date_from, date_to = self._period(
            context.get("ledger_date_from"), context.get("ledger_date_to"), context.get("ledger_period"))
        return SQL(
            """SELECT total.*, customer.ref AS customer_number, customer.customer_category_id
                 FROM (%s) total LEFT JOIN res_partner customer ON customer.id = total.partner_id""",
            self._period_totals_sql(date_from, date_to))

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """A line has the same id in every period: what is remembered of another one must go."""
        self.invalidate_model(flush=False)
        return super()._search(domain, offset, limit, order, **kwargs)

    @api.readonly
    def action_open_entries(self):
        """The entries of the period behind a line."""
        self.ensure_one()
        self.check_access("read")
        context = self.env.context
        date_from, date_to = self._period(
            context.get("ledger_date_from"), context.get("ledger_date_to"), context.get("ledger_period"))
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.ledger_entry_action")
        name = self.partner_id.display_name or self.env._("No customer")
        return {
            **action,
            "display_name": self.env._("Ledger: %(name)s", name=name),
            "domain": [("partner_id", "=", self.partner_id.id), ("company_id", "=", self.company_id.id),
                       ("date", ">=", date_from), ("date", "<=", date_to)],
            "context": {"one_customer": True},
        }

    # ---- to take away ------------------------------------------------------------------------------------

    @api.model
    def _report_title(self, options):
        return self.env._("Balance List")

    @api.model
    def _report_columns(self, options):
        return [
            Column(self.env._("Customer No."), width=14), Column(self.env._("Customer"), width=40),
            *(Column(label, "money") for label in (
                self.env._("Opening Balance"), self.env._("Debit"), self.env._("Credit"))),
            Column(self.env._("Closing Balance"), "money", noughts=True)]

    @api.model
    def _report_rows(self, options):
        query = SQL(
            """SELECT total.company_id, customer.ref, customer.complete_name, total.opening, total.debit,
                      total.credit, total.closing
                 FROM (%s) total LEFT JOIN res_partner customer ON customer.id = total.partner_id
                ORDER BY total.company_id, customer.ref, customer.complete_name, total.partner_id""",
            self._totals_query(options))
        sums = options["sums"]
        several, current = len(self.env.companies) > 1, None
        for company_id, number, name, *amounts in self._stream(query):
            if several and company_id != current:
                if current:
                    yield self._sum_line(sums[current])
                yield Line((self.env["res.company"].browse(company_id).name,), "heading")
            current = company_id
            self._add_up(options, company_id, amounts)
            yield number, name or self.env._("No customer"), *amounts
        if current:
            yield self._sum_line(sums[current])

    @api.model
    def _report_totals(self, options):
        sums = options["sums"]
        yield from self._tie_out_lines(options, {company_id: each[3] for company_id, each in sums.items()}, 6)

    @api.model
    def _sum_line(self, amounts):
        return Line((self.env._("Total"), None, *amounts), "total")
