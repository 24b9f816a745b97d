# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import timedelta

from psycopg2.errors import OperationalError

from odoo import api, fields, models
from odoo.service.model import retrying
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)  # who was killed while asking holds the rows no longer than this
PATIENCE = 240  # seconds to ask for a batch, so that the answers come well within the lease
FIRST_RETRY, LAST_RETRY = timedelta(minutes=5), timedelta(hours=12)


class OutsideQueue(models.AbstractModel):
    """Rows that somebody outside is asked about: a row is due when ``next_due`` has come. Workers claim rows and
    commit, ask without a lock held, and write the answers in a transaction of their own, so that two workers never
    ask about the same row and whoever is killed in between loses nothing.

    A claim is a lease: ``next_due`` and ``claimed_until`` are both its end. Where the two differ, somebody asked for
    the row again while it was asked about, and it stays due.

    Whoever inherits names its job and batch, and says what is asked (:meth:`_question_sql`), how
    (:meth:`_ask_outside`) and what is written (:meth:`_store`).
    """

    _name = "kundekartotek.outside.queue"
    _description = "Queue of Questions to Somebody Outside"

    _queue_job = ""  # external id of the job that works it off
    _queue_batch = 200

    next_due = fields.Datetime(readonly=True)
    claimed_until = fields.Datetime(readonly=True, help="Somebody is asking now, if not stopped by then.")
    attempts = fields.Integer(readonly=True)

    # -- what whoever inherits says: hooks -----------------------------------------------------------------

    @api.model
    def _is_queue_open(self):
        """:return: whether the outside may be asked at all"""
        return True

    @api.model
    def _question_sql(self, alias):
        """:return: SQL expression of what to ask about a row"""
        return SQL.identifier(alias, "id")

    @api.model
    def _ask_outside(self, questions):
        """Ask, and write nothing.

        :param questions: ``{id: question}``
        :return: ``{key: answer}``, as :meth:`_store` finds them; what was not asked within ``PATIENCE`` is left out
        """
        raise NotImplementedError

    def _store(self, answers):
        """Write the answers on those of these rows that nobody else holds; what was not asked is due at once.

        :return: the rows that were written
        """
        raise NotImplementedError

    @api.model
    def _is_answer(self, answer):
        """:return: whether the outside answered; if it answers nothing, the rest of the queue would fare the same"""
        return bool(answer)

    # -- the queue -----------------------------------------------------------------------------------------

    @api.model
    def _wake(self, at=None):
        """sudo: whoever queues something starts the job."""
        self.env.ref(self._queue_job).sudo()._trigger(at)

    @api.model
    def _due_sql(self):
        """:return: SQL condition of the rows to ask about now"""
        now = fields.Datetime.now()
        return SQL("next_due <= %s AND (claimed_until IS NULL OR claimed_until <= %s)", now, now)

    @api.model
    def _count_due(self):
        self.flush_model()
        return self.env.execute_query(SQL(
            "SELECT count(*) FROM %s WHERE %s", SQL.identifier(self._table), self._due_sql()))[0][0]

    @api.model
    def _work_off(self):
        """Ask for what is due, batch by batch, until nothing is or the time is up.

        :return: whether nothing more can be done now
        """
        commit_progress = self.env["ir.cron"]._commit_progress
        if not self._is_queue_open():
            return False
        commit_progress(remaining=self._count_due())
        while questions := self._claim():
            answers = self._ask_outside(questions)
            self._begin_anew()
            # who else answered for a row in the meantime, a person who pressed a button, has asked later
            self.browse(questions).exists().filtered("claimed_until")._store_or_skip(answers)
            if not commit_progress(len(questions), remaining=self._count_due()):
                return False
            self.env.invalidate_all()
            if not any(map(self._is_answer, answers.values())):
                break
        return True

    @api.model
    def _begin_anew(self):
        """End the transaction: the next statement sees what the others have written meanwhile."""
        self.env["ir.cron"]._commit_progress()
        self.env.invalidate_all()

    @api.model
    def _wake_for_next(self):
        """Come back when the first of those that failed may be tried again, or that somebody else has taken and may
        never answer for; the job's own interval is longer."""
        self.flush_model()
        due = self.env.execute_query(SQL(
            """SELECT min(greatest(next_due, claimed_until)) FROM %s
                WHERE next_due IS NOT NULL AND (attempts > 0 OR claimed_until IS NOT NULL)""",
            SQL.identifier(self._table)))[0][0]
        if due:
            self._wake(max(due, fields.Datetime.now() + timedelta(minutes=1)))
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _claim(self):
        """Take rows that are due and that nobody else has taken; others' are passed over. Committed, so that
        everybody sees it and no lock, nor a snapshot, is held while the outside is asked.

        :return: ``{id: question}``, empty when nothing is due
        """
        def claim():
            until = fields.Datetime.now() + LEASE
            self.env.cr.execute(SQL(
                """UPDATE %(table)s claimed SET next_due = %(until)s, claimed_until = %(until)s
                    WHERE id IN (SELECT id FROM %(table)s WHERE %(due)s
                                  ORDER BY next_due, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
                RETURNING id, %(question)s""",
                table=SQL.identifier(self._table), until=until, due=self._due_sql(), batch=self._queue_batch,
                question=self._question_sql("claimed")), log_exceptions=False)
            return dict(self.env.cr.fetchall())

        rows = retrying(claim, self.env)  # again where another worker has just claimed some of them
        self._begin_anew()
        return rows

    # -- what was answered ---------------------------------------------------------------------------------

    def _store_or_skip(self, answers):
        """Write what was answered; one that cannot be written stops no other."""
        try:
            with self.env.cr.savepoint():
                self._store(answers)
        except Exception as error:  # whatever acting on a customer can do wrong
            half = len(self) // 2
            if half:
                self[:half]._store_or_skip(answers)
                self[half:]._store_or_skip(answers)
            elif isinstance(error, OperationalError):  # somebody else writes the same: it comes again with its claim
                _logger.info("%s is in use by somebody else and left for later", self)
            else:
                _logger.exception("What was answered for %s could not be stored", self)
                self._note_broken(error)

    def _note_broken(self, error):
        """Note on a row that its answer could not be stored."""
        self.write(self._prepare_retry_vals())

    def _prepare_retry_vals(self, wait=None):
        """Try again, after ``wait`` or later and later."""
        wait = wait or min(FIRST_RETRY * 2 ** min(self.attempts, 12), LAST_RETRY)
        return {**self._prepare_release_vals(fields.Datetime.now() + wait), "attempts": self.attempts + 1}

    def _prepare_release_vals(self, next_due):
        """:return: the values that end a claim; a row that somebody asked for again stays due"""
        return {"claimed_until": False} | ({} if self._is_due_again() else {"next_due": next_due})

    def _is_due_again(self):
        """Whether somebody asked for this row while it was asked about."""
        return bool(self.claimed_until and self.next_due != self.claimed_until)
