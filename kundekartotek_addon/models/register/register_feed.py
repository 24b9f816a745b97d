# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import UTC, timedelta
from functools import partial

from odoo import api, fields, models
from odoo.service.model import retrying
from odoo.tools import SQL, format_datetime

from ...tools import brreg
from .register_service import OUTCOMES

_logger = logging.getLogger(__name__)

MARGIN = timedelta(days=1)  # a reading by time begins so much earlier: what is published may lag behind
# Longer without an event than this, and some were not kept: there are thousands a day of units, fewer of sub-units.
GAP = {"unit": timedelta(days=1), "subunit": timedelta(days=3)}
RETRY = timedelta(minutes=30)
LASTING = timedelta(days=1)  # a fault that somebody is told of
KINDS = [("unit", "Units"), ("subunit", "Sub-units")]
MONITOR = "kundekartotek_addon.ir_cron_register_monitor"


class RegisterFeed(models.Model):
    """Where the reading of the register's update feed has come to, and how it went the last time."""

    _name = "kundekartotek.register.feed"
    _description = "Reading of the Register's Updates"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, string="What", required=True, readonly=True)
    last_event_id = fields.Integer(string="Read up to Event", readonly=True)
    last_event_time = fields.Datetime(string="Read up to", readonly=True)
    read_at = fields.Datetime(string="Last Reading", readonly=True)
    events = fields.Integer(string="Events Read", readonly=True)
    matched = fields.Integer(string="Of Our Customers", readonly=True)
    last_outcome = fields.Selection(OUTCOMES, readonly=True, help="What went wrong the last time.")
    last_detail = fields.Char(readonly=True)
    problem = fields.Char(compute="_compute_problem")
    unreachable_since = fields.Datetime(readonly=True)

    _kind_uniq = models.Constraint("UNIQUE (kind)", "There is one reading of each feed.")

    @api.depends("last_outcome", "last_detail")
    @api.depends_context("lang")
    def _compute_problem(self):
        service = self.env["kundekartotek.register.service"]
        for feed in self:
            feed.problem = service._explain_kept(feed.last_outcome, feed.last_detail)

    @api.model
    def _cron_monitor(self):
        """Nightly: forget whom nobody uses, enter new customers, read what changed in the register since the last
        time, and have those of our customers fetched."""
        Entry = self.env["kundekartotek.register.entry"]
        # again where the queue writes the same entries: the next turn is a day later
        retrying(Entry._forget_unused, self.env)
        if not self.env["kundekartotek.register.service"]._is_on():
            return
        retrying(Entry._enqueue_all, self.env)
        for place, (kind, _label) in enumerate(KINDS):
            feed = self.search([("kind", "=", kind)]) or self.create({"kind": kind})
            # no lock is held while the register is asked
            self.env["ir.cron"]._commit_progress(remaining=len(KINDS) - place)
            if not feed._read():
                return  # the time is up: it goes on where it stopped
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _read(self):
        """Read pages until nothing more is published, or the register cannot be reached.

        :return: whether there is time left
        """
        self.ensure_one()
        commit_progress = self.env["ir.cron"]._commit_progress
        read, time_left = (0, 0), True
        while read and time_left:
            start = self.last_event_id
            outcome = self._ask(start)
            commit_progress()  # what was seen before the register was asked may be old
            self.env.invalidate_all()
            # again where somebody writes the same entries
            read = retrying(partial(self._take_answer, start, outcome, *read), self.env)
            time_left = commit_progress(1, remaining=1)
            self.env.invalidate_all()
        return bool(time_left)

    def _ask(self, start):
        client, subunits = self.env["kundekartotek.register.service"]._get_client(), self.kind == "subunit"
        if start:
            return client.feed_from(start + 1, subunits=subunits)
        return client.feed_since(self._get_known_until() - MARGIN, subunits=subunits)

    def _get_known_until(self):
        """:return: the time from which on changes are not known: where the reading has come to, at first that of
        our oldest copy"""
        oldest = self.env["kundekartotek.register.entry"].search([("fetched", "!=", False)], order="fetched", limit=1)
        return self.last_event_time or oldest.fetched or fields.Datetime.now()

    def _take_answer(self, start, outcome, events, matched):
        """Write what the register answered.

        :param start: the event after which it was asked
        :param events: how many were read before in this reading
        :param matched: how many of them were of our customers
        :return: (events, matched) with those of this page, None where nothing more is to be read now
        """
        feed = self.try_lock_for_update()
        if not feed or feed.last_event_id != start:
            return None  # another worker reads it
        if not isinstance(outcome, brreg.FeedPage):
            feed._note_failure(outcome)
            return None
        if feed._has_gap(outcome):
            feed._catch_up()
        read = events + len(outcome.events), matched + len(feed._take(outcome))
        feed.write({
            "read_at": fields.Datetime.now(), "events": read[0], "matched": read[1], "last_outcome": False,
            "last_detail": False, "unreachable_since": False})
        feed.activity_unlink(["mail.mail_activity_data_todo"])
        return None if outcome.is_last else read

    def _take(self, page):
        """Have those of a page's units that are customers of ours fetched anew: one query, whatever the page
        and however many customers.

        :return: their numbers
        """
        known = max((_naive(event.time) for event in page.events if event.time), default=self.last_event_time)
        self.write({
            "last_event_id": page.last_id or self.last_event_id,
            "last_event_time": fields.Datetime.now() if page.is_last else known})
        Entry = self.env["kundekartotek.register.entry"]
        numbers = page.events and Entry._make_due(
            SQL("number = ANY(%s)", list({event.number for event in page.events})))
        if numbers:
            Entry._wake()
        return numbers

    def _has_gap(self, page):
        """Whether events between the last page and this one are missing: the register keeps them for a while
        only."""
        first = min((_naive(event.time) for event in page.events if event.time), default=None)
        return bool(first and first - self._get_known_until() > GAP[self.kind])

    def _catch_up(self):
        """Ask for every customer instead of for those in the feed, with a run that reports what it found."""
        _logger.info("Events are missing in the feed of the register: every customer is validated")
        run = self.env["kundekartotek.register.run"]
        if not run._is_running("catch_up"):
            run._start(None, kind="catch_up")

    def _note_failure(self, outcome):
        """Say what is wrong, and try again soon. A feed that will not answer for where we stopped is begun anew by
        time, after a catch-up."""
        now = fields.Datetime.now()
        vals = self.env["kundekartotek.register.service"]._prepare_kept_vals(outcome)
        if isinstance(outcome, brreg.Refused) and self.last_event_id:
            self._catch_up()
            vals["last_event_id"] = 0
        self.write({**vals, "unreachable_since": self.unreachable_since or now})
        if now - self.unreachable_since >= LASTING:
            self._tell_of_fault()
        self.env.ref(MONITOR).sudo()._trigger(now + RETRY)  # sudo: the job's own schedule

    def _tell_of_fault(self):
        """Give a task to the credit managers, once: what changes in the register does not reach them."""
        if self.search([]).activity_ids:
            return
        for user in self.env["res.company"].search([])._find_register_credit_managers():
            feed = self.with_context(lang=user.lang, tz=user.tz)
            since = format_datetime(feed.env, self.unreachable_since, dt_format="dd.MM.yyyy HH:mm")
            feed.activity_schedule(
                "mail.mail_activity_data_todo", user_id=user.id, note=feed.problem,
                summary=feed.env._("Brønnøysund: changes have not been read since %(time)s", time=since))


def _naive(time):
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
