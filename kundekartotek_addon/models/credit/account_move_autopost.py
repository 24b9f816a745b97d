# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .account_move import TESTED_TYPES

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
        """:return: self, with which the job goes on"""
        due = self.search([
            ("state", "=", "draft"), ("date", "<=", fields.Date.context_today(self)), ("auto_post", "!=", "no"),
            ("move_type", "in", TESTED_TYPES)], limit=10 * batch_size)
        results = due._credit_results()
        stopped = self._credit_stopped(results)
        for move in stopped:
            if move.credit_state != "hold":
                move._credit_hold(results[move][0])
                move._credit_record("held", results[move])
                move._credit_task()
        self.browse(due.ids).filtered(lambda m: m.id not in {s.id for s in stopped}).sudo()._credit_clear()
        return self.with_context(**{HELD_OUT: True}) if due else self

    @api.model
    def _search(self, domain, *args, **kwargs):
        """While the job runs, those on hold are out of its sight, or a hundred of them would be all it sees."""
        if self.env.context.get(HELD_OUT):
            domain = fields.Domain(domain) & fields.Domain("credit_state", "!=", "hold")
        return super()._search(domain, *args, **kwargs)

    def _credit_task(self):
        self.activity_schedule(
            "mail.mail_activity_data_todo", user_id=(self.invoice_user_id or self.env.user).id,
            summary=self.env._("Not posted: stopped by credit control"), note=self.credit_words)
