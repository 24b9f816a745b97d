# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import brreg, orgnr
from .register_service import ANSWERED, KINDS

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
        """Give these numbers an entry that is due, where they have none. Those that have one are left out first: a
        conflict with an entry that somebody writes at the same time would end our transaction."""
        self.env.cr.execute(SQL(
            """INSERT INTO kundekartotek_register_entry (number, next_due, create_date, write_date, attempts)
               SELECT number, %(now)s, %(now)s, %(now)s, 0 FROM unnest(%(numbers)s) number
                WHERE NOT EXISTS (SELECT FROM kundekartotek_register_entry e WHERE e.number = number.number)
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
        self.env.cr.execute(SQL(
            """UPDATE kundekartotek_register_entry SET next_due = %(now)s, attempts = 0
                WHERE %(condition)s RETURNING number""",
            now=fields.Datetime.now(), condition=condition), log_exceptions=False)  # whoever asks tries it again
        self.invalidate_model(["next_due", "attempts"])
        return [number for (number,) in self.env.cr.fetchall()]

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
    def _ask_outside(self, questions):
        return self.env["kundekartotek.register.service"]._fetch(questions.values())

    @api.model
    def _is_answer(self, answer):
        return KINDS[type(answer)] in ANSWERED

    # -- what was answered --------------------------------------------------------------------------------

    def _store(self, answers):
        """Write the outcomes on these entries, and act on what is new.

        :param answers: ``{number: outcome}``
        """
        locked = self.try_lock_for_update()
        entries = locked.filtered(lambda entry: entry.number in answers)
        for entry in locked - entries:
            entry.write(entry._prepare_release_vals(fields.Datetime.now()))
        changes, unchanged, renewed = {}, {}, self.browse()
        for entry in entries:
            before = entry._snapshot()
            vals = entry._prepare_outcome_vals(answers[entry.number])
            same = vals.get("payload_hash") and vals["payload_hash"] == entry.payload_hash
            if same and vals["answer"] == entry.answer:
                key = tuple((name, value) for name, value in vals.items() if name in self._get_queue_fields())
                unchanged[key] = unchanged.get(key, self.browse()) | entry
                continue
            entry.write(vals)
            renewed |= entry
            if found := before.compare(entry._snapshot()):
                changes[entry] = found
        for key, alike in unchanged.items():
            alike.write(dict(key))
        self.env["kundekartotek.register.change"]._act_on(renewed, changes)
        self.env["kundekartotek.register.run.line"]._settle(entries)
        return entries

    @api.model
    def _get_queue_fields(self):
        return ("fetched", "next_due", "claimed_until", "attempts", "last_outcome", "answer", "last_detail",
                "unreachable_since")

    def _prepare_outcome_vals(self, outcome):
        """:return: what to write on this entry when the register answered so"""
        self.ensure_one()
        service = self.env["kundekartotek.register.service"]
        kind = KINDS[type(outcome)]
        if kind not in ANSWERED:
            seconds = getattr(outcome, "retry_after", None)  # when the register says when, then
            wait = max(timedelta(seconds=seconds), timedelta(minutes=1)) if seconds else None
            return self._prepare_retry_vals(wait) | service._prepare_kept_vals(outcome)
        now = fields.Datetime.now()
        vals = {
            **self._prepare_release_vals(now + self._get_interval()), "fetched": now, "attempts": 0,
            "last_outcome": kind, "answer": kind, "last_detail": False, "unreachable_since": False,
        }  # fmt: skip
        if isinstance(outcome, brreg.Found | brreg.Deleted):
            return self._prepare_unit_vals(outcome.unit) | vals
        if isinstance(outcome, brreg.Withdrawn):
            return dict.fromkeys(self._get_copied_fields(), False) | vals | {"deleted_date": outcome.date}
        return vals  # unknown: what was once copied stays, with the outcome beside it

    def _prepare_retry_vals(self, wait=None):
        return {
            **super()._prepare_retry_vals(wait), "unreachable_since": self.unreachable_since or fields.Datetime.now()}

    def _note_broken(self, error):
        super()._note_broken(error)
        self.write({"last_outcome": "broken", "last_detail": str(error)[:200]})
        self.env["kundekartotek.register.run.line"]._settle(self)

    @api.model
    def _get_interval(self):
        """How long an entry may be left unasked. sudo: the job's rights must not matter."""
        days = self.env["ir.config_parameter"].sudo().get_param(INTERVAL_KEY) or ""
        return timedelta(days=int(days) if days.isdigit() and int(days) else INTERVAL_DAYS)
