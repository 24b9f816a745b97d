# SPDX-License-Identifier: LGPL-3.0-or-later
import hashlib
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .audit_event import LOOKS

BLOCK = 1000  # events under one seal
BLOCKS = 10  # seals per transaction
DIGEST = 32  # bytes of a SHA-256
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

    # -- verifying -----------------------------------------------------------------------------------

    @api.model
    def _verify(self, company_id, known_seal=None):
        """Check a company's chain from its first seal, with flat memory.

        :param known_seal: a seal that was kept outside the system: it must be in the chain
        :return: dict: ``seals`` and ``events`` checked, ``last`` seal, and ``problem``: None, or the first
            one: dict of ``kind`` (altered, missing, inserted, chain, unknown), ``seal`` (its number) and
            ``event_id``
        """
        result = {"seals": 0, "events": 0, "last": None, "problem": None}
        previous, known = None, not known_seal
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT coalesce(max(number), 0) FROM kundekartotek_audit_seal WHERE company_res_id = %s",
                company_id,
            )
        )
        for number in range(1, count + 1):
            problem, seal, events = self._verify_seal(company_id, number, previous)
            if problem:
                return {**result, "problem": problem}
            previous, known = seal, known or seal == known_seal
            result.update(seals=number, events=result["events"] + events, last=seal)
        result["problem"] = self._verify_inserted(company_id)
        if not result["problem"] and not known:
            result["problem"] = {"kind": "unknown", "seal": None, "event_id": None}
        return result

    @api.model
    def _verify_seal(self, company_id, number, previous):
        """:return: (problem or None, seal, number of events checked)"""
        rows = self.env.execute_query_dict(
            SQL(
                """
            SELECT s.seal, s.previous, s.kind, s.leaves_hash, s.leaves, s.event_ids, s.details,
                   encode(%s, 'hex') AS computed
              FROM kundekartotek_audit_seal s WHERE s.company_res_id = %s AND s.number = %s""",
                digest(SEAL_CONTENT),
                company_id,
                number,
            )
        )
        broken = {"kind": "chain", "seal": number, "event_id": None}
        if not rows:
            return broken, None, 0
        row = rows[0]
        leaves = bytes(row["leaves"] or b"")
        if (row["seal"], row["previous"]) != (row["computed"], previous):
            return broken, None, 0
        if row["kind"] == "tombstone":
            return None, row["seal"], 0
        if hashlib.sha256(leaves).hexdigest() != row["leaves_hash"]:
            return broken, None, 0
        expected = dict(
            zip(
                row["event_ids"], (leaves[i : i + DIGEST] for i in range(0, len(leaves), DIGEST)), strict=True
            )
        )
        problem = self._compare(company_id, number, expected, set(row["details"]["looks"]))
        return problem, row["seal"], len(expected)

    @api.model
    def _compare(self, company_id, number, expected, looks):
        """:return: the first event of a block that is altered or missing, as a problem, or None"""
        found = {
            id_: bytes(leaf)
            for id_, leaf in self.env.execute_query(
                SQL(
                    "SELECT e.id, %s FROM kundekartotek_audit_event e WHERE e.id = ANY(%s)",
                    digest(EVENT_CONTENT),
                    list(expected),
                )
            )
        }
        gone = expected.keys() - found.keys()
        expired = self._expired(company_id, gone, looks) if gone else ()
        for id_, leaf in expected.items():
            if id_ in found and found[id_] != leaf:
                return {"kind": "altered", "seal": number, "event_id": id_}
            if id_ not in found and id_ not in expired:
                return {"kind": "missing", "seal": number, "event_id": id_}
        return None

    @api.model
    def _expired(self, company_id, ids, looks):
        """Those of these ids that a tombstone accounts for, by a rule that fits the age of their block, and what
        the least is that the law and the settings let be kept: looks for a month, the rest for five years."""
        return {
            id_
            for id_, long_kept in self.env.execute_query(
                SQL(
                    """
            SELECT g.id, (t.details ->> 'cutoff')::timestamp <= t.date - interval '5 years'
              FROM kundekartotek_audit_seal t, unnest(t.event_ids) AS g(id)
             WHERE t.company_res_id = %(company)s AND t.kind = 'tombstone'
               AND t.first_event_id <= %(last)s AND t.last_event_id >= %(first)s AND g.id = ANY(%(ids)s)
               AND t.newest <= (t.details ->> 'cutoff')::timestamp
               AND (t.details ->> 'cutoff')::timestamp <= t.date - interval '28 days'
               AND t.date <= clock_timestamp() AT TIME ZONE 'UTC'
               AND EXISTS (SELECT FROM kundekartotek_audit_seal b
                            WHERE b.company_res_id = %(company)s AND b.kind = 'events' AND b.number < t.number
                              AND b.oldest < (t.details ->> 'cutoff')::timestamp AND g.id = ANY(b.event_ids)
                              AND b.first_event_id <= g.id AND b.last_event_id >= g.id)""",
                    company=company_id,
                    first=min(ids),
                    last=max(ids),
                    ids=list(ids),
                )
            )
            if long_kept or id_ in looks
        }

    @api.model
    def _verify_inserted(self, company_id):
        """:return: the first event that no seal holds although it is older than the last horizon"""
        rows = self.env.execute_query(
            SQL(
                """
            SELECT min(id) FROM (
                SELECT e.id FROM kundekartotek_audit_event e
                 WHERE e.company_res_id = %(company)s
                   AND e.date < (SELECT max(horizon) FROM kundekartotek_audit_seal
                                  WHERE company_res_id = %(company)s)
                EXCEPT
                SELECT unnest(event_ids) FROM kundekartotek_audit_seal
                 WHERE company_res_id = %(company)s AND kind = 'events') AS unsealed""",
                company=company_id,
            )
        )
        return {"kind": "inserted", "seal": None, "event_id": rows[0][0]} if rows[0][0] else None

    # -- the daily seal ------------------------------------------------------------------------------

    @api.model
    def _mail_seals(self):
        """Send each company's last seal to the auditor's address that its settings name, once a day."""
        for company in self.env["res.company"].search([("audit_seal_email", "!=", False)]):
            last = self.search([("company_res_id", "=", company.id)], limit=1)
            if last and company.audit_seal_mailed != last.number:
                company._mail_seal(last)
