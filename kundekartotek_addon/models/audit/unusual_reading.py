# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from markupsafe import Markup

from odoo import models
from odoo.tools import SQL


class ResCompany(models.Model):
    """Reading that the privacy officer should ask about, by the thresholds in the settings."""

    _inherit = "res.company"

    def _unusual_reading(self, since):
        """:return: {user id: list of texts} of what was unusual in this company since a time in UTC"""
        self.ensure_one()
        rules = [
            (self._many_cards(since), self.env._("Many customer cards opened: %s")),
            (self._night_reading(since), self.env._("Customer cards opened at night: %s")),
            (self._large_exports(since), self.env._("Export of a large part of the customers: %s records")),
        ]
        found = defaultdict(list)
        for rows, text in rules:
            for user_id, count in rows:
                found[user_id].append(text % count)
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
        return self.env.execute_query(
            SQL(
                """
            SELECT user_res_id, max(jsonb_array_length(details -> 'ids')) FROM kundekartotek_audit_event
             WHERE date >= %(since)s AND company_res_id = %(company)s AND kind = 'exported'
               AND res_model = 'res.partner' AND user_res_id IS NOT NULL
               AND jsonb_array_length(details -> 'ids') > 1
               AND jsonb_array_length(details -> 'ids') * 100 >= %(share)s * (
                   SELECT count(*) FROM res_partner WHERE customer_rank > 0 AND active)
             GROUP BY 1""",
                since=since,
                company=self.id,
                share=self.audit_export_share,
            )
        )

    def _report_unusual(self, reader, texts):
        """Raise an activity per privacy officer on the reader's contact, once a day for each rule."""
        group = self.env.ref("kundekartotek_addon.group_privacy_officer")
        officers = group.all_user_ids.filtered(lambda user: self in user.company_ids and user != reader)
        for text in texts:
            summary = self.env._("Unusual reading: %(rule)s", rule=text.split(":")[0])
            for officer in officers if reader else ():
                known = (
                    self.env["mail.activity"]
                    .with_context(active_test=False)
                    .search_count(
                        [
                            ("res_model", "=", "res.partner"),
                            ("res_id", "=", reader.partner_id.id),
                            ("user_id", "=", officer.id),
                            ("summary", "=", summary),
                            ("create_date", ">=", "today -1d"),
                        ]
                    )
                )
                if not known:
                    reader.partner_id.activity_schedule(
                        "mail.mail_activity_data_warning",
                        summary=summary,
                        user_id=officer.id,
                        note=Markup("<p>%s</p>")
                        % self.env._(
                            "%(user)s, %(company)s. %(text)s", user=reader.name, company=self.name, text=text
                        ),
                    )
