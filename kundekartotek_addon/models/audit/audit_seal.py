# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .audit_event import LOOKS

BLOCK = 1000  # events under one seal
BLOCKS = 10  # seals per transaction
BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 (the ORM's UTC without zone)
CLOCK_MARGIN = timedelta(minutes=1)  # how far the server's clock may be set back unnoticed

# The content of an event or of a seal, as text that is the same wherever it is computed: PostgreSQL's
# jsonb without empty values, so that a column added later changes nothing. docs/archive-format.md
EVENT_CONTENT = SQL("jsonb_strip_nulls(to_jsonb(e))::text")
SEAL_CONTENT = SQL("(jsonb_strip_nulls(to_jsonb(s)) - 'id' - 'seal' - 'leaves')::text")


def digest(content):
    """SQL for the SHA-256 of a text, as bytes."""
    return SQL("sha256(convert_to(%s, 'UTF8'))", content)


class AuditSeal(models.Model):
    """A link of the chain: a block of events, or the tombstone of expired ones, sealed with SHA-256
    over its own content, the hash of each event, and the seal before it. One chain per company.

    Sealing looks at committed events only and gives them their order, so that writers never wait.
    """

    _name = "kundekartotek.audit.seal"
    _description = "Audit Seal"
    _inherit = ["kundekartotek.audit.append.only"]
    _order = "company_res_id, number desc"
    _rec_name = "seal"
    _log_access = False

    company_res_id = fields.Integer(string="Company ID", required=True, readonly=True, help="0: no company's")
    number = fields.Integer(required=True, readonly=True)
    kind = fields.Selection(
        [("events", "Events"), ("tombstone", "Expired Events")], required=True, readonly=True
    )
    date = fields.Datetime(required=True, readonly=True)
    horizon = fields.Datetime(readonly=True, help="Every event that is older has been sealed by now.")
    event_count = fields.Integer(readonly=True)
    first_event_id = fields.Integer(readonly=True)
    last_event_id = fields.Integer(readonly=True)
    oldest = fields.Datetime(readonly=True)
    newest = fields.Datetime(readonly=True)
    leaves_hash = fields.Char(readonly=True, help="SHA-256 over the hashes of the events.")
    details = fields.Json(
        readonly=True,
        help="Of events: which of them are looks. Of a tombstone: what had expired, and by which rule.",
    )
    previous = fields.Char(string="Previous Seal", readonly=True)
    seal = fields.Char(required=True, readonly=True)

    _number_uniq = models.Constraint("UNIQUE (company_res_id, number)", "A seal has one successor.")
    _range_idx = models.Index("(company_res_id, kind, first_event_id, last_event_id)")
    _newest_idx = models.Index("(company_res_id, newest)")

    def _auto_init(self):
        """Two columns that only SQL reads: the ids of the events, and their hashes in the same order."""
        result = super()._auto_init()
        self.env.cr.execute("""
            ALTER TABLE kundekartotek_audit_seal ADD COLUMN IF NOT EXISTS event_ids integer[],
                                                 ADD COLUMN IF NOT EXISTS leaves bytea""")
        return result

    # -- sealing -------------------------------------------------------------------------------------

    @api.model
    def _cron_seal(self):
        """Seal what has been committed since the last time, for every company."""
        horizon = self._read_horizon()
        # Only now the snapshot: what it does not see is younger than the horizon, or still running at it.
        self.env["ir.cron"]._commit_progress()
        for company_id in self._companies_to_seal():
            self._seal_company(company_id, horizon)
        self._mail_seals()

    @api.model
    def _read_horizon(self):
        """:return: when the oldest running transaction began; later commits tell of nothing older"""
        [(began,)] = self.env.execute_query(
            SQL("""
            SELECT min(xact_start) AT TIME ZONE 'UTC' FROM pg_stat_activity
             WHERE datname = current_database()""")
        )
        return began - CLOCK_MARGIN

    @api.model
    def _companies_to_seal(self):
        return [
            company_id
            for (company_id,) in self.env.execute_query(
                SQL("""
            SELECT 0 UNION SELECT id FROM res_company
            UNION SELECT company_res_id FROM kundekartotek_audit_seal
             ORDER BY 1""")
            )
        ]

    @api.model
    def _seal_company(self, company_id, horizon):
        """Seal a company's events, some blocks per transaction. Two jobs at once do no harm: the second
        would give a number that the first has given, and PostgreSQL refuses that.

        :return: number of events sealed
        """
        sealed = 0
        while pending := self._pending(company_id, BLOCK * BLOCKS):
            for start in range(0, len(pending), BLOCK):
                self._append(company_id, self._block_content(pending[start : start + BLOCK]), horizon)
            sealed += len(pending)
            self.env["ir.cron"]._commit_progress()
        return sealed

    @api.model
    def _pending(self, company_id, limit):
        """The ids of a company's committed events that no seal holds yet, in order."""
        [(since,)] = self.env.execute_query(
            SQL("SELECT max(horizon) FROM kundekartotek_audit_seal WHERE company_res_id = %s", company_id)
        )
        return [
            id_
            for (id_,) in self.env.execute_query(
                SQL(
                    """
            SELECT e.id FROM kundekartotek_audit_event e
             WHERE e.date >= %(since)s AND e.company_res_id = %(company)s
               AND NOT EXISTS (SELECT FROM (
                    SELECT unnest(event_ids) AS id FROM kundekartotek_audit_seal
                     WHERE company_res_id = %(company)s AND kind = 'events' AND newest >= %(since)s
                   ) AS sealed WHERE sealed.id = e.id)
             ORDER BY e.id LIMIT %(limit)s""",
                    company=company_id,
                    since=since or BEGINNING,
                    limit=limit,
                )
            )
        ]

    @api.model
    def _block_content(self, ids):
        """SQL for what a seal over these events holds of its own."""
        return SQL(
            """
            SELECT 'events' AS kind, count(*)::integer AS event_count, min(id) AS first_event_id,
                   max(id) AS last_event_id, min(date) AS oldest, max(date) AS newest,
                   jsonb_build_object('looks', coalesce(jsonb_agg(id ORDER BY id) FILTER (
                       WHERE kind = ANY(%(looks)s)), '[]')) AS details,
                   array_agg(id ORDER BY id) AS event_ids, string_agg(leaf, ''::bytea ORDER BY id) AS leaves
              FROM (SELECT e.id, e.date, e.kind, %(leaf)s AS leaf
                      FROM kundekartotek_audit_event e WHERE e.id = ANY(%(ids)s)) AS block
        """,
            looks=list(LOOKS),
            leaf=digest(EVENT_CONTENT),
            ids=ids,
        )

    @api.model
    def _append(self, company_id, content, horizon):
        """Add a seal to a company's chain.

        :param SQL content: one row, see :meth:`_block_content`
        :return: the seal
        """
        [(seal,)] = self.env.execute_query(
            SQL(
                """
            WITH last AS (
                SELECT number, seal FROM kundekartotek_audit_seal
                 WHERE company_res_id = %(company)s ORDER BY number DESC LIMIT 1
            ), s AS (
                SELECT %(company)s AS company_res_id, coalesce((SELECT number FROM last), 0) + 1 AS number,
                       (SELECT seal FROM last) AS previous, clock_timestamp() AT TIME ZONE 'UTC' AS date,
                       %(horizon)s::timestamp AS horizon, encode(sha256(leaves), 'hex') AS leaves_hash,
                       content.*
                  FROM (%(content)s) AS content
            )
            INSERT INTO kundekartotek_audit_seal (
                company_res_id, number, previous, date, horizon, leaves_hash, kind, event_count,
                first_event_id, last_event_id, oldest, newest, details, event_ids, leaves, seal)
            SELECT s.*, encode(%(digest)s, 'hex') FROM s
            RETURNING seal""",
                company=company_id,
                horizon=horizon,
                content=content,
                digest=digest(SEAL_CONTENT),
            )
        )
        return seal

    # -- the daily seal ------------------------------------------------------------------------------

    @api.model
    def _mail_seals(self):
        """Send each company's last seal to the auditor's address that its settings name, once a day."""
        for company in self.env["res.company"].search([("audit_seal_email", "!=", False)]):
            last = self.search([("company_res_id", "=", company.id)], limit=1)
            if last and company.audit_seal_mailed != last.number:
                company._mail_seal(last)
