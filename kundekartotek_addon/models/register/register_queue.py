# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import timedelta

from psycopg2.errors import OperationalError

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import brreg, orgnr
from .register_entry import ANSWERED

_logger = logging.getLogger(__name__)

INTERVAL_KEY = "kundekartotek_addon.register_interval_days"
INTERVAL_DAYS = 90
BATCH = 1600  # eight lists of 200, one for each request in flight


class RegisterEntry(models.Model):
    """The queue of entries to fetch. A number has one entry, so that two workers never fetch the same one."""

    _inherit = "kundekartotek.register.entry"
    _queue_job = "kundekartotek_addon.ir_cron_register_fetch"
    _queue_batch = BATCH

    # -- in -----------------------------------------------------------------------------------------------

    @api.model
    def _enqueue(self, numbers, *, again=False):
        """Have these numbers fetched soon: those not fetched yet, with ``again`` all. sudo: whoever creates a
        customer has it validated, and may not write entries.

        No row that is there already is locked, unless ``again``: saving a customer never waits for the queue.
        """
        numbers = sorted(set(filter(None, numbers)))
        if not numbers or not self._is_queue_open():
            return
        self._insert_due(numbers)
        if again:
            self._make_due(SQL("number = ANY(%s)", numbers))
        self._wake()

    @api.model
    def _insert_due(self, numbers):
        """Give these numbers an entry that is due, where they have none."""
        self.env.cr.execute(SQL(
            """INSERT INTO kundekartotek_register_entry (number, next_due, create_date, write_date, attempts)
               SELECT number, %(now)s, %(now)s, %(now)s, 0 FROM unnest(%(numbers)s) number
               ON CONFLICT (number) DO NOTHING""",
            now=fields.Datetime.now(), numbers=numbers))

    @api.model
    def _enqueue_all(self, *, again=False):
        """Give every customer's number an entry, in one statement; with ``again`` all are fetched anew."""
        self.env["res.partner"].flush_model([*orgnr.FIELDS, "customer_rank", "commercial_partner_id"])
        rows = self.env.execute_query(SQL(
            """SELECT number FROM (%s) used
                WHERE number IS NOT NULL
                  AND NOT EXISTS (SELECT FROM kundekartotek_register_entry e WHERE e.number = used.number)""",
            self._get_customer_numbers_query()))
        self._enqueue(number for (number,) in rows if orgnr.candidates(number))
        if again:
            self._make_due(SQL("TRUE"))
            self._wake()

    @api.model
    def _make_due(self, condition):
        """:return: the numbers that are due now"""
        self.flush_model()
        rows = self.env.execute_query(SQL(
            """UPDATE kundekartotek_register_entry SET next_due = %(now)s, attempts = 0
                WHERE %(condition)s RETURNING number""",
            now=fields.Datetime.now(), condition=condition))
        self.invalidate_model(["next_due", "attempts"])
        return [number for (number,) in rows]

    # -- out ----------------------------------------------------------------------------------------------

    @api.model
    def _cron_fetch(self):
        if self._work_off():
            self.env["kundekartotek.register.run"]._finish_done()
            self._wake_for_next()

    @api.model
    def _is_queue_open(self):
        return self.env["kundekartotek.register.service"]._is_on()

    @api.model
    def _question_sql(self, alias):
        return SQL.identifier(alias, "number")

    @api.model
    def _ask_and_store(self, questions):
        outcomes = self.env["kundekartotek.register.service"]._fetch(questions.values())
        self.browse(questions)._store_or_skip(outcomes)
        return any(OUTCOME_KEYS[type(outcome)] in ANSWERED for outcome in outcomes.values())

    # -- what was answered --------------------------------------------------------------------------------

    def _store_or_skip(self, outcomes):
        """Write what was answered; one that cannot be written is noted on its entry and stops no other."""
        try:
            with self.env.cr.savepoint():
                self._store(outcomes)
        except OperationalError:  # somebody else writes the same: the claim runs out and it comes again
            _logger.info("Register entries in use by somebody else are left for later: %s", self.ids[:10])
        except Exception as error:  # whatever acting on a customer can do wrong
            if len(self) > 1:
                for entry in self:
                    entry._store_or_skip(outcomes)
                return
            _logger.exception("What the register says of entry %s could not be stored", self.id)
            self.write({**self._prepare_failure_vals(None), "last_message": str(error)[:200]})

    def _store(self, outcomes):
        """Write the outcomes on these entries, and act on what is new.

        :param outcomes: ``{number: outcome}``
        """
        entries = self.try_lock_for_update()
        changes, unchanged, renewed = {}, {}, self.browse()
        for entry in entries:
            outcome = outcomes.get(entry.number) or brreg.Unavailable(brreg.Reason.GARBAGE)
            before = entry._snapshot()
            vals = entry._prepare_outcome_vals(outcome)
            if vals.get("payload_hash") and vals["payload_hash"] == entry.payload_hash:
                vals = {name: value for name, value in vals.items() if name in self._get_queue_fields()}
                unchanged.setdefault(tuple(vals.items()), self.browse())
                unchanged[tuple(vals.items())] |= entry
                continue
            entry.write(vals)
            renewed |= entry
            if found := before.compare(entry._snapshot()):
                changes[entry] = found
        for vals, same in unchanged.items():
            same.write(dict(vals))
        self.env["kundekartotek.register.change"]._act_on(renewed, changes)
        self.env["kundekartotek.register.run.line"]._settle(entries)

    @api.model
    def _get_queue_fields(self):
        return ("fetched", "next_due", "claimed_until", "attempts", "last_outcome", "answer", "last_message",
                "unreachable_since")

    def _prepare_outcome_vals(self, outcome):
        """:return: what to write on this entry when the register answered so"""
        self.ensure_one()
        service = self.env["kundekartotek.register.service"]
        kind = OUTCOME_KEYS[type(outcome)]
        if kind not in ANSWERED:
            seconds = getattr(outcome, "retry_after", None)
            message = service._explain(outcome)[:200]
            return {**self._prepare_failure_vals(seconds), "last_outcome": kind, "last_message": message}
        now = fields.Datetime.now()
        vals = {
            "fetched": now, "next_due": now + self._get_interval(), "claimed_until": False, "attempts": 0,
            "last_outcome": kind, "answer": kind, "last_message": False, "unreachable_since": False,
        }  # fmt: skip
        if isinstance(outcome, brreg.Found | brreg.Deleted):
            return self._prepare_unit_vals(outcome.unit) | vals
        if isinstance(outcome, brreg.Withdrawn):
            return dict.fromkeys(self._get_copied_fields(), False) | vals | {"deleted_date": outcome.date}
        return vals  # unknown: what was once copied stays, with the outcome beside it

    def _prepare_failure_vals(self, seconds):
        """Try again, later and later; at once when the register says when."""
        now = fields.Datetime.now()
        wait = self._get_retry_wait()
        if seconds:
            wait = max(timedelta(seconds=seconds), timedelta(minutes=1))
        return {
            "next_due": now + wait, "claimed_until": False, "attempts": self.attempts + 1,
            "unreachable_since": self.unreachable_since or now,
        }  # fmt: skip

    @api.model
    def _get_interval(self):
        """How long an entry may be left unasked. sudo: the job's rights must not matter."""
        days = self.env["ir.config_parameter"].sudo().get_param(INTERVAL_KEY) or ""
        return timedelta(days=int(days) if days.isdigit() and int(days) else INTERVAL_DAYS)

    def _refresh(self):
        """Fetch these entries now, while a person waits. Nothing may have been written before in this
        transaction: the register is asked first, the rows are locked afterwards.

        :return: the outcomes
        """
        outcomes = self.env["kundekartotek.register.service"]._fetch(self.mapped("number"))
        self._store(outcomes)
        return outcomes


OUTCOME_KEYS = {
    brreg.Found: "found", brreg.Deleted: "deleted", brreg.Unknown: "unknown", brreg.Withdrawn: "withdrawn",
    brreg.Refused: "refused", brreg.ClientFault: "client_fault", brreg.Unavailable: "unavailable",
}  # fmt: skip
