# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import brreg

_logger = logging.getLogger(__name__)

FIRST_DAYS = 2  # how far back the first reading goes: what was fetched before it is from then at the earliest
GAP = timedelta(days=7)  # there are thousands of events a day; a week without one was not kept
KINDS = [("unit", "Units"), ("subunit", "Sub-units")]


class RegisterFeed(models.Model):
    """Where the reading of the register's update feed has come to, and how it went the last time."""

    _name = "kundekartotek.register.feed"
    _description = "Reading of the Register's Updates"
    _order = "id"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, string="What", required=True, readonly=True)
    last_event_id = fields.Integer(string="Read up to Event", readonly=True)
    last_event_time = fields.Datetime(string="Read up to", readonly=True)
    read_at = fields.Datetime(string="Last Reading", readonly=True)
    events = fields.Integer(string="Events Read", readonly=True)
    matched = fields.Integer(string="Of Our Customers", readonly=True)
    problem = fields.Char(readonly=True)
    unreachable_since = fields.Datetime(readonly=True)

    _kind_uniq = models.Constraint("UNIQUE (kind)", "There is one reading of each feed.")

    @api.model
    def _cron_monitor(self):
        """Nightly: enter new customers, read what changed in the register since the last time, have those of
        our customers fetched, and forget whom nobody uses."""
        if not self.env["kundekartotek.register.service"]._is_on():
            return
        Entry = self.env["kundekartotek.register.entry"]
        Entry._enqueue_all()
        Entry._forget_unused()
        self.env["ir.cron"]._commit_progress(remaining=len(KINDS))
        for kind, _label in KINDS:
            feed = self.search([("kind", "=", kind)]) or self.create({"kind": kind})
            self.env["ir.cron"]._commit_progress()  # no lock is held while the register is asked
            feed._read()
            if not self.env["ir.cron"]._commit_progress(1):
                return

    def _read(self):
        """Read pages until nothing more is published, or the register cannot be reached."""
        self.ensure_one()
        pages = matched = events = 0
        while True:
            start = self.last_event_id
            outcome = self._ask(start)
            feed = self.try_lock_for_update()
            if not feed or feed.last_event_id != start:
                return  # another worker reads it
            if not isinstance(outcome, brreg.FeedPage):
                feed._note_failure(outcome)
                return
            if feed._has_gap(outcome):
                feed._catch_up()
            matched += len(feed._take(outcome))
            events, pages = events + len(outcome.events), pages + 1
            feed.write({
                "read_at": fields.Datetime.now(), "events": events, "matched": matched, "problem": False,
                "unreachable_since": False})
            self.env["ir.cron"]._commit_progress()
            self.env.invalidate_all()
            if outcome.is_last:
                return

    def _ask(self, start):
        client, subunits = self.env["kundekartotek.register.service"]._get_client(), self.kind == "subunit"
        if start:
            return client.feed_from(start + 1, subunits=subunits)
        return client.feed_since(fields.Datetime.now() - timedelta(days=FIRST_DAYS), subunits=subunits)

    def _take(self, page):
        """Have those of a page's units that are customers of ours fetched anew: one query, whatever the page
        and however many customers.

        :return: their numbers
        """
        if not page.events:
            return []
        last = max((_naive(event.time) for event in page.events if event.time), default=self.last_event_time)
        self.write({"last_event_id": page.last_id, "last_event_time": last})
        Entry = self.env["kundekartotek.register.entry"]
        numbers = Entry._make_due(SQL("number = ANY(%s)", list({event.number for event in page.events})))
        if numbers:
            Entry._wake()
        return numbers

    def _has_gap(self, page):
        """Whether events between the last page and this one are missing: the register keeps them for a while
        only."""
        first = min((_naive(event.time) for event in page.events if event.time), default=None)
        return bool(first and self.last_event_time and first - self.last_event_time > GAP)

    def _catch_up(self):
        """Ask for every customer instead of for those in the feed, with a run that reports what it found."""
        _logger.info("Events are missing in the feed of the register: every customer is validated")
        run = self.env["kundekartotek.register.run"]
        if not run.search_count([("kind", "=", "catch_up"), ("finished", "=", False)], limit=1):
            run._start(None, kind="catch_up")

    def _note_failure(self, outcome):
        """Say what is wrong. A feed that will not answer for where we stopped is begun anew, after a catch-up."""
        service = self.env["kundekartotek.register.service"]
        vals = {"problem": service._explain(outcome)[:200]}
        if isinstance(outcome, brreg.Refused) and self.last_event_id:
            self._catch_up()
            vals["last_event_id"] = 0
        else:
            vals["unreachable_since"] = self.unreachable_since or fields.Datetime.now()
        self.write(vals)

    # -- by hand ---------------------------------------------------------------------------------------------

    def action_monitor_now(self):
        """Start the nightly job at once."""
        self.check_access("read")
        self.env["res.partner"]._check_case_worker()
        if not self.env["kundekartotek.register.service"]._is_on():
            raise UserError(self.env._("Look-ups in Brønnøysund are switched off in Settings."))
        # sudo: the job is nobody's to change, only to start
        self.env.ref("kundekartotek_addon.ir_cron_register_monitor").sudo()._trigger()
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {"type": "success", "message": self.env._(
                "The changes in Brønnøysund are read now. What touches our customers comes in the list.")},
        }  # fmt: skip


def _naive(time):
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
