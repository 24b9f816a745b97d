# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from collections import defaultdict
from datetime import timedelta

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

    The buckets are those of the company's settings at the time of taking. A snapshot is taken anew when the
    company has other buckets, or when anything in the ledger that it was made of is another: something was posted
    or matched in its month later, moved to another customer, or given another due date.
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
    fingerprint = fields.Char(readonly=True, help="Of the items and matches that it was made of.")
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
        todo = [(company, *due) for company in self.env["res.company"].search([])
                for due in self._for_company(company)._find_due()]
        self.env["ir.cron"]._commit_progress(remaining=len(todo))
        for company, day, fingerprint in todo:
            try:
                with self.env.cr.savepoint():
                    self._for_company(company)._take(day, fingerprint)
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
        """[(month's end, fingerprint of its ledger)] where the snapshot is missing, has other buckets or is of another
        ledger. Where nothing was open there is nothing to keep, and the next night looks again."""
        limits, ledger, kept = self.env.company.aging_limits, self._ledger_by_month(), defaultdict(set)
        for day, *made_of in self._read_group(
                [("company_id", "=", self.env.company.id)], ["date:day", "limits", "fingerprint"]):
            kept[day].add(tuple(made_of))
        return [(day, now) for day, now in ledger.items() if kept[day] != ({(limits, now)} if now else set())]

    @api.model
    def _ledger_by_month(self):
        """{month's end: fingerprint of what its aging is made of, None before there is anything}: the sum of a hash
        of every item up to the day, and of every match whose later item is.
        """
        is_item = SQL(
            "item.parent_state = 'posted' AND item.account_id IN %s AND item.company_id = %s",
            self.env["res.partner"]._receivable_account_ids(), self.env.company.id)
        matches = SQL(" ").join(SQL(
            """UNION ALL
               SELECT match.max_date, concat_ws('|', match.debit_move_id, match.credit_move_id, match.amount)
                 FROM account_partial_reconcile match JOIN account_move_line item ON item.id = %s WHERE %s""",
            SQL.identifier("match", side), is_item) for side in ("debit_move_id", "credit_move_id"))
        rows = self.env.execute_query(SQL(
            """
            SELECT (date_trunc('month', date) + interval '1 month - 1 day')::date AS month_end,
                   (sum(sum(hashtextextended(content, 0))) OVER (ORDER BY min(date)))::text
              FROM (SELECT item.date, concat_ws('|', item.id, owner.commercial_partner_id, item.balance,
                                                coalesce(item.date_maturity, item.date)) AS content
                      FROM account_move_line item LEFT JOIN res_partner owner ON owner.id = item.partner_id
                     WHERE %s %s) part
             GROUP BY 1 ORDER BY 1""",
            is_item, matches, to_flush=self._ledger_fields()))
        return {day: next((fingerprint for known, fingerprint in reversed(rows) if known <= day), None)
                for day in self._month_ends()}

    @api.model
    def _ledger_fields(self):
        return [self.env[model]._fields[name] for model, names in (
            ("account.move.line", ("account_id", "balance", "company_id", "date", "date_maturity", "parent_state",
                                   "partner_id")),
            ("res.partner", ("commercial_partner_id",)),
            ("account.partial.reconcile", ("amount", "credit_move_id", "debit_move_id", "max_date"))) for name in names]

    @api.model
    def _take(self, day, fingerprint):
        """Keep the lines of the aging at a day, in place of what was kept of it."""
        company = self.env.company
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", LOCK, company.id))
        self.search([("company_id", "=", company.id), ("date", "=", day)]).unlink()
        aging = self.env["kundekartotek.aging"].with_context(aging_date=fields.Date.to_string(day), aging_basis="due")
        query = aging._search([])
        lines = query.select(*(aging._field_to_sql(aging._table, name, query) for name in COPIED))
        self.env.flush_query(lines)
        self.env.cr.execute(SQL(
            "INSERT INTO kundekartotek_aging_snapshot (date, limits, fingerprint, %s)"
            " SELECT %s, %s, %s, line.* FROM (%s) line",
            SQL(", ").join(map(SQL.identifier, COPIED)), day, company.aging_limits, fingerprint, lines))
