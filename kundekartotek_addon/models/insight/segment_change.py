# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models

from .segment import KINDS

WEEK = 7
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

    @api.depends_context("lang")
    def _compute_names(self):
        for change in self:
            change.old_name = self._class_name(change.kind, change.old_class)
            change.new_name = self._class_name(change.kind, change.new_class)
            change.why = self._say_why(change.kind, change.new_class, change.facts, change.company_id.currency_id)

    @api.model
    def _cron_mail_week(self):
        """Mail each salesperson (or who is responsible for the others) what changed in the last seven days."""
        since = fields.Datetime.now() - timedelta(WEEK)
        mails = defaultdict(self.browse)
        for change in self.search([("date", ">=", since), ("partner_id", "!=", False)], order="company_id, date, id"):
            user = change.partner_id.user_id or change.company_id.insight_responsible_id
            if user.active and user.email:
                mails[user, change.company_id] |= change
        for (user, company), changes in mails.items():
            changes.with_context(lang=user.lang)._mail_to(user, company)

    def _mail_to(self, user, company):
        """sudo: mail in the name of the company, made by a job."""
        lines = [
            Markup("<li>%s: %s → %s<br/>%s</li>") % (
                change.customer_name, change.old_name, change.new_name, change.why)
            for change in self[:NAMED_IN_MAIL]]
        if len(self) > NAMED_IN_MAIL:
            lines.append(Markup("<li>%s</li>") % self.env._("and %(count)s more", count=len(self) - NAMED_IN_MAIL))
        intro = self.env._("These customers of %(company)s changed class in the last week:", company=company.name)
        self.env["mail.mail"].sudo().create({
            "email_to": user.email_formatted,
            "email_from": company.email_formatted or user.email_formatted,
            "subject": self.env._("Customers that changed class: %(count)s", count=len(self)),
            "body_html": Markup("<p>%s</p><ul>%s</ul>") % (intro, Markup("").join(lines)),
        })
