# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import datetime, time

from dateutil.relativedelta import relativedelta
from pytz import UTC, timezone

from odoo import api, fields, models
from odoo.tools import SQL

from .audit_event import KINDS, LOOKS
from .audit_seal import BLOCKS
from .audit_sql import RETENTION


def _midnight(day, zone):
    """:return: when a day begins in a time zone, in UTC without zone, as the ORM has it"""
    return zone.localize(datetime.combine(day, time.min)).astimezone(UTC).replace(tzinfo=None)


class AuditSeal(models.Model):
    """Expired events leave the trail here, and only here. A tombstone in the chain tells which, and by
    which rule; the hashes in their seals stay, so that the chain can still be verified."""

    _inherit = "kundekartotek.audit.seal"

    @api.model
    def _cron_expire(self):
        """Remove the events that have expired, for every company, after sealing what is not sealed."""
        self._cron_seal()
        for company_id in self._companies_to_seal():
            for kinds, cutoff in self._retention_rules(company_id):
                while self._expire(company_id, kinds, cutoff):
                    self.env["ir.cron"]._commit_progress()

    @api.model
    def _retention_rules(self, company_id):
        """What has expired of a company's events: those of none, and of a company that is gone, follow the
        settings of the first one.

        :return: list of (list of kinds, datetime before which they have expired)
        """
        companies = self.env["res.company"].sudo().search([], order="id")
        company = companies.filtered(lambda each: each.id == company_id) or companies[:1]
        zone = timezone(company.partner_id.tz or "Europe/Oslo")
        today = UTC.localize(fields.Datetime.now()).astimezone(zone).date()
        years = company.compute_fiscalyear_dates(today - relativedelta(years=company.audit_change_years))
        return [
            (list(LOOKS), _midnight(today - relativedelta(months=company.audit_look_months), zone)),
            ([kind for kind, _label in KINDS if kind not in LOOKS], _midnight(years["date_from"], zone)),
        ]

    @api.model
    def _expire(self, company_id, kinds, cutoff):
        """Delete the expired events under some seals, and put up their tombstone, in one transaction.

        :return: number of events removed; 0 when nothing is left to remove
        """
        ids = [
            id_
            for (id_,) in self.env.execute_query(
                SQL(
                    """
            SELECT e.id
              FROM (SELECT s.event_ids FROM kundekartotek_audit_seal s
                     WHERE s.company_res_id = %(company)s AND s.kind = 'events' AND s.oldest < %(cutoff)s
                       AND EXISTS (SELECT FROM kundekartotek_audit_event e
                                    WHERE e.id = ANY(s.event_ids) AND e.date < %(cutoff)s
                                      AND e.kind = ANY(%(kinds)s))
                     ORDER BY s.number LIMIT %(blocks)s) AS block
              JOIN kundekartotek_audit_event e ON e.id = ANY(block.event_ids)
             WHERE e.date < %(cutoff)s AND e.kind = ANY(%(kinds)s)""",
                    company=company_id,
                    cutoff=cutoff,
                    kinds=kinds,
                    blocks=BLOCKS,
                )
            )
        ]
        if not ids:
            return 0
        [(horizon,)] = self.env.execute_query(
            SQL("SELECT max(horizon) FROM kundekartotek_audit_seal WHERE company_res_id = %s", company_id)
        )
        self._append(company_id, self._tombstone_content(ids, kinds, cutoff), horizon)
        self.env.cr.execute(SQL("SELECT set_config(%s, 'on', true)", RETENTION))
        self.env.cr.execute(SQL("DELETE FROM kundekartotek_audit_event WHERE id = ANY(%s)", ids))
        self.env.cr.execute(SQL("SELECT set_config(%s, '', true)", RETENTION))
        return len(ids)

    @api.model
    def _tombstone_content(self, ids, kinds, cutoff):
        return SQL(
            """
            SELECT 'tombstone' AS kind, count(*)::integer AS event_count, min(id) AS first_event_id,
                   max(id) AS last_event_id, min(date) AS oldest, max(date) AS newest,
                   jsonb_build_object('kinds', %(kinds)s::text[], 'cutoff', %(cutoff)s::timestamp) AS details,
                   array_agg(id ORDER BY id) AS event_ids, NULL::bytea AS leaves
              FROM kundekartotek_audit_event WHERE id = ANY(%(ids)s)""",
            ids=ids,
            kinds=kinds,
            cutoff=cutoff,
        )
