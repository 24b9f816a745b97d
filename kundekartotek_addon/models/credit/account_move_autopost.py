# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

HELD_OUT = "kundekartotek_credit_held_out"
TRIES = 5


class AccountMove(models.Model):
    """The job that posts invoices on their day posts the good ones; the others get a task, once."""

    _inherit = "account.move"

    @api.model
    def _autopost_draft_entries(self, batch_size=100):
        """Begins anew where somebody else decides on one of the customers meanwhile: what it posted is committed."""
        for tried in range(1, TRIES + 1):
            try:
                job = self._credit_hold_due(batch_size)
                super(AccountMove, job)._autopost_draft_entries(batch_size)
                break
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                if tried == TRIES:
                    raise
                self.env.cr.rollback()

    def _credit_hold_due(self, batch_size):
        """Look again at those on hold: what is good by now is posted with the others.

        :return: self, with which the job goes on
        """
        held = self.search([
            ("state", "=", "draft"), ("date", "<=", fields.Date.context_today(self)), ("auto_post", "!=", "no"),
            ("credit_state", "=", "hold")], limit=10 * batch_size)
        stopped = self._credit_stopped(held._credit_results())
        held.filtered(lambda move: move.id not in {each.id for each in stopped}).sudo()._credit_clear()
        return self.with_context(**{HELD_OUT: True})

    def _post(self, soft=True):
        """What the job may not post is no error, or it would be tried and recorded again one by one."""
        if self.env.context.get(HELD_OUT):
            results = self._credit_results()
            for move in (stopped := self._credit_stopped(results)):
                move._credit_hold(results[move][0])
                move._credit_record("held", results[move])
                move._credit_task()
            self -= self.browse(move.id for move in stopped)
        return super()._post(soft)

    @api.model
    def _search(self, domain, *args, **kwargs):
        """While the job runs, those on hold are out of its sight, or a hundred of them would be all it sees."""
        if self.env.context.get(HELD_OUT):
            domain = fields.Domain(domain) & fields.Domain("credit_state", "!=", "hold")
        return super()._search(domain, *args, **kwargs)

    def _credit_task(self):
        self.activity_schedule(
            "mail.mail_activity_data_todo", user_id=(self.invoice_user_id or self.env.user).id,
            summary=self._in_company_language().env._("Not posted: stopped by credit control"), note=self.credit_words)
