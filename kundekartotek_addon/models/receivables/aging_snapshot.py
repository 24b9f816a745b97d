# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from collections import defaultdict
from datetime import timedelta
from itertools import accumulate

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.aging import BUCKETS

_logger = logging.getLogger(__name__)

MONTHS = 24
COPIED = (
    "company_id", "partner_id", "not_due", *BUCKETS, "unallocated", "total", "overdue", "oldest_due_date",
    "open_item_count",
)  # fmt: skip
LOCK = 0x6B756E73  # of advisory locks: one taking of a company's snapshots at a time


class AgingSnapshot(models.Model):
    """What each customer owed at the end of a month, by age; kept for trends and turnover figures.

    The buckets are those of the company's settings at the time of taking. A snapshot that no longer equals
    the ledger, because something was posted to its month later, or that has other buckets, is taken anew.
    """

    _name = "kundekartotek.aging.snapshot"
    _description = "Receivables at a Month's End"
    _order = "date desc, company_id, id"
    _log_access = False
    _rec_name = "date"

    date = fields.Date(string="Month's End", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    # Merging moves it to the customer that remains; there may then be two rows for one month.
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, ondelete="set null", index="btree_not_null")
    limits = fields.Char(readonly=True, help="The limits of the buckets when it was taken.")
    not_due = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_1 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_2 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_3 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_4 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_5 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_6 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    unallocated = fields.Monetary(
        string="Unallocated Credits", currency_field="company_currency_id", readonly=True)
    total = fields.Monetary(currency_field="company_currency_id", readonly=True)
    overdue = fields.Monetary(currency_field="company_currency_id", readonly=True)
    oldest_due_date = fields.Date(readonly=True, aggregator="min")
    open_item_count = fields.Integer(string="Open Items", readonly=True)

    _company_date_idx = models.Index("(company_id, date)")

    @api.model
    def _cron_take(self):
        """Nightly: take the snapshots that are missing or no longer right, a company and month at a time."""
        todo = [(company, day) for company in self.env["res.company"].search([])
                for day in self._for_company(company)._find_due()]
        self.env["ir.cron"]._commit_progress(remaining=len(todo))
        for company, day in todo:
            try:
                with self.env.cr.savepoint():
                    self._for_company(company)._take(day)
            except Exception:
                _logger.exception("The receivables of company %s at %s could not be kept", company.id, day)
            if not self.env["ir.cron"]._commit_progress(1):
                return

    @api.model
    def _for_company(self, company):
        """This model as the superuser, in one company and the time zone that its books are kept in."""
        return self.sudo().with_company(company).with_context(
            allowed_company_ids=company.ids, tz=company.sudo().partner_id.tz or self.env.context.get("tz"))

    @api.model
    def _month_ends(self):
        """The last ``MONTHS`` month ends that are over, the latest first."""
        first = fields.Date.context_today(self).replace(day=1)
        return [first - relativedelta(months=number) - timedelta(1) for number in range(MONTHS)]

    @api.model
    def _find_due(self):
        """The month ends whose snapshot is missing, has other buckets or differs from the ledger."""
        company = self.env.company
        ledger, kept = self._ledger_by_month(), self._kept_by_month()
        due = []
        for day in self._month_ends():
            total, limits = kept.get(day, (0, {company.aging_limits}))
            if company.currency_id.compare_amounts(total, ledger[day]) or limits != {company.aging_limits}:
                due.append(day)
        return due

    @api.model
    def _ledger_by_month(self):
        """{month's end: balance of the receivable accounts}, in one look at the ledger."""
        rows = self.env.execute_query(SQL(
            """SELECT (date_trunc('month', date) + interval '1 month - 1 day')::date AS month_end, sum(balance)
                 FROM account_move_line
                WHERE parent_state = 'posted' AND account_id IN %s AND company_id = %s
                GROUP BY 1 ORDER BY 1""",
            self.env["res.partner"]._receivable_account_ids(), self.env.company.id,
            to_flush=map(self.env["account.move.line"]._fields.get, (
                "account_id", "balance", "company_id", "date", "parent_state"))))
        balances = list(zip((day for day, _sum in rows), accumulate(amount for _day, amount in rows)))
        found = defaultdict(float)
        for day in self._month_ends():
            found[day] = next((float(balance) for known, balance in reversed(balances) if known <= day), 0.0)
        return found

    @api.model
    def _kept_by_month(self):
        """{month's end: (sum of its snapshot, set of the limits of its rows)}"""
        rows = self._read_group([("company_id", "=", self.env.company.id)], ["date:day", "limits"], ["total:sum"])
        kept = {}
        for day, limits, total in rows:
            before, all_limits = kept.get(day, (0.0, set()))
            kept[day] = (before + total, all_limits | {limits})
        return kept

    @api.model
    def _take(self, day):
        """Keep the lines of the aging at a day, in place of what was kept of it."""
        company = self.env.company
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", LOCK, company.id))
        self.search([("company_id", "=", company.id), ("date", "=", day)]).unlink()
        aging = self.env["kundekartotek.aging"].with_context(aging_date=fields.Date.to_string(day), aging_basis="due")
        query = aging._search([])
        lines = query.select(*(aging._field_to_sql(aging._table, name, query) for name in COPIED))
        self.env.flush_query(lines)
        self.env.cr.execute(SQL(
            "INSERT INTO kundekartotek_aging_snapshot (date, limits, %s) SELECT %s, %s, line.* FROM (%s) line",
            SQL(", ").join(map(SQL.identifier, COPIED)), day, company.aging_limits, lines))
