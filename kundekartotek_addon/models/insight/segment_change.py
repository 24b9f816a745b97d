# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models

from .res_partner import READERS
from .segment import KINDS

_logger = logging.getLogger(__name__)
NAMED_IN_MAIL = 50


class KundekartotekSegmentChange(models.Model):
    """That a customer's class changed: from, to, when and why. Written by the program; kept when the customer is
    merged (it goes along) or deleted (its name stays)."""

    _name = "kundekartotek.segment.change"
    _description = "Change of Class"
    _inherit = ["kundekartotek.segment.why"]
    _order = "date DESC, id DESC"
    _rec_name = "customer_name"
    _log_access = False

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True, index=True, ondelete="set null")
    customer_name = fields.Char(readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    kind = fields.Selection(KINDS, string="Class", required=True, readonly=True)
    old_class = fields.Char(readonly=True)
    new_class = fields.Char(readonly=True)
    old_name = fields.Char(string="From", compute="_compute_names")
    new_name = fields.Char(string="To", compute="_compute_names")
    why = fields.Char(compute="_compute_names")
    facts = fields.Json(readonly=True)
    date = fields.Datetime(required=True, readonly=True, index=True)
    mailed = fields.Boolean(readonly=True, help="The weekly mail has told of it, or there was nobody to tell.")
    problem = fields.Char(
        readonly=True, help="Why the weekly mail could not tell of it; it is tried again next week.")

    _to_mail = models.Index("(company_id) WHERE mailed IS NOT TRUE")

    @api.depends_context("lang")
    def _compute_names(self):
        for change in self:
            change.old_name = self._class_name(change.kind, change.old_class)
            change.new_name = self._class_name(change.kind, change.new_class)
            change.why = self._say_why(change.kind, change.new_class, change.facts, change.company_id.currency_id)

    @api.model
    def _cron_mail_week(self):
        """Mail each salesperson (or who is responsible for the others) what changed since the last mail. One mail
        between two commits; what could not be mailed is tried again next week."""
        commit_progress = self.env["ir.cron"]._commit_progress
        mails = defaultdict(self.browse)
        for change in self.search([("mailed", "=", False)], order="company_id, date, id"):
            mails[change._find_reader(), change.company_id] |= change
        commit_progress(remaining=len(mails))
        for (user, company), changes in mails.items():
            try:
                with self.env.cr.savepoint():
                    if user:
                        changes.with_context(lang=user.lang)._mail_to(user, company)
                    changes.write({"mailed": True, "problem": False})
            except Exception as error:  # whatever a template, an address or a customer can do wrong
                _logger.warning("Changes of class could not be mailed to user %s: %s", user.id, error)
                changes.problem = str(error) or type(error).__name__
            if not commit_progress(1):
                return

    def _find_reader(self):
        """:return: the customer's salesperson, or else the company's responsible, if that may read this at all"""
        for user in (self.partner_id.user_id, self.company_id.insight_responsible_id):
            if (user.active and user.email and user.has_group(READERS)
                    and self.company_id in user.company_ids.root_id):
                return user
        return self.env["res.users"]

    def _net(self):
        """:return: [(from, change)]: one per customer and kind of class, of those that did not change back"""
        first, last = {}, {}
        for change in self:
            key = change.partner_id.id or change.customer_name, change.kind
            first.setdefault(key, change)
            last[key] = change
        return [(first[key], change) for key, change in last.items() if first[key].old_class != change.new_class]

    def _mail_to(self, user, company):
        """sudo: mail in the name of the company, made by a job."""
        if not (changed := self._net()):
            return
        lines = [
            Markup("<li>%s: %s → %s<br/>%s</li>") % (last.customer_name, first.old_name, last.new_name, last.why)
            for first, last in changed[:NAMED_IN_MAIL]]
        if len(changed) > NAMED_IN_MAIL:
            lines.append(Markup("<li>%s</li>") % self.env._("and %(count)s more", count=len(changed) - NAMED_IN_MAIL))
        intro = self.env._("These customers of %(company)s changed class in the last week:", company=company.name)
        self.env["mail.mail"].sudo().create({
            "email_to": user.email_formatted,
            "email_from": company.email_formatted or user.email_formatted,
            "subject": self.env._("Customers that changed class: %(count)s", count=len(changed)),
            "body_html": Markup("<p>%s</p><ul>%s</ul>") % (intro, Markup("").join(lines)),
        })
