# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.service.model import retrying
from odoo.tools import SQL

from ...tools import orgnr
from ..customer.res_partner_data_issue import VALID_NUMBER
from .register_entry import CUSTOMER_NUMBER
from .register_service import ANSWERED

RESULTS = [
    ("waiting", "Waiting"),
    ("ok", "Agrees"),
    ("differs", "Differs"),
    ("insolvent", "Bankrupt or Being Wound Up"),
    ("deleted", "Deleted"),
    ("unknown", "Unknown"),
    ("unreachable", "Not Reached"),
    ("no_number", "No Valid Number"),
]
OPEN = ("waiting", "unreachable")
GIVEN_UP = timedelta(days=30)  # a run that is not finished by then is reported as it is, and hinders no other
KINDS = [("chosen", "Selected Customers"), ("all", "All Customers"), ("regular", "Regular Full Validation"),
         ("catch_up", "Catch-up after a Gap")]


class RegisterRun(models.Model):
    """A validation of many customers: what was asked for, how far it has come, and the result of each."""

    _name = "kundekartotek.register.run"
    _description = "Register Validation"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "kind"

    kind = fields.Selection(KINDS, string="What", required=True, readonly=True, default="chosen")
    user_id = fields.Many2one("res.users", string="Started by", readonly=True, default=lambda self: self.env.user)
    company_id = fields.Many2one("res.company", readonly=True, index="btree_not_null")
    started = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    finished = fields.Datetime(readonly=True, index=True)
    line_ids = fields.One2many("kundekartotek.register.run.line", "run_id", readonly=True)
    total = fields.Integer(string="Customers", compute="_compute_counts")
    done = fields.Integer(compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts")
    ok_count = fields.Integer(string="Agree", compute="_compute_counts")
    differs_count = fields.Integer(string="Differ", compute="_compute_counts")
    insolvent_count = fields.Integer(string="Bankrupt or Wound Up", compute="_compute_counts")
    deleted_count = fields.Integer(string="Deleted", compute="_compute_counts")
    unknown_count = fields.Integer(string="Unknown", compute="_compute_counts")
    unreachable_count = fields.Integer(string="Not Reached", compute="_compute_counts")
    no_number_count = fields.Integer(string="No Number", compute="_compute_counts")

    @api.depends("line_ids.result")
    def _compute_counts(self):
        groups = self.env["kundekartotek.register.run.line"]._read_group(
            [("run_id", "in", self.ids)], ["run_id", "result"], ["__count"])
        counts = {(run.id, result): count for run, result, count in groups}
        for run in self:
            found = {key: counts.get((run.id, key), 0) for key, _label in RESULTS}
            run.total = sum(found.values())
            run.done = run.total - sum(found[key] for key in OPEN)
            run.progress = 100 * run.done / run.total if run.total else 100
            for key in found.keys() - {"waiting"}:
                run[f"{key}_count"] = found[key]

    @api.depends("kind", "started")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for run in self:
            day = fields.Datetime.context_timestamp(run, run.started) if run.started else None
            run.display_name = f"{labels[run.kind]} {day:%d.%m.%Y}" if day else labels.get(run.kind)

    # -- starting --------------------------------------------------------------------------------------------

    def action_start_all(self):
        """Validate every customer that the current company can use, in the background."""
        self.check_access("read")
        self.env["res.partner"]._check_case_worker()
        self.env["res.partner"]._check_register_is_on()
        return self._start(None, kind="all", company=self.env.company)._get_records_action()

    @api.model
    def _start(self, customers, *, kind="chosen", company=None):
        """Make a run, in two statements whatever the size. sudo: runs are made here only, for those who may.

        :param customers: commercial partners, or None for every active customer (of ``company``, if given)
        """
        run = self.sudo().with_context(mail_create_nolog=True).create({
            "kind": kind, "user_id": self.env.uid, "company_id": (company or self.env.company).id if kind in (
                "chosen", "all") else False})
        self.env["res.partner"].flush_model()
        if customers is None:
            condition = SQL("res_partner.active")
            if company:
                condition = SQL("%s AND (res_partner.company_id IS NULL OR res_partner.company_id = ANY(%s))",
                                condition, company.parent_ids.ids)
        else:
            condition = SQL("res_partner.id = ANY(%s)", customers.ids)
        rows = self.env.execute_query(self._insert_lines_query(run, condition))
        numbers = {number for (number,) in rows if number}
        self.env["kundekartotek.register.entry"]._enqueue(numbers, again=True)
        run.invalidate_recordset()
        run._finish_done()
        return run.sudo(False)

    @api.model
    def _insert_lines_query(self, run, condition):
        """:return: SQL that makes the lines of a run and returns the number of each, NULL where there is none
        to ask for. Foreign customers and persons without a number are not in the register and get no line."""
        valid = SQL(VALID_NUMBER, *[SQL("candidate")] * 10)
        return SQL(
            """INSERT INTO kundekartotek_register_run_line
                      (run_id, partner_id, partner_name, number, result, create_date, write_date)
               SELECT %(run)s, id, name, %(valid)s, CASE WHEN %(valid)s IS NULL THEN 'no_number' ELSE 'waiting' END,
                      now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                 FROM (SELECT res_partner.id, is_company, coalesce(complete_name, res_partner.name, '') AS name,
                              %(number)s AS candidate
                         FROM res_partner LEFT JOIN res_country country ON country.id = res_partner.country_id
                        WHERE customer_rank > 0 AND commercial_partner_id = res_partner.id
                          AND coalesce(country.code, 'NO') = ANY(%(domestic)s) AND %(condition)s) customer
                WHERE is_company OR candidate IS NOT NULL
            RETURNING number""",
            run=run.id, valid=valid, number=CUSTOMER_NUMBER, domestic=list(orgnr.NORWEGIAN_COUNTRIES),
            condition=condition)

    # -- ending ----------------------------------------------------------------------------------------------

    @api.model
    def _finish_done(self):
        """Close the runs whose last customer has its result, and tell who started them. Those not reached are
        waited for, until they are given up."""
        lines = self.env["kundekartotek.register.run.line"].sudo()
        lines._settle_forgotten()
        for run in self.sudo().search([("finished", "=", False)]):
            is_late = run.started <= fields.Datetime.now() - GIVEN_UP
            if is_late or not lines.search_count([("run_id", "=", run.id), ("result", "in", OPEN)], limit=1):
                run.finished = fields.Datetime.now()
                run._report()

    def _report(self):
        """Give the report of a finished run to who is to see it: who started it, or the credit managers."""
        companies = self.company_id or self.env["res.company"].search([])
        chosen = self.user_id if self.kind in ("chosen", "all") else companies._find_register_credit_managers()
        for user in chosen:
            run = self.with_context(lang=user.lang)
            text = run.env._(
                "%(total)s customers: %(ok)s agree, %(differs)s differ, %(insolvent)s bankrupt or being wound up, "
                "%(deleted)s deleted, %(unknown)s unknown, %(unreachable)s not reached, %(no_number)s without a "
                "valid number.",
                total=run.total, ok=run.ok_count, differs=run.differs_count, insolvent=run.insolvent_count,
                deleted=run.deleted_count, unknown=run.unknown_count, no_number=run.no_number_count,
                unreachable=run.total - run.done)
            if run.kind in ("chosen", "all"):
                user._bus_send("simple_notification", {
                    "title": run.env._("Validation against Brønnøysund is finished"), "message": text,
                    "type": "success"})
            else:
                run.activity_schedule(
                    "mail.mail_activity_data_todo", user_id=user.id, note=text,
                    summary=run.env._("Report: customers validated against Brønnøysund"))

    def action_view_lines(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.register_run_line_action")
        return {**action, "domain": [("run_id", "=", self.id)]}

    @api.model
    def _cron_validate_all(self):
        """Quarterly: validate every customer, and report."""
        if not self.env["kundekartotek.register.service"]._is_on():
            return
        if not self._is_running("regular"):
            # again where the queue writes the same entries: the next turn is a quarter later
            retrying(partial(self._start, None, kind="regular"), self.env)

    @api.model
    def _is_running(self, kind):
        """:return: whether a run of this kind is under way"""
        since = fields.Datetime.now() - GIVEN_UP
        return bool(self.search_count(
            [("kind", "=", kind), ("finished", "=", False), ("started", ">", since)], limit=1))


class RegisterRunLine(models.Model):
    """The result of one customer in a run."""

    _name = "kundekartotek.register.run.line"
    _description = "Result of a Register Validation"
    _order = "run_id desc, partner_name, id"
    _rec_name = "partner_name"

    run_id = fields.Many2one(
        "kundekartotek.register.run", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="run_id.company_id")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True, ondelete="cascade", index=True)
    partner_name = fields.Char(string="Name", readonly=True)
    number = fields.Char(string="Org.nr.", readonly=True)
    result = fields.Selection(RESULTS, required=True, readonly=True, default="waiting")
    detail = fields.Char(readonly=True, help="What there is to say of the result, by its names in the system.")
    message = fields.Char(compute="_compute_message")
    done = fields.Datetime(readonly=True)

    _open_idx = models.Index("(number) WHERE result IN ('waiting', 'unreachable')")
    _run_result_idx = models.Index("(run_id, result)")

    @api.depends("result", "detail")
    @api.depends_context("lang")
    def _compute_message(self):
        for line in self:
            line.message = line.detail and line._describe_detail()

    def _describe_detail(self):
        if self.result == "differs":
            return ", ".join(map(self.env["res.partner"]._get_difference_label, self.detail.split(",")))
        if self.result == "insolvent":
            statuses = self.env["kundekartotek.register.entry"]._fields["status"]._description_selection(self.env)
            return dict(statuses)[self.detail]
        kind, _colon, detail = self.detail.partition(":")
        return self.env["kundekartotek.register.service"]._explain_kept(kind, detail, self.number)

    @api.model
    def _settle_forgotten(self):
        """Close the lines that wait for a number that no customer has any more: nobody asks for it."""
        self.flush_model()
        self.env.cr.execute(SQL(
            """UPDATE kundekartotek_register_run_line line SET result = 'no_number', done = %s
                WHERE result = ANY(%s) AND NOT EXISTS (
                      SELECT FROM kundekartotek_register_entry entry WHERE entry.number = line.number)""",
            fields.Datetime.now(), list(OPEN)))
        self.invalidate_model(["result", "done"])

    @api.model
    def _settle(self, entries):
        """Give the lines that wait for these entries their results."""
        by_number = entries.grouped("number")
        lines = self.sudo().search_fetch([("number", "in", list(by_number)), ("result", "in", OPEN)])
        if not lines:
            return
        lines.partner_id._forget_register()
        alike = {}
        for line in lines:
            key = line._find_result(by_number[line.number])
            alike.setdefault(key, self.browse())
            alike[key] |= line
        for (result, detail), same in alike.items():
            same.sudo().write({"result": result, "detail": detail, "done": fields.Datetime.now()})

    def _find_result(self, entry):
        """:return: (result, what is to say of it as ``_compute_message`` reads it)"""
        if entry.last_outcome not in ANSWERED:
            return "unreachable", f"{entry.last_outcome}:{entry.last_detail or ''}"
        status = entry._get_status()
        if status in ("unknown", "withdrawn"):
            return "unknown", False
        if status == "deleted":
            return "deleted", False
        if status != "active":
            return "insolvent", status
        found = self.partner_id._find_register_differences(entry)
        important = [each.field for each in found if each.is_important]
        return ("differs", ",".join(important)) if important else ("ok", False)

    def action_open_customer(self):
        self.ensure_one()
        self.check_access("read")
        return self.partner_id._get_records_action()

