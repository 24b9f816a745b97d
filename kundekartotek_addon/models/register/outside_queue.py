# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

LEASE = timedelta(minutes=10)  # who was killed while asking holds the rows no longer than this
FIRST_RETRY, LAST_RETRY = timedelta(minutes=5), timedelta(hours=12)
CLAIM_ATTEMPTS = 5


class OutsideQueue(models.AbstractModel):
    """Rows that somebody outside is asked about: a row is due when ``next_due`` has come. Workers claim rows and
    commit, ask without a lock held, and write the answers in a second transaction, so that two workers never ask
    about the same row and whoever is killed in between loses nothing.

    Whoever inherits names its job and batch, and says what is asked (:meth:`_question_sql`) and how
    (:meth:`_ask_and_store`).
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
    def _ask_and_store(self, questions):
        """Ask about claimed rows, and write the answers.

        :param questions: ``{id: question}``
        :return: whether anything was answered; if not, the rest would fare the same
        """
        return False

    # -- the queue -----------------------------------------------------------------------------------------

    @api.model
    def _wake(self, at=None):
        """sudo: whoever queues something starts the job."""
        self.env.ref(self._queue_job).sudo()._trigger(at)

    @api.model
    def _due_domain(self):
        return [("next_due", "<=", fields.Datetime.now())]

    @api.model
    def _work_off(self):
        """Ask for what is due, batch by batch, until nothing is or the time is up.

        :return: whether nothing more can be done now
        """
        commit_progress = self.env["ir.cron"]._commit_progress
        if not self._is_queue_open():
            return False
        commit_progress(remaining=self.search_count(self._due_domain()))
        while questions := self._claim():
            answered = self._ask_and_store(questions)
            if not commit_progress(len(questions), remaining=self.search_count(self._due_domain())):
                return False
            self.env.invalidate_all()
            if not answered:
                break
        return True

    @api.model
    def _wake_for_next(self):
        """Come back when the first of those that failed may be tried again; the job's own interval is longer."""
        due = self.search([("attempts", ">", 0), ("next_due", "!=", False)], order="next_due", limit=1).next_due
        if due:
            self._wake(max(due, fields.Datetime.now() + timedelta(minutes=1)))
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _claim(self):
        """Take rows that are due and that nobody else has taken; others' are passed over. Committed, so that
        everybody sees it and no lock, nor a snapshot, is held while the outside is asked.

        :return: ``{id: question}``, empty when nothing is due
        """
        for attempt in range(CLAIM_ATTEMPTS):
            try:
                now = fields.Datetime.now()
                self.env.cr.execute(SQL(
                    """UPDATE %(table)s claimed SET claimed_until = %(until)s
                        WHERE id IN (SELECT id FROM %(table)s
                                      WHERE next_due <= %(now)s
                                        AND (claimed_until IS NULL OR claimed_until < %(now)s)
                                      ORDER BY next_due, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
                    RETURNING id, %(question)s""",
                    table=SQL.identifier(self._table), until=now + LEASE, now=now, batch=self._queue_batch,
                    question=self._question_sql("claimed")), log_exceptions=False)
                rows = self.env.cr.fetchall()
                break
            except SerializationFailure:  # another worker has just claimed some of them
                if attempt == CLAIM_ATTEMPTS - 1:
                    raise
                self.env.cr.rollback()
        self.env["ir.cron"]._commit_progress()
        self.env.invalidate_all()
        return dict(rows)

    def _get_retry_wait(self):
        """How long to leave a row alone that was not answered: longer each time."""
        return min(FIRST_RETRY * 2 ** min(self.attempts, 12), LAST_RETRY)
