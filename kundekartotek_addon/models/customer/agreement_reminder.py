# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

_logger = logging.getLogger(__name__)


class KundekartotekAgreement(models.Model):
    """The task that the responsible gets before an agreement ends."""

    _inherit = "kundekartotek.agreement"

    @api.model
    def _cron_remind(self):
        """Nightly: give the responsible a task for each agreement that ends soon, once per end date."""
        due = self._find_due_reminders()
        self.env["ir.cron"]._commit_progress(remaining=len(due))
        for agreement in due:
            agreement = agreement.try_lock_for_update().filtered_domain([("date_to", "!=", False)])
            try:
                with self.env.cr.savepoint():
                    agreement._remind()
            except Exception:
                _logger.exception("No task could be made for the agreement %s", agreement.id)
            if not self.env["ir.cron"]._commit_progress(1):
                return

    @api.model
    def _find_due_reminders(self):
        today = fields.Date.context_today(self)
        companies = self.env["res.company"].search([])
        soon = Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("date_to", "<=", today + timedelta(days=company.agreement_reminder_days))
            for company in companies
        )
        ending = self.search(soon & Domain("date_to", ">=", today), order="date_to, id")
        return ending.filtered(lambda agreement: agreement.reminded_date_to != agreement.date_to)

    def _remind(self):
        for agreement in self:
            user = agreement._find_responsible()
            agreement = agreement.with_context(lang=user.lang)
            agreement.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=agreement.date_to,
                user_id=user.id,
                summary=agreement.env._(
                    "Discount agreement ends %(date)s", date=format_date(agreement.env, agreement.date_to)
                ),
                note=Markup("<p>%s</p>")
                % agreement.env._(
                    "Renew %(name)s with %(customer)s, or let it end.",
                    name=agreement.name,
                    customer=agreement.partner_id.display_name or agreement.category_id.display_name,
                ),
            )
            agreement.reminded_date_to = agreement.date_to

    def _find_responsible(self):
        """Who gets the task: the responsible, else the customer's salesperson, else who registered the
        agreement, else an administrator; only somebody who still works here and may read it."""
        self.ensure_one()
        reader = self.env.ref("kundekartotek_addon.group_reader")
        administrators = self.env.ref("kundekartotek_addon.group_administrator").all_user_ids
        candidates = (
            self.user_id + self.partner_id.user_id + self.create_uid + administrators.sorted("id", True)
        )
        return (
            candidates.filtered(
                lambda user: (
                    user.active
                    and reader in user.all_group_ids
                    and self.company_id in user.company_ids
                    and user != self.env.ref("base.user_root")
                )
            )[:1]
            or self.env.user
        )
