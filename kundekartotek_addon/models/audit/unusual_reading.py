# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from markupsafe import Markup

from odoo import models
from odoo.tools import SQL, LazyTranslate

from .audit_language import grouped

_lt = LazyTranslate(__name__)
RULES = {
    "cards": _lt("Many customer cards opened"),
    "night": _lt("Customer cards opened at night"),
    "exports": _lt("Export of a large part of the customers"),
    "lists": _lt("A large part of the customers read in lists"),
}
WATCHES = (  # who is told, the first of these that somebody else than the reader has
    "kundekartotek_addon.group_privacy_officer",
    "kundekartotek_addon.group_auditor",
    "kundekartotek_addon.group_administrator",
    "base.group_system",
)


class ResCompany(models.Model):
    """Reading that the privacy officer should ask about, by the thresholds in the settings."""

    _inherit = "res.company"

    def _unusual_reading(self, since):
        """:return: {user id: list of (rule, count)} of what was unusual in this company since a time in UTC"""
        self.ensure_one()
        rules = {
            "cards": self._many_cards(since),
            "night": self._night_reading(since),
            "exports": self._large_exports(since),
            "lists": self._large_lists(since),
        }
        found = defaultdict(list)
        for rule, rows in rules.items():
            for user_id, count in rows:
                found[user_id].append((rule, count))
        return found

    def _many_cards(self, since):
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, count(DISTINCT res_id) FROM kundekartotek_audit_event
             WHERE date >= %s AND company_res_id = %s AND kind = 'seen' AND res_id > 0
               AND res_model = 'res.partner' AND user_res_id IS NOT NULL
             GROUP BY 1 HAVING count(DISTINCT res_id) >= %s""",
                since,
                self.id,
                self.audit_cards_per_hour,
            )
        )

    def _night_reading(self, since):
        """By persons: a program reads at night because it was told to."""
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, count(DISTINCT res_id) FROM kundekartotek_audit_event
             WHERE date >= %(since)s AND company_res_id = %(company)s AND kind IN ('seen', 'exported')
               AND origin = 'user' AND user_res_id IS NOT NULL AND res_model = 'res.partner'
               AND (extract(hour FROM date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s) - %(night_from)s
                    + 24)::int %% 24 < (%(night_to)s - %(night_from)s + 24) %% 24
             GROUP BY 1""",
                since=since,
                company=self.id,
                zone=self.partner_id.tz or "Europe/Oslo",
                night_from=self.audit_night_from,
                night_to=self.audit_night_to,
            )
        )

    def _large_exports(self, since):
        """Different customers in all the files of one user."""
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, count(DISTINCT exported.id)
              FROM kundekartotek_audit_event, jsonb_array_elements(details -> 'ids') AS exported(id)
             WHERE date >= %s AND company_res_id = %s AND kind = 'exported'
               AND res_model = 'res.partner' AND user_res_id IS NOT NULL
             GROUP BY 1 HAVING count(DISTINCT exported.id) > 1 AND count(DISTINCT exported.id) >= %s""",
                since,
                self.id,
                self._large_part(),
            )
        )

    def _large_lists(self, since):
        """Rows of all the different pages of lists that one user read; a small company's list is no sign."""
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, sum((page.details ->> 'rows')::integer)
              FROM (SELECT DISTINCT user_res_id, details FROM kundekartotek_audit_event
                     WHERE date >= %s AND company_res_id = %s AND kind IN ('seen', 'searched') AND res_id = 0
                       AND res_model = 'res.partner' AND user_res_id IS NOT NULL) AS page
             GROUP BY 1 HAVING sum((page.details ->> 'rows')::integer) >= %s""",
                since,
                self.id,
                max(self._large_part(), self.audit_cards_per_hour),
            )
        )

    def _large_part(self):
        """:return: how many customers count as a large part of them"""
        customers = self.env["res.partner"].search_count([("customer_rank", ">", 0)])
        return customers * self.audit_export_share / 100

    def _report_unusual(self, reader, found):
        """Raise an activity on the reader's contact, once a day for each rule, in the language of who gets it."""
        for receiver in self._told_of_unusual(reader) if reader else ():
            company = self.with_context(lang=receiver.lang)
            for rule, count in found:
                company._schedule_unusual(reader, receiver, company.env._(RULES[rule]), count)

    def _told_of_unusual(self, reader):
        """:return: the privacy officers; where there is none but the reader himself, the next who watch"""
        for role in WATCHES:
            users = self.env.ref(role).all_user_ids.filtered(
                lambda user: self in user.company_ids and user.active and user != reader and not user._is_superuser())
            if users:
                return users
        return self.env["res.users"]

    def _schedule_unusual(self, reader, receiver, rule, count):
        summary = self.env._("Unusual reading: %(rule)s", rule=rule)
        known = self.env["mail.activity"].with_context(active_test=False).search_count([
            ("res_model", "=", "res.partner"),
            ("res_id", "=", reader.partner_id.id),
            ("user_id", "=", receiver.id),
            ("summary", "=", summary),
            ("create_date", ">=", "today -1d"),
        ])
        if not known:
            reader.partner_id.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=summary,
                user_id=receiver.id,
                note=Markup("<p>%s</p>") % self.env._(
                    "%(user)s, %(company)s. %(rule)s: %(count)s",
                    user=reader.name, company=self.name, rule=rule, count=grouped(self.env, count)),
            )
