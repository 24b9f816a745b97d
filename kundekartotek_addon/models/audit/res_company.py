# SPDX-License-Identifier: LGPL-3.0-or-later
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

# Whom it watches need not know from when on.
WATCHERS = "base.group_system,kundekartotek_addon.group_auditor,kundekartotek_addon.group_privacy_officer"


class ResCompany(models.Model):
    """How long the trail is kept, who gets the seals, and what counts as unusual reading."""

    _name = "res.company"
    _inherit = ["res.company", "kundekartotek.audit.mixin"]

    audit_change_years = fields.Integer(
        string="Keep Changes, Years",
        default=5,
        help="Years after the end of the fiscal year (bokføringsloven § 13).",
    )
    audit_look_months = fields.Integer(
        string="Keep Looks, Months",
        default=12,
        help="Months for what was seen, searched, exported and printed.",
    )
    audit_seal_email = fields.Char(
        string="Daily Seal to",
        groups=WATCHERS,
        help="An auditor outside the system, who can prove with it what the trail was.",
    )
    audit_seal_mailed = fields.Integer(string="Last Seal Mailed", readonly=True, groups=WATCHERS)
    audit_cards_per_hour = fields.Integer(string="Unusual: Cards in an Hour", default=200, groups=WATCHERS)
    audit_export_share = fields.Integer(string="Unusual: Export of Customers, %", default=80, groups=WATCHERS)
    audit_night_from = fields.Integer(string="Unusual: Night from", default=23, groups=WATCHERS)
    audit_night_to = fields.Integer(string="Unusual: Night to", default=5, groups=WATCHERS)

    _audit_retention_positive = models.Constraint(
        "CHECK (audit_change_years BETWEEN 5 AND 100 AND audit_look_months BETWEEN 1 AND 1200)",
        "Changes are kept for at least five years, as the law requires, and looks for at least a month; neither for "
        "more than a hundred years.",
    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name",
            "active",
            "parent_id",
            "account_use_credit_limit",
            "audit_change_years",
            "audit_look_months",
            "audit_seal_email",
            "audit_cards_per_hour",
            "audit_export_share",
            "audit_night_from",
            "audit_night_to",
        ]

    @api.model
    def _audit_customer(self, alias):
        return SQL("NULL::integer")

    def _mail_seal(self, seal):
        """Send a seal to the auditor's address, in the company's language and time, and remember that it was."""
        self.ensure_one()
        self = self.with_context(lang=self.partner_id.lang)
        zone = self.partner_id.tz or "Europe/Oslo"
        values = {
            "company": self.name,
            "number": seal.number,
            "seal": seal.seal,
            "date": f"{format_datetime(self.env, seal.date, tz=zone)} ({zone})",
        }
        lines = [
            self.env._("The audit trail of %(company)s was sealed at %(date)s.", **values),
            self.env._("Seal number %(number)s:", **values),
            seal.seal,
            self.env._("Keep this message: with the seal, the trail up to here can be verified at any time."),
        ]
        self.env["mail.mail"].sudo().create(
            {
                "email_to": self.audit_seal_email,
                "email_from": self.email_formatted or self.env.user.email_formatted,
                "subject": self.env._("Audit seal %(number)s of %(company)s", **values),
                "auto_delete": False,
                "body_html": Markup("").join(Markup("<p>%s</p>") % line for line in lines),
            }
        )
        self.sudo().audit_seal_mailed = seal.number
