# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from functools import partial

from odoo import api, fields, models
from odoo.modules import get_manifest
from odoo.service.model import retrying
from odoo.tools import SQL

from ...tools import kartverket
from ...tools.brreg import Breaker, ClientFault, Refused, ask_many
from ...tools.region import DOMESTIC_COUNTRIES
from .outside_queue import PATIENCE

_logger = logging.getLogger(__name__)

URL_KEY = "kundekartotek_addon.address_url"
# What an address is compared by: another text than the one checked is another address, and not checked yet.
ADDRESS = "concat_ws('|', coalesce(p.street, ''), coalesce(p.zip, ''), coalesce(p.city, ''))"
_clients = {}


class AddressCheck(models.Model):
    """What Kartverket's address search says of a partner's address. One row per partner; it counts for the
    address that it was asked for and no other. A queue at the same time."""

    _name = "kundekartotek.address.check"
    _description = "Address Check"
    _inherit = ["kundekartotek.outside.queue"]
    _order = "checked desc, id desc"
    _queue_job = "kundekartotek_addon.ir_cron_address_check"

    partner_id = fields.Many2one("res.partner", required=True, readonly=True, ondelete="cascade")
    address = fields.Char(readonly=True, help="Street, postal code and town as they were asked for.")
    status = fields.Selection(
        [("matched", "Found"), ("near", "Another spelling"), ("unknown", "Not found"),
         ("no_street", "Post box or no house number")], readonly=True)
    checked = fields.Datetime(readonly=True)
    street = fields.Char(readonly=True)
    postal_code = fields.Char(readonly=True)
    town = fields.Char(readonly=True)
    next_due = fields.Datetime(index="btree_not_null")

    _partner_uniq = models.Constraint("UNIQUE(partner_id)", "A partner's address is checked in one row.")

    # -- in ------------------------------------------------------------------------------------------------

    @api.model
    def _enqueue(self, partners):
        """Have these partners' addresses checked soon. Addresses abroad are passed over.

        :return: how many are queued
        """
        if not self._is_queue_open():
            return 0
        return self._enqueue_where(SQL("p.id = ANY(%s)", partners.ids))

    @api.model
    def _cron_check_all(self):
        """Have every customer's address checked anew: the quarterly run."""
        if self._is_queue_open():
            customers = SQL("p.customer_rank > 0 AND p.commercial_partner_id = p.id AND p.active")
            # again where the queue writes the same rows: the next turn is a quarter later
            retrying(partial(self._enqueue_where, customers), self.env)

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

    # -- out -----------------------------------------------------------------------------------------------

    @api.model
    def _cron_check(self):
        if self._work_off():
            self._wake_for_next()

    @api.model
    def _is_queue_open(self):
        return self.env["kundekartotek.postal.code"]._is_outside_allowed(URL_KEY)

    @api.model
    def _question_sql(self, alias):
        """Street, postal code and town of the partner."""
        return SQL(
            """(SELECT ARRAY[coalesce(street, ''), coalesce(zip, ''), coalesce(city, '')]
                  FROM res_partner WHERE id = %s)""",
            SQL.identifier(alias, "partner_id"))

    @api.model
    def _get_client(self):
        url = self.env["ir.config_parameter"].sudo().get_param(URL_KEY)  # sudo: whoever asks may not read parameters
        url = (url or kartverket.PRODUCTION_URL).rstrip("/")
        if url not in _clients:
            version = get_manifest("kundekartotek_addon").get("version", "")
            _clients[url] = kartverket.Client(url, version=version, breaker=Breaker.shared(url))
        return _clients[url]

    @api.model
    def _ask_outside(self, questions):
        """:param questions: ``{id: (street, postal code, town)}``
        :return: ``{id: (address, outcome)}``"""
        client = self._get_client()
        return dict(ask_many(lambda row: [(row[0], (row[1], client.check(*row[1])))], questions.items(), PATIENCE))

    @api.model
    def _is_answer(self, answer):
        return bool(_status_of(answer[1]))

    def _store(self, answers):
        rows = self.try_lock_for_update()
        for row in rows:
            row.write(row._prepare_outcome_vals(*answers[row.id]) if row.id in answers
                      else row._prepare_release_vals(fields.Datetime.now()))
        return rows

    def _prepare_outcome_vals(self, address, outcome):
        """:return: what to write on this row when the search answered so for an address"""
        self.ensure_one()
        status, found = _status_of(outcome), getattr(outcome, "address", None)
        if not status:
            return self._prepare_retry_vals()
        return {
            **self._prepare_release_vals(False), "status": status, "checked": fields.Datetime.now(), "attempts": 0,
            "address": "|".join(address), "street": found and found.street, "postal_code": found and found.postal_code,
            "town": found and found.town,
        }

    def _check_now(self, partner):
        """Ask for one partner's address while a person waits: the search is asked first, rows are locked afterwards.

        :return: the outcome
        """
        address = (partner.street or "", partner.zip or "", partner.city or "")
        outcome = self._get_client().check(*address)
        # sudo: the answer is nobody's to write by hand
        row = self.sudo().search([("partner_id", "=", partner.id)]) or self.sudo().create({"partner_id": partner.id})
        row._store({row.id: (address, outcome)})
        return outcome


def _status_of(outcome):
    """The status to keep; None where the answer is no answer and the question comes again."""
    if isinstance(outcome, Refused | ClientFault):
        _logger.info("Address search: %s", outcome)
    return {kartverket.Matched: "matched", kartverket.Near: "near", kartverket.NotFound: "unknown",
            kartverket.NoStreet: "no_street"}.get(type(outcome))
