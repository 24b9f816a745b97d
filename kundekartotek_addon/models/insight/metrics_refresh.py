# SPDX-License-Identifier: LGPL-3.0-or-later
import time

from odoo import api, fields, models
from odoo.tools import SQL

from .customer_metrics import MEASURES

BATCH = 1000  # customers measured between two commits
LOCK = 0x6B756E6465  # one writer of metrics at a time
PATIENCE = 30  # seconds that the nightly run waits for the work in hand


class KundekartotekCustomerMetrics(models.Model):
    """Writing the metrics: all of them every night, and every few minutes those that something happened to.

    Only this addon's own tables are written, so nobody's posting waits for it.
    """

    _inherit = "kundekartotek.customer.metrics"

    @api.model
    def _refresh(self, company, partner_ids=None):
        """Measure customers in a root company; rows of those that have nothing to measure go.

        :param partner_ids: ids of partners, commercial or not any more; all by default
        :return: number of rows written
        """
        day = self._measuring_day(company)
        columns = [SQL.identifier(name) for name in MEASURES]
        measures = self._measure_sql(company, day, partner_ids)
        if partner_ids is None:
            # To fill a new table PostgreSQL reads with several processes, to add to an old one with one.
            self.env.cr.execute(SQL("DROP TABLE IF EXISTS pg_temp.kundekartotek_measured"))
            self.env.execute_query(SQL("CREATE TEMPORARY TABLE kundekartotek_measured ON COMMIT DROP AS %s", measures))
            measures = SQL("SELECT * FROM pg_temp.kundekartotek_measured")
        [(written,)] = self.env.execute_query(SQL(
            """
            WITH measured AS (
                INSERT INTO kundekartotek_customer_metrics (company_id, computed_at, partner_id, %(columns)s)
                SELECT %(company)s, %(now)s, measure.* FROM (%(measures)s) measure
                    ON CONFLICT (partner_id, company_id)
                    DO UPDATE SET computed_at = excluded.computed_at, %(updates)s
             RETURNING partner_id
            ), gone AS (
                DELETE FROM kundekartotek_customer_metrics
                 WHERE company_id = %(company)s AND %(chosen)s
                   AND partner_id NOT IN (SELECT partner_id FROM measured))
            SELECT count(*) FROM measured""",
            columns=SQL(", ").join(columns),
            updates=SQL(", ").join(SQL("%s = excluded.%s", column, column) for column in columns),
            company=company.id, now=fields.Datetime.now(), measures=measures,
            chosen=SQL("TRUE") if partner_ids is None else SQL("partner_id = ANY(%s)", partner_ids),
        ))
        self.invalidate_model()
        return written

    @api.model
    def _drop(self, partners):
        """Forget figures that are being moved; the queue brings them back. Plain SQL, as nobody writes here."""
        self.env.cr.execute(SQL("DELETE FROM kundekartotek_customer_metrics WHERE partner_id = ANY(%s)", partners.ids))
        self.invalidate_model()

    @api.model
    def _measuring_day(self, company):
        """Today where the company is."""
        return fields.Date.context_today(self.with_context(tz=self._measuring_zone(company)))

    @api.model
    def _measuring_zone(self, company):
        return company.partner_id.tz or self.env.user.tz or "Europe/Oslo"

    @api.model
    def _measured_companies(self):
        """Every legal entity: the companies without a parent. sudo: jobs measure all of them."""
        return self.env["res.company"].sudo().search([("parent_id", "=", False)])

    @api.model
    def _cron_refresh_metrics(self):
        """Measure every customer of every company anew, one company between two commits, and forget what is
        noted in the queue: it is seen here."""
        commit_progress = self.env["ir.cron"]._commit_progress
        companies = self._measured_companies()
        commit_progress(remaining=len(companies))
        for company in companies:
            if not self._wait_for_lock():
                return  # the job is run again
            self.env["kundekartotek.metrics.dirty"]._forget(company)
            self._refresh(company)
            self._classify(company)
            self.env["kundekartotek.kpi"]._keep(company)
            if not commit_progress(1):
                return

    @api.model
    def _measure_soon(self):
        """Do not wait for the night: what classes are given by has changed. sudo: who changes it may not start
        jobs."""
        self.env.ref("kundekartotek_addon.cron_refresh_metrics").sudo()._trigger()

    @api.model
    def _cron_work_off(self):
        """Measure the customers in the queue, a batch between two commits."""
        commit_progress = self.env["ir.cron"]._commit_progress
        queue = self.env["kundekartotek.metrics.dirty"]
        while self._lock() and (batch := queue._take(BATCH)):
            self._refresh_noted(batch)
            remaining = queue._count()
            if not remaining:
                for company in self._measured_companies():
                    self.env["kundekartotek.kpi"]._keep_current(company)
            if not commit_progress(len(batch), remaining=remaining):
                return

    @api.model
    def _refresh_noted(self, noted):
        """:param noted: [(partner id, company id or None: in every company)]"""
        for company in self._measured_companies():
            if partner_ids := [partner for partner, company_id in noted if company_id in (None, company.id)]:
                self._refresh(company, partner_ids)
                self._classify(company, partner_ids)

    @api.model
    def _lock(self):
        """Until the transaction ends, nobody else writes metrics.

        :return: whether it was free
        """
        return self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", LOCK))[0][0]

    @api.model
    def _wait_for_lock(self):
        """Wait until metrics may be written, each time in a new transaction, which sees what was written."""
        end = time.monotonic() + PATIENCE
        while not self._lock():
            if time.monotonic() > end:
                return False
            self.env.cr.rollback()
            time.sleep(0.5)
        return True
