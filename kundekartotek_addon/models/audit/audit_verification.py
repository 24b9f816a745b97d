# SPDX-License-Identifier: LGPL-3.0-or-later
"""Whether the trail is what was sealed. Whatever the owner of the database wrote is told, not raised."""

import hashlib

import psycopg2

from odoo import api, models
from odoo.tools import SQL

from .audit_seal import EVENT_CONTENT, SEAL_CONTENT, digest

DIGEST = 32  # bytes of a SHA-256


def is_ids(value):
    return isinstance(value, list) and all(type(id_) is int for id_ in value)


class AuditSeal(models.Model):
    """The chain begins with number one; what stands outside of it accounts for nothing."""

    _inherit = "kundekartotek.audit.seal"

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
        if len(rows) != 1 or (rows[0]["seal"], rows[0]["previous"]) != (rows[0]["computed"], previous):
            return broken, None, 0
        row = rows[0]
        if row["kind"] == "tombstone":
            return None, row["seal"], 0
        ids, leaves = row["event_ids"], bytes(row["leaves"] or b"")
        looks = row["details"].get("looks") if isinstance(row["details"], dict) else None
        if (
            row["kind"] != "events"
            or not (is_ids(ids) and is_ids(looks) and len(leaves) == DIGEST * len(ids))
            or hashlib.sha256(leaves).hexdigest() != row["leaves_hash"]
        ):
            return broken, None, 0
        expected = {id_: leaves[index * DIGEST : (index + 1) * DIGEST] for index, id_ in enumerate(ids)}
        return self._compare(company_id, number, expected, set(looks)), row["seal"], len(expected)

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
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
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
                            WHERE b.company_res_id = %(company)s AND b.kind = 'events'
                              AND b.number >= 1 AND b.number < t.number
                              AND b.oldest < (t.details ->> 'cutoff')::timestamp AND g.id = ANY(b.event_ids)
                              AND b.first_event_id <= g.id AND b.last_event_id >= g.id)""",
                        company=company_id,
                        first=min(ids),
                        last=max(ids),
                        ids=list(ids),
                    ),
                    log_exceptions=False,
                )
                return {id_ for id_, long_kept in self.env.cr.fetchall() if long_kept or id_ in looks}
        except psycopg2.DataError:  # a tombstone whose cutoff is no time: none that the job wrote
            return set()

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
                 WHERE company_res_id = %(company)s AND kind = 'events' AND number >= 1) AS unsealed""",
                company=company_id,
            )
        )
        return {"kind": "inserted", "seal": None, "event_id": rows[0][0]} if rows[0][0] else None
