# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.modules import get_manifest
from odoo.tools import SQL

from ...tools import kartverket
from ...tools.brreg import IN_FLIGHT, Breaker, ClientFault, Refused
from ...tools.region import DOMESTIC_COUNTRIES

_logger = logging.getLogger(__name__)

URL_KEY = "kundekartotek_addon.address_url"
BATCH = 200
LEASE = timedelta(minutes=10)  # who was killed while asking holds the addresses no longer than this
FIRST_RETRY, LAST_RETRY = timedelta(minutes=5), timedelta(hours=12)
CLAIM_ATTEMPTS = 5
# What an address is compared by: another text than the one checked is another address, and not checked yet.
ADDRESS = "concat_ws('|', coalesce(p.street, ''), coalesce(p.zip, ''), coalesce(p.city, ''))"
_clients = {}


class AddressCheck(models.Model):
    """What Kartverket's address search says of a partner's address. One row per partner; it counts for the
    address that it was asked for and no other.

    A queue at the same time: a row is due when ``next_due`` has come. Workers claim rows and commit, ask without a
    lock held, and write the answers in a second transaction.
    """

    _name = "kundekartotek.address.check"
    _description = "Address Check"
    _order = "checked desc, id desc"

    partner_id = fields.Many2one("res.partner", required=True, readonly=True, ondelete="cascade")
    address = fields.Char(readonly=True, help="Street, postal code and town as they were asked for.")
    status = fields.Selection(
        [("matched", "Found"), ("near", "Another spelling"), ("unknown", "Not found"),
         ("no_street", "Post box or no house number")], readonly=True)
    checked = fields.Datetime(readonly=True)
    street = fields.Char(readonly=True)
    postal_code = fields.Char(readonly=True)
    town = fields.Char(readonly=True)
    next_due = fields.Datetime(readonly=True, index="btree_not_null")
    claimed_until = fields.Datetime(readonly=True)
    attempts = fields.Integer(readonly=True)

    _partner_uniq = models.Constraint("UNIQUE(partner_id)", "A partner's address is checked in one row.")

    # -- in ------------------------------------------------------------------------------------------------

    @api.model
    def _enqueue(self, partners):
        """Have these partners' addresses checked soon. Addresses abroad are passed over.

        :return: how many are queued
        """
        if not self.env["kundekartotek.postal.code"]._is_outside_allowed():
            return 0
        return self._enqueue_where(SQL("p.id = ANY(%s)", partners.ids))

    @api.model
    def _cron_check_all(self):
        """Have every customer's address checked anew: the quarterly run."""
        if self.env["kundekartotek.postal.code"]._is_outside_allowed():
            self._enqueue_where(SQL("p.customer_rank > 0 AND p.commercial_partner_id = p.id AND p.active"))

    @api.model
    def _enqueue_where(self, condition):
        self.flush_model()
        self.env["res.partner"].flush_model(["street", "zip", "city", "country_id", "customer_rank", "active"])
        now = fields.Datetime.now()
        rows = self.env.execute_query(SQL(
            """INSERT INTO kundekartotek_address_check
                      (partner_id, next_due, attempts, create_uid, write_uid, create_date, write_date)
               SELECT p.id, %(now)s, 0, %(uid)s, %(uid)s, %(now)s, %(now)s
                 FROM res_partner p LEFT JOIN res_country c ON c.id = p.country_id
                WHERE btrim(p.street) <> '' AND (c.id IS NULL OR c.code = ANY(%(domestic)s)) AND %(condition)s
               ON CONFLICT (partner_id) DO UPDATE SET next_due = EXCLUDED.next_due, attempts = 0
               RETURNING id""",
            now=now, uid=self.env.uid, domestic=list(DOMESTIC_COUNTRIES), condition=condition))
        self.invalidate_model()
        if rows:
            self._wake()
        return len(rows)

    @api.model
    def _wake(self, at=None):
        """sudo: whoever queues something starts the job."""
        self.env.ref("kundekartotek_addon.ir_cron_address_check").sudo()._trigger(at)

    # -- out -----------------------------------------------------------------------------------------------

    @api.model
    def _cron_check(self):
        """Ask for what is due, batch by batch, until nothing is or the time is up."""
        commit_progress = self.env["ir.cron"]._commit_progress
        if not self.env["kundekartotek.postal.code"]._is_outside_allowed():
            return
        commit_progress(remaining=self.search_count(self._due_domain()))
        while claimed := self._claim():
            outcomes = self._ask(claimed)
            self.browse(claimed)._store(claimed, outcomes)
            if not commit_progress(len(claimed), remaining=self.search_count(self._due_domain())):
                return
            self.env.invalidate_all()
            if not any(_status_of(outcome) for outcome in outcomes.values()):
                break  # the rest would fare the same
        due = self.search([("attempts", ">", 0), ("next_due", "!=", False)], order="next_due", limit=1).next_due
        if due:
            self._wake(max(due, fields.Datetime.now() + timedelta(minutes=1)))
        commit_progress(remaining=0)

    @api.model
    def _due_domain(self):
        return [("next_due", "<=", fields.Datetime.now())]

    @api.model
    def _claim(self):
        """Take rows that are due and that nobody else has taken. Committed, so that no lock is held while asking.

        :return: ``{id: (street, postal code, town)}``, empty when nothing is due
        """
        for attempt in range(CLAIM_ATTEMPTS):
            try:
                now = fields.Datetime.now()
                rows = self.env.execute_query(SQL(
                    """UPDATE kundekartotek_address_check k SET claimed_until = %(until)s
                         FROM (SELECT id FROM kundekartotek_address_check
                                WHERE next_due <= %(now)s AND (claimed_until IS NULL OR claimed_until < %(now)s)
                                ORDER BY next_due, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED) due, res_partner p
                        WHERE k.id = due.id AND p.id = k.partner_id
                    RETURNING k.id, coalesce(p.street, ''), coalesce(p.zip, ''), coalesce(p.city, '')""",
                    until=now + LEASE, now=now, batch=BATCH))
                break
            except SerializationFailure:  # another worker has just claimed some of them
                if attempt == CLAIM_ATTEMPTS - 1:
                    raise
                self.env.cr.rollback()
        self.env["ir.cron"]._commit_progress()
        self.env.invalidate_all()
        return {id_: tuple(address) for id_, *address in rows}

    @api.model
    def _get_client(self):
        url = self.env["ir.config_parameter"].sudo().get_param(URL_KEY)  # sudo: whoever asks may not read parameters
        url = (url or kartverket.PRODUCTION_URL).rstrip("/")
        if url not in _clients:
            version = get_manifest("kundekartotek_addon").get("version", "")
            _clients[url] = kartverket.Client(url, version=version, breaker=Breaker.shared(url))
        return _clients[url]

    @api.model
    def _ask(self, addresses):
        """:param addresses: ``{key: (street, postal code, town)}``
        :return: ``{key: outcome}``"""
        client = self._get_client()
        with ThreadPoolExecutor(min(IN_FLIGHT, len(addresses))) as pool:
            return dict(zip(addresses, pool.map(lambda address: client.check(*address), addresses.values())))

    def _store(self, addresses, outcomes):
        """Write the outcomes on these rows; those that somebody else holds come again when the claim runs out."""
        now = fields.Datetime.now()
        for row in self.try_lock_for_update():
            outcome = outcomes[row.id]
            status = _status_of(outcome)
            if not status:
                wait = min(FIRST_RETRY * 2 ** min(row.attempts, 12), LAST_RETRY)
                row.write({"next_due": now + wait, "claimed_until": False, "attempts": row.attempts + 1})
                continue
            found = getattr(outcome, "address", None)
            row.write({
                "status": status, "checked": now, "address": "|".join(addresses[row.id]), "next_due": False,
                "claimed_until": False, "attempts": 0, "street": found and found.street,
                "postal_code": found and found.postal_code, "town": found and found.town,
            })

    def _check_now(self, partner):
        """Ask for one partner's address while a person waits: the search is asked first, rows are locked afterwards.

        :return: the outcome
        """
        address = (partner.street or "", partner.zip or "", partner.city or "")
        outcome = self._ask({0: address})[0]
        # sudo: the answer is nobody's to write by hand
        row = self.sudo().search([("partner_id", "=", partner.id)]) or self.sudo().create({"partner_id": partner.id})
        row._store({row.id: address}, {row.id: outcome})
        return outcome


def _status_of(outcome):
    """The status to keep; None where the answer is no answer and the question comes again."""
    if isinstance(outcome, Refused | ClientFault):
        _logger.info("Address search: %s", outcome)
    return {kartverket.Matched: "matched", kartverket.Near: "near", kartverket.NotFound: "unknown",
            kartverket.NoStreet: "no_street"}.get(type(outcome))
